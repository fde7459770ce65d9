"""What a call of RDS is about: what the mend of the same name calls."""

_NAMED = (
    ("DBSnapshotIdentifier", "snapshot"),
    ("DBClusterSnapshotIdentifier", "cluster-snapshot"),
    ("DBInstanceIdentifier", "db"),
    ("DBClusterIdentifier", "cluster"),
)
_LISTED = {
    "DescribeDBSnapshots": "snapshot",
    "DescribeDBClusterSnapshots": "cluster-snapshot",
    "DescribeDBInstances": "db",
    "DescribeDBClusters": "cluster",
}


def resource(parameter):
    """An ARN, or its part after the account; empty for a call that knows no resource. `parameter` gives one by name."""
    if parameter("ResourceName"):
        return parameter("ResourceName")
    for name, kind in _NAMED:
        if parameter(name):
            return f"{kind}:{parameter(name)}"
    kind = _LISTED.get(parameter("Action"))
    return f"{kind}:*" if kind else ""
