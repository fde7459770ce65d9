"""An execution that was stopped does nothing more, and stays ABORTED.

The emulator lets branches, retries and waits of a stopped execution go on, and a branch that then fails turns ABORTED
into FAILED.
"""

from mending import edit

MODULE = "ministack.services.stepfunctions"

edit(MODULE, "logger = logging.getLogger(\"states\")\n", "logger = logging.getLogger(\"states\")\n\nimport execution_scope\n")
edit(
    MODULE,
    "        args=(_run_execution, exec_arn),\n",
    "        args=(_run_execution_in_scope, exec_arn),\n",
)
edit(
    MODULE,
    "def _run_execution(exec_arn):\n",
    '''def _run_execution_in_scope(exec_arn):
    execution = _executions.get(exec_arn)
    if execution:
        with execution_scope.inside(execution_scope.of_execution(execution)):
            _run_execution(exec_arn)


def _refuse_to_go_on():
    if execution_scope.is_over():
        raise _ExecutionError("States.Runtime", "the execution or the branch has ended")


def _run_execution(exec_arn):
''',
)
edit(
    MODULE,
    "def _fail_execution(execution, error, cause):\n",
    '''def _fail_execution(execution, error, cause):
    if execution["status"] != "RUNNING":
        return
''',
)
# Nested states of Parallel and Map.
edit(
    MODULE,
    "    while current_name:\n        state_def = states.get(current_name)\n",
    "    while current_name:\n        _refuse_to_go_on()\n        state_def = states.get(current_name)\n",
)
# Each attempt of a task.
edit(
    MODULE,
    "        # Each attempt sees its own $$.State.RetryCount.\n",
    "        _refuse_to_go_on()\n        # Each attempt sees its own $$.State.RetryCount.\n",
)
edit(
    MODULE,
    "    if scaled > 0:\n        time.sleep(scaled)\n",
    "    if scaled > 0:\n        execution_scope.sleep(scaled)\n",
)
