"""A container has the credentials of its task's role, and they are valid.

The emulator makes credentials up for a role of its own and forgets them, so that neither its S3 knows their key nor
its IAM whose policies apply.
"""

from mending import edit

IMDS = "ministack.services.imds"

edit(
    "ministack.services.ecs",
    '    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{host}:{port}/v2/credentials/{new_uuid()}"\n',
    '''    role = (td.get("taskRoleArn") or "none").rsplit("/", 1)[-1]
    env["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = f"http://{host}:{port}/v2/credentials/{role}"
''',
)
edit(IMDS, "def _ecs_task_credentials_doc() -> dict:\n", "def _ecs_task_credentials_doc(role) -> dict:\n")
edit(
    IMDS,
    "        return _json_resp(_ecs_task_credentials_doc())\n",
    '        return _json_resp(_ecs_task_credentials_doc(path.rsplit("/", 1)[-1]))\n',
)
edit(
    IMDS,
    '''    return {
        "AccessKeyId": _gen_session_access_key(),
        "SecretAccessKey": _gen_secret(),
        "Token": _gen_session_token(),
        "Expiration": _future(3600),
        "RoleArn": f"arn:aws:iam::{get_account_id()}:role/ministack-ecs-task-role",
    }
''',
    '''    from ministack.services import sts
    account = get_account_id()
    document = {
        "AccessKeyId": _gen_session_access_key(),
        "SecretAccessKey": _gen_secret(),
        "Token": _gen_session_token(),
        "Expiration": _future(3600),
        "RoleArn": f"arn:aws:iam::{account}:role/{role}",
    }
    sts.register_session(document["AccessKeyId"], {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/task",
        "SecretAccessKey": document["SecretAccessKey"],
        "SessionToken": document["Token"],
        "Expiration": time.time() + 3600,
        "AccountId": account,
    })
    return document
''',
)
