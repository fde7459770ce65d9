"""Runs a command to its end, and writes what it and everything that it started have used, as JSON. See run-measured.ts."""

import json
import resource
import subprocess
import sys
import time

BLOCK_BYTES = 512


def main(report, command):
    start = time.monotonic()
    code = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    wall = time.monotonic() - start
    # Of the command and of all descendants that were waited for: sums, and the memory of the largest one.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(report, "w") as file:
        json.dump(
            {
                "exitCode": code,
                "wallSeconds": wall,
                "cpuSeconds": used.ru_utime + used.ru_stime,
                "peakRssBytes": used.ru_maxrss * 1024,
                "writtenBytes": used.ru_oublock * BLOCK_BYTES,
            },
            file,
        )


main(sys.argv[1], sys.argv[2:])
