"""DescribeAccountAttributes answers with the quotas of manual snapshots; the emulator does not know the action."""

from mending import edit

edit(
    "ministack.services.rds",
    '    "DescribeDBSnapshots": _describe_db_snapshots,\n',
    '''    "DescribeDBSnapshots": _describe_db_snapshots,
    "DescribeAccountAttributes": _describe_account_attributes,
''',
)

edit(
    "ministack.services.rds",
    "# ---------------------------------------------------------------------------\n# Action map\n",
    '''# What an account has when nobody asked for more (RDS user guide, "Quotas in Amazon RDS").
_account_quotas = {"ManualSnapshots": 100, "ManualClusterSnapshots": 100}


def _describe_account_attributes(p):
    stored = {"ManualSnapshots": _snapshots, "ManualClusterSnapshots": _db_cluster_snapshots}
    quotas = "".join(
        f"<AccountQuota><AccountQuotaName>{name}</AccountQuotaName>"
        f"<Used>{sum(1 for s in stored[name].values() if s['SnapshotType'] == 'manual')}</Used>"
        f"<Max>{limit}</Max></AccountQuota>"
        for name, limit in _account_quotas.items()
    )
    return _xml(200, "DescribeAccountAttributesResponse",
        f"<DescribeAccountAttributesResult><AccountQuotas>{quotas}</AccountQuotas></DescribeAccountAttributesResult>")


# ---------------------------------------------------------------------------
# Action map
''',
)
