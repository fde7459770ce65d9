"""Which resource a call of RDS is judged by.

The emulator knows instances and clusters; AWS also judges by snapshots, by what a call on tags names, and, where a call
lists without a name, by all resources of its type.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
"""

from mending import edit

edit(
    "ministack.core.iam_actions",
    '''    if service == "rds":
        name = _query_param(query_params, "DBInstanceIdentifier")
''',
    '''    if service == "rds":
        import iam_rds
        found = iam_rds.resource(lambda name: _param(body, query_params, name))
        if found:
            return found if found.startswith("arn:") else f"arn:aws:rds:{region}:{account_id}:{found}"
        name = _query_param(query_params, "DBInstanceIdentifier")
''',
)
