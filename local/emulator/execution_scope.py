"""Who must still run: an execution, a branch or a task is told here that what it belongs to has ended.

Scopes nest and follow the threads that the emulator starts, because those copy the context of their parent.
"""

import contextlib
import contextvars
import threading
import time

_POLL_SECONDS = 0.1

_scopes = contextvars.ContextVar("holdfast_scopes", default=())


class Scope:
    """Ends when it is told so or when `has_ended` says so."""

    def __init__(self, has_ended=lambda: False):
        self._told = threading.Event()
        self._has_ended = has_ended

    def end(self):
        self._told.set()

    def is_over(self):
        return self._told.is_set() or self._has_ended()


def of_execution(execution):
    """Over as soon as the execution has been stopped or has timed out."""
    return Scope(lambda: execution["status"] != "RUNNING")


@contextlib.contextmanager
def inside(scope):
    token = _scopes.set((*_scopes.get(), scope))
    try:
        yield scope
    finally:
        _scopes.reset(token)


def is_over():
    """Whether anything that the caller runs for has ended."""
    return any(scope.is_over() for scope in _scopes.get())


def sleep(seconds):
    """Like time.sleep, but wakes up early when the caller's work is over."""
    deadline = time.monotonic() + seconds
    while not is_over():
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _POLL_SECONDS))
