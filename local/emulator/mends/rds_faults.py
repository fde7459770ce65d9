"""Snapshots that stay `creating` or fail, instances that are busy, a quota: what a test may ask of RDS.

In the emulator every snapshot is available at once and nothing is ever refused. POST /_holdfast/rds with

    {"identifier": "orders-prod", "snapshots": "creating" | "failed", "status": "backing-up", "snapshotQuota": 3}

changes that for one instance or cluster (what is left out goes back to `available`) and for the account (null: back to
100). Snapshots that are `creating` become available when that is set back; failed ones stay failed.
DescribeAccountAttributes, which the emulator does not know, gives the quotas of manual snapshots.
"""

from mending import edit

MODULE = "ministack.services.rds"

edit(
    "ministack.app",
    '    if path != "/_ministack/config" or method != "POST":\n',
    '''    if path == "/_holdfast/rds" and method == "POST":
        import rds_faults
        return rds_faults.handle(body)
    if path != "/_ministack/config" or method != "POST":
''',
)
edit(
    MODULE,
    "    snap = _create_snapshot_internal(snap_id, instance)\n\n    req_tags",
    '''    import rds_faults
    refused = rds_faults.refusal(instance["DBInstanceIdentifier"], "instance", _snapshots.values())
    if refused:
        return _error(*refused, 400)
    snap = _create_snapshot_internal(snap_id, instance)
    rds_faults.begin(snap, instance["DBInstanceIdentifier"])

    req_tags''',
)
edit(
    MODULE,
    "    snap = _create_cluster_snapshot_internal(snap_id, cluster)\n    arn",
    '''    import rds_faults
    refused = rds_faults.refusal(cluster_id, "cluster", _db_cluster_snapshots.values())
    if refused:
        return _error(*refused, 400)
    snap = _create_cluster_snapshot_internal(snap_id, cluster)
    rds_faults.begin(snap, cluster_id)
    arn''',
)
edit(
    MODULE,
    "def _describe_db_snapshots(p):\n",
    "def _describe_db_snapshots(p):\n    import rds_faults\n    rds_faults.go_on(_snapshots.values())\n",
)
edit(
    MODULE,
    "def _describe_db_cluster_snapshots(p):\n",
    "def _describe_db_cluster_snapshots(p):\n    import rds_faults\n    rds_faults.go_on(_db_cluster_snapshots.values())\n",
)
edit(
    MODULE,
    "_ACTION_MAP = {\n",
    '''def _describe_account_attributes(_p):
    import rds_faults
    quotas = rds_faults.account_quotas(_snapshots.values(), _db_cluster_snapshots.values())
    return _xml(200, "DescribeAccountAttributesResponse", quotas)


_ACTION_MAP = {
    "DescribeAccountAttributes": _describe_account_attributes,
''',
)
