"""Runs a command in a terminal of 100 columns: what it shows goes to stdout, what comes in is typed into it."""

import fcntl
import os
import pty
import select
import struct
import sys
import termios

ROWS, COLUMNS = 24, 100


def main(command):
    pid, terminal = pty.fork()
    if pid == 0:
        # The size is set before anything is shown.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.execvp(command[0], command)
    inputs = [terminal, 0]
    while terminal in inputs:
        readable, _, _ = select.select(inputs, [], [])
        if 0 in readable:
            typed = os.read(0, 1024)
            if typed:
                os.write(terminal, typed)
            else:
                inputs.remove(0)
        if terminal in readable and not show(terminal):
            inputs.remove(terminal)
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


def show(terminal):
    try:
        data = os.read(terminal, 4096)
    except OSError:  # Linux says so when the last program in the terminal has ended
        return False
    os.write(1, data)
    return bool(data)


main(sys.argv[1:])
