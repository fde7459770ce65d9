"""Tags and Object Lock of CreateMultipartUpload reach the object; the emulator drops both."""

from mending import edit

MODULE = "ministack.services.s3"

edit(
    MODULE,
    '        "requested_sse": headers.get("x-amz-server-side-encryption"),\n        "storage_class": storage_class,\n',
    '''        "requested_sse": headers.get("x-amz-server-side-encryption"),
        "tags": {name: values[0] for name, values in _parse_qs(
            headers.get("x-amz-tagging", ""), keep_blank_values=True).items()},
        "lock_headers": {name: headers[name] for name in _OBJECT_LOCK_HEADERS if headers.get(name)},
        "storage_class": storage_class,
''',
)
edit(
    MODULE,
    '''    resp_headers = {"Content-Type": "application/xml"}
    resp_headers.update(_stored_sse_headers(obj))
    _maybe_replicate(bucket_name, key, obj, combined)
    version_id = _record_object_version(bucket_name, key, prior_obj, obj, combined)
''',
    '''    resp_headers = {"Content-Type": "application/xml"}
    resp_headers.update(_stored_sse_headers(obj))
    _maybe_replicate(bucket_name, key, obj, combined)
    version_id = _record_object_version(bucket_name, key, prior_obj, obj, combined)
    _apply_object_lock_from_headers(bucket_name, key, upload["lock_headers"], obj.get("version_id"))
    if upload["tags"]:
        _object_tags[(bucket_name, key, obj.get("version_id"))] = upload["tags"]
''',
)
