"""Starts the emulator of AWS with its mends: python3 launcher.py

Environment: GATEWAY_PORT, BIND_HOST and the other variables of MiniStack, and
HOLDFAST_WITHOUT_MEND  the name of a mend to leave out, for the test that shows that it is needed
"""

import os
import pathlib
import pkgutil
import sys

HERE = pathlib.Path(__file__).parent
EXPECTED_VERSION = "1.5.33"


def check_version():
    from importlib.metadata import version

    found = version("ministack")
    if found != EXPECTED_VERSION:
        raise SystemExit(f"the mends are made for ministack {EXPECTED_VERSION}, found {found}")


def load_mends():
    """Registers the edits of every mend in mends/, one file each."""
    left_out = os.environ.get("HOLDFAST_WITHOUT_MEND", "")
    names = sorted(module.name for module in pkgutil.iter_modules([str(HERE / "mends")]))
    if left_out and left_out not in names:
        raise SystemExit(f"no mend is called {left_out}: there are {', '.join(names)}")
    for name in names:
        if name != left_out:
            __import__(f"mends.{name}")


def main():
    check_version()
    sys.dont_write_bytecode = True  # nothing is written into the checkout
    load_mends()
    import mending

    try:
        mending.install()
    except mending.MendDoesNotFit as misfit:
        raise SystemExit(f"the emulator changed: {misfit}") from misfit
    from ministack.app import main as serve

    serve()


if __name__ == "__main__":
    main()
