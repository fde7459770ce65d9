"""A container knows its region, as one on Fargate does: AWS_REGION and AWS_DEFAULT_REGION.

The emulator gives an endpoint and credentials only, and an SDK without a region refuses to work.
"""

from mending import edit

edit(
    "ministack.services.ecs",
    '    env["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"\n',
    '''    env["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    env.setdefault("AWS_REGION", get_region())
    env.setdefault("AWS_DEFAULT_REGION", get_region())
''',
)
