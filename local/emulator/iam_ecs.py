"""What a call of ECS is about: what the mend of the same name calls."""

import json


def resource(headers, body, region, account_id):
    """The ARN that a call on tasks is judged by; empty for every other call."""
    action = headers.get("x-amz-target", "").rsplit(".", 1)[-1]
    asked = json.loads(body or b"{}")
    cluster = asked.get("cluster", "default").rsplit("/", 1)[-1]
    prefix = f"arn:aws:ecs:{region}:{account_id}"
    if action == "ListTasks":
        return f"{prefix}:container-instance/{cluster}/*"
    if action not in ("DescribeTasks", "StopTask"):
        return ""
    # Of several tasks the first: they are all of one cluster.
    task = (asked.get("tasks") or [asked.get("task", "")])[0]
    return task if task.startswith("arn:") else f"{prefix}:task/{cluster}/{task}"


def cluster_of(resource_arn):
    """The condition ecs:cluster: the ARN of the cluster that a task or an instance is in; None for anything else."""
    parts = resource_arn.split("/")
    account, _, kind = parts[0].rpartition(":")
    return f"{account}:cluster/{parts[1]}" if kind in ("task", "container-instance") and len(parts) == 3 else None
