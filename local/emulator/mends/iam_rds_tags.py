"""Policies may ask for the tags of what RDS holds, with aws:ResourceTag.

The emulator knows the tags of some services for that, and RDS is none of them.
"""

from mending import edit

edit(
    "ministack.services.tagging",
    '''    "lambda": _collect_lambda,
    "secretsmanager": _collect_secretsmanager,
    "sns": _collect_sns,
    "sqs": _collect_sqs,
    "ssm": _collect_ssm,
}


def resource_tags(''',
    '''    "lambda": _collect_lambda,
    "rds": lambda: __import__("ministack.services.rds", fromlist=["_tags"])._tags.items(),
    "secretsmanager": _collect_secretsmanager,
    "sns": _collect_sns,
    "sqs": _collect_sqs,
    "ssm": _collect_ssm,
}


def resource_tags(''',
)
