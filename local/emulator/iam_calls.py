"""The record of what roles do: what the mend of the same name calls."""

import json
import os

_FILE = os.environ.get("HOLDFAST_CALLS_FILE")


def record(principal_arn, action, resource, decision):
    """Appends a call of a role; calls of the root user are nobody's policy."""
    if not _FILE or ":assumed-role/" not in principal_arn:
        return
    role = principal_arn.split(":assumed-role/", 1)[1].split("/", 1)[0]
    line = json.dumps({"role": role, "action": action, "resource": resource, "decision": decision})
    # One write of a short line: several emulators may append to one file.
    with open(_FILE, "a", encoding="utf-8") as file:
        file.write(f"{line}\n")
