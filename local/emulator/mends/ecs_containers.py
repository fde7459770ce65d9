"""Containers start as their definition says and stop as on AWS.

The emulator leaves out entryPoint, gives addresses of a Docker network where everything listens on loopback, and calls
a task stopped, with exit code 0, before its container has been told. AWS sends SIGTERM, after stopTimeout (30 s)
SIGKILL, and reports the real exit code.
"""

from mending import edit

MODULE = "ministack.services.ecs"

edit(
    MODULE,
    "    if binds:\n        kwargs[\"volumes\"] = binds\n",
    '''    if cdef.get("entryPoint"):
        kwargs["entrypoint"] = cdef["entryPoint"]
    if binds:
        kwargs["volumes"] = binds
''',
)
edit(
    MODULE,
    '        host_mode = td.get("networkMode") == "host"\n',
    "        host_mode = True  # the emulator and everything beside it listen on 127.0.0.1 only\n",
)
edit(
    MODULE,
    '''    docker_client = _get_docker()
    _mark_task_stopped(
        task["taskArn"], task, reason, "UserInitiated", exit_code=0
    )
    _cleanup_task_resources(task, docker_client)

    return json_response({"task": _sanitize(task)})
''',
    '''    docker_client = _get_docker()
    if task["lastStatus"] == "RUNNING" and docker_client and task.get("_docker_ids"):
        # The watcher of the task sees the exit and marks it STOPPED, with the exit code.
        task["_stop_request"] = (reason, "UserInitiated")
        spawn_background(_stop_containers, docker_client, task, thread_name="ecs-stop-task")
    else:
        _mark_task_stopped(task["taskArn"], task, reason, "UserInitiated")
        _cleanup_task_resources(task, docker_client)

    return json_response({"task": {**_sanitize(task), "desiredStatus": "STOPPED", "stoppedReason": reason}})


def _stop_containers(docker_client, task):
    definitions = _task_defs[_resolve_td_key(task["taskDefinitionArn"])]["containerDefinitions"]
    for docker_id, definition in zip(list(task["_docker_ids"]), definitions):
        docker_client.containers.get(docker_id).stop(timeout=int(definition.get("stopTimeout") or 30))
''',
)
edit(
    MODULE,
    '''        task_arn, task, "Essential container exited",
        "EssentialContainerExited", exit_code=exit_code,
''',
    '''        task_arn, task, *task.get("_stop_request", ("Essential container exited", "EssentialContainerExited")),
        exit_code=exit_code,
''',
)
