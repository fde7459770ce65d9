"""Which resource a call on tasks is judged by, and the condition ecs:cluster.

The emulator judges each by its cluster; AWS judges tasks by their own ARNs, and a list by the instances of the cluster.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html
"""

from mending import edit

edit(
    "ministack.core.iam_actions",
    '''    if service == "ecs":
        cluster = _safe_json_field(body, "cluster")
''',
    '''    if service == "ecs":
        import iam_ecs
        found = iam_ecs.resource(headers, body, region, account_id)
        if found:
            return found
        cluster = _safe_json_field(body, "cluster")
''',
)
edit(
    "ministack.core.iam_evaluator",
    '''    if k == "aws:sourceip":
        return ctx.source_ip
''',
    '''    if k == "aws:sourceip":
        return ctx.source_ip
    if k == "ecs:cluster":
        import iam_ecs
        return iam_ecs.cluster_of(ctx.resource_arn)
''',
)
