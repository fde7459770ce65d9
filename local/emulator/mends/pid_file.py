"""No pid file in the system's temporary folder: what runs is known from the stack's own state."""

from mending import edit

edit(
    "ministack.app",
    '''    pf = _pid_file(port)
    with open(pf, "w") as f:
        f.write(str(os.getpid()))

    def _cleanup''',
    '''    pf = _pid_file(port)

    def _cleanup''',
)
