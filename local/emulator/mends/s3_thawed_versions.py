"""HEAD of the current version tells of its thaw also when it is asked for by its version; the emulator forgets it."""

from mending import edit

edit(
    "ministack.services.s3",
    '''            return _delete_marker_read_refused(ventry)
        obj = _object_record_from_version(ventry)
    else:
        if key not in bucket["objects"]:
            status, err_headers, err_body = _error(
''',
    '''            return _delete_marker_read_refused(ventry)
        obj = _object_record_from_version(ventry)
        current = bucket["objects"].get(key)
        if current is not None and current.get("version_id") == version_id:
            _sync_restore(bucket_name, key, current)
            obj["restore"] = current.get("restore")
    else:
        if key not in bucket["objects"]:
            status, err_headers, err_body = _error(
''',
)
