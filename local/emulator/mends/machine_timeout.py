"""TimeoutSeconds of a state machine ends the execution as TIMED_OUT; the emulator ignores it."""

from mending import edit

MODULE = "ministack.services.stepfunctions"

edit(
    MODULE,
    '    all_states = definition.get("States", {})\n    current_name = definition.get("StartAt")\n',
    '''    if definition.get("TimeoutSeconds"):
        _time_out_after(execution, definition["TimeoutSeconds"])

    all_states = definition.get("States", {})
    current_name = definition.get("StartAt")
''',
)
edit(
    MODULE,
    "class _ExecutionError(Exception):\n",
    '''def _time_out_after(execution, seconds):
    def expire():
        if execution["status"] != "RUNNING":
            return
        execution["status"] = "TIMED_OUT"
        execution["stopDate"] = now_iso()
        _add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
        _emit_execution_status_event(execution)

    # The timer's thread has no context of its own: account and region come from the caller's.
    timer = threading.Timer(seconds, contextvars.copy_context().run, args=(expire,))
    timer.daemon = True
    timer.start()


class _ExecutionError(Exception):
''',
)
