"""How Step Functions sees ECS tasks: what the mend of ecs:runTask.sync calls."""

import json
import time

import execution_scope

_POLL_SECONDS = 0.1


def pascal_case(value):
    """Keys as the optimized integrations of Step Functions write them; what is null is left out."""
    if isinstance(value, list):
        return [pascal_case(item) for item in value]
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: pascal_case(item) for key, item in value.items() if item is not None}
    return value


def error_of(answer):
    """(Error, Cause) for an answer of ECS that is an error."""
    name = answer.get("__type", "AmazonECSException").split("#")[-1]
    return f"ECS.{name}", answer.get("message", "")


def wait_for(ecs, cluster, task_arn):
    """Waits until the task has stopped. Returns (task in PascalCase, whether it failed).

    When what the caller runs for has ended, the task is told to stop, and the wait goes on until it has.
    """
    told = False
    while True:
        task = _describe(ecs, cluster, task_arn)
        if task["lastStatus"] == "STOPPED":
            return pascal_case(task), _failed(task)
        if not told and execution_scope.is_over():
            told = True
            reason = "the execution that ran this task has ended"
            ecs._stop_task({"cluster": cluster, "task": task_arn, "reason": reason})
        time.sleep(_POLL_SECONDS)


def _describe(ecs, cluster, task_arn):
    _status, _headers, body = ecs._describe_tasks({"cluster": cluster, "tasks": [task_arn]})
    return json.loads(body)["tasks"][0]


def _failed(task):
    if task.get("stopCode") in ("TaskFailedToStart", "UserInitiated"):
        return True
    return any(container.get("exitCode") not in (0, None) for container in task["containers"])
