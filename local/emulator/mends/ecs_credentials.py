"""The credentials that a container gets of its task role are valid.

The emulator makes them up and forgets them, so that its own S3 does not know their key.
"""

from mending import edit

edit(
    "ministack.services.imds",
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
        "RoleArn": f"arn:aws:iam::{account}:role/ministack-ecs-task-role",
    }
    sts.register_session(document["AccessKeyId"], {
        "Arn": f"arn:aws:sts::{account}:assumed-role/ministack-ecs-task-role/task",
        "SecretAccessKey": document["SecretAccessKey"],
        "SessionToken": document["Token"],
        "Expiration": time.time() + 3600,
        "AccountId": account,
    })
    return document
''',
)
