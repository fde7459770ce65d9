"""Multipart uploads with FULL_OBJECT checksums, and the checksum's type wherever S3 gives it.

The emulator knows only COMPOSITE ones for multipart uploads.
"""

from mending import edit

MODULE = "ministack.services.s3"

edit(
    MODULE,
    '''    upload_id = new_uuid()
    content_type = headers.get("content-type", "application/octet-stream")
    content_encoding = headers.get("content-encoding")
    metadata = _extract_user_metadata(headers)
''',
    '''    import s3_checksums
    checksum_type, refusal = s3_checksums.type_of_upload(checksum_algorithm, headers.get("x-amz-checksum-type"))
    if refusal:
        return _error("InvalidRequest", refusal, 400, f"/{bucket_name}/{key}")

    upload_id = new_uuid()
    content_type = headers.get("content-type", "application/octet-stream")
    content_encoding = headers.get("content-encoding")
    metadata = _extract_user_metadata(headers)
''',
)
edit(
    MODULE,
    '        "checksum_algorithm": checksum_algorithm,\n',
    '        "checksum_algorithm": checksum_algorithm,\n        "checksum_type": checksum_type,\n',
)
edit(
    MODULE,
    'csum_headers["x-amz-checksum-type"] = "COMPOSITE"',
    'csum_headers["x-amz-checksum-type"] = checksum_type',
)
edit(
    MODULE,
    "    composite = _composite_checksum(checksum_algorithm, part_digests)\n",
    '''    checksum_type = upload["checksum_type"]
    asked = ((headers or {}).get("x-amz-checksum-type") or "").upper()
    if asked and checksum_type and asked != checksum_type:
        return _error(
            "InvalidRequest",
            f"The upload was created using the {checksum_type} checksum mode. "
            "The complete request must use the same checksum mode.",
            400,
            f"/{bucket_name}/{key}",
        )
    if checksum_type == "FULL_OBJECT":
        import s3_checksums
        composite = s3_checksums.full_object(checksum_algorithm, combined_parts)
    else:
        composite = _composite_checksum(checksum_algorithm, part_digests)
''',
)
edit(
    MODULE,
    '"checksum_type": "COMPOSITE" if composite else None,',
    '"checksum_type": checksum_type if composite else None,',
)
edit(
    MODULE,
    '        SubElement(root, "ChecksumType").text = "COMPOSITE"\n',
    '        SubElement(root, "ChecksumType").text = checksum_type\n',
)
edit(
    MODULE,
    'SubElement(cks, "ChecksumType").text = "COMPOSITE" if record.get("parts") else "FULL_OBJECT"',
    'SubElement(cks, "ChecksumType").text = record.get("checksum_type") or "FULL_OBJECT"',
)
edit(
    MODULE,
    '        SubElement(u, "Initiated").text = upload["created"]\n',
    '''        SubElement(u, "Initiated").text = upload["created"]
        if upload.get("checksum_algorithm"):
            SubElement(u, "ChecksumAlgorithm").text = upload["checksum_algorithm"]
            SubElement(u, "ChecksumType").text = upload["checksum_type"]
''',
)
edit(
    MODULE,
    '    SubElement(root, "PartNumberMarker").text = str(part_marker)\n    SubElement(root, "MaxParts")',
    '''    if upload.get("checksum_algorithm"):
        SubElement(root, "ChecksumAlgorithm").text = upload["checksum_algorithm"]
        SubElement(root, "ChecksumType").text = upload["checksum_type"]
    SubElement(root, "PartNumberMarker").text = str(part_marker)
    SubElement(root, "MaxParts")''',
)
