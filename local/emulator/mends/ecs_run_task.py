"""ecs:runTask and ecs:runTask.sync answer as on AWS.

The emulator gives camelCase, takes a non-zero exit for success and gives up after 600 s. AWS gives the task in
PascalCase, fails with States.TaskFailed and that task as the cause, waits for as long as the state may last, and stops
the task when the execution, the branch or the state has ended.
"""

from mending import edit

MODULE = "ministack.services.stepfunctions"

edit(
    MODULE,
    '''        raise _ExecutionError("ECS.RunTaskFailed", result.get("message", str(result)))

    is_sync = resource.rstrip("/").endswith(".sync")
    if is_sync and result.get("tasks"):
        task_arns = [t["taskArn"] for t in result["tasks"]]
        cluster = ecs_data.get("cluster", "default")
        result = _poll_ecs_tasks(cluster, task_arns)

    return result
''',
    '''        import ecs_tasks
        raise _ExecutionError(*ecs_tasks.error_of(result))

    import ecs_tasks
    if not resource.rstrip("/").endswith(".sync"):
        return ecs_tasks.pascal_case(result)
    task, failed = ecs_tasks.wait_for(ecs, ecs_data.get("cluster", "default"), result["tasks"][0]["taskArn"])
    if failed:
        raise _ExecutionError("States.TaskFailed", json.dumps(task))
    return task
''',
)
# A state that timed out tells the task's thread, which is still waiting.
edit(
    MODULE,
    "    future = pool.submit(contextvars.copy_context().run, _invoke_resource, resource, input_data)\n",
    '''    import execution_scope
    with execution_scope.inside(execution_scope.Scope()) as state_scope:
        future = pool.submit(contextvars.copy_context().run, _invoke_resource, resource, input_data)
''',
)
edit(
    MODULE,
    '        raise _ExecutionError("States.Timeout", f"Task timed out after {timeout} seconds") from None\n',
    '''        state_scope.end()
        raise _ExecutionError("States.Timeout", f"Task timed out after {timeout} seconds") from None
''',
)
