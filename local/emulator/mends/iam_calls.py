"""Every call that a role makes is written down: what it did to which resource, and whether its policies allow it.

One JSON object a line in the file that HOLDFAST_CALLS_FILE names, for the test that compares roles with what they do:
{"role", "action", "resource", "decision": "Allow" | "Deny" | "ImplicitDeny"}.
"""

from mending import edit

edit(
    "ministack.core.iam_evaluator",
    '''    if result.decision == "Allow":
        return None

    # Deny or ImplicitDeny
    result.principal_arn = principal.arn
''',
    '''    import iam_calls
    iam_calls.record(principal.arn, iam_action, resource_arn, result.decision)
    if result.decision == "Allow":
        return None

    # Deny or ImplicitDeny
    result.principal_arn = principal.arn
''',
)
