"""What RDS does to a test that asked for it: snapshots that take long or fail, busy instances, a quota.

Set by POST /_holdfast/rds, see the mend rds_faults. Nothing is different until then.
"""

import json

# What an account has that never asked for more (RDS user guide, "Quotas in Amazon RDS").
DEFAULT_QUOTA = 100
_SNAPSHOT_ENDS = ("available", "creating", "failed")

_behaviours = {}
_quota = DEFAULT_QUOTA


def handle(body):
    """Answers POST /_holdfast/rds. Returns (status, headers, body)."""
    global _quota
    try:
        wanted = json.loads(body)
        unknown = set(wanted) - {"identifier", "snapshots", "status", "snapshotQuota"}
        if unknown:
            raise ValueError(f"unknown keys {sorted(unknown)}")
        if wanted.get("snapshots", "available") not in _SNAPSHOT_ENDS:
            raise ValueError(f"snapshots must be one of {_SNAPSHOT_ENDS}")
        if "identifier" in wanted:
            _behave(wanted["identifier"], wanted.get("snapshots", "available"), wanted.get("status", "available"))
        if "snapshotQuota" in wanted:
            _quota = DEFAULT_QUOTA if wanted["snapshotQuota"] is None else int(wanted["snapshotQuota"])
    except (ValueError, TypeError) as error:
        return 400, {"Content-Type": "application/json"}, json.dumps({"message": str(error)}).encode()
    return 200, {"Content-Type": "application/json"}, b"{}"


def _behave(identifier, snapshots, status):
    from ministack.services import rds

    _behaviours[identifier] = {"snapshots": snapshots, "status": status}
    for records, field in ((rds._instances, "DBInstanceStatus"), (rds._clusters, "Status")):
        if identifier in records:
            records[identifier][field] = status


def refusal(identifier, kind, snapshots):
    """(code, message) for a snapshot that RDS does not take, else None. `kind` is instance or cluster."""
    status = _behaviours.get(identifier, {}).get("status", "available")
    if status != "available":
        code = "InvalidDBInstanceState" if kind == "instance" else "InvalidDBClusterStateFault"
        message = f"Cannot create a snapshot because the database {kind} {identifier} is not currently in the available state."
        return code, message
    if _manual(snapshots) >= _quota:
        return "SnapshotQuotaExceeded", f"Cannot create more than {_quota} manual snapshots"
    return None


def _manual(snapshots):
    return sum(1 for snapshot in snapshots if snapshot["SnapshotType"] == "manual")


def begin(snapshot, identifier):
    """A new snapshot, as the answer to its creation shows it."""
    if _behaviours.get(identifier, {}).get("snapshots", "available") != "available":
        snapshot["_holdfast_source"] = identifier
        snapshot["Status"] = "creating"
        snapshot["PercentProgress"] = 0


def go_on(snapshots):
    """What has become of the snapshots in the meantime."""
    for snapshot in snapshots:
        if "_holdfast_source" not in snapshot or snapshot["Status"] != "creating":
            continue
        snapshot["Status"] = _behaviours[snapshot["_holdfast_source"]]["snapshots"]
        snapshot["PercentProgress"] = 100 if snapshot["Status"] == "available" else 0


def account_quotas(instance_snapshots, cluster_snapshots):
    """The answer to DescribeAccountAttributes, without its envelope."""
    quotas = (("ManualSnapshots", instance_snapshots), ("ManualClusterSnapshots", cluster_snapshots))
    rows = "".join(
        f"<AccountQuota><AccountQuotaName>{name}</AccountQuotaName>"
        f"<Used>{_manual(snapshots)}</Used><Max>{_quota}</Max></AccountQuota>"
        for name, snapshots in quotas
    )
    result = f"<AccountQuotas>{rows}</AccountQuotas>"
    return f"<DescribeAccountAttributesResult>{result}</DescribeAccountAttributesResult>"
