"""A part below 5 MiB that is not the last is refused with EntityTooSmall, as S3 does; the emulator takes any."""

from mending import edit

edit(
    "ministack.services.s3",
    "    # A declared x-amz-mp-object-size that differs",
    '''    if any(len(part) < 5 * 1024 * 1024 for part in combined_parts[:-1]):
        return _error(
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
            400,
            f"/{bucket_name}/{key}",
        )

    # A declared x-amz-mp-object-size that differs''',
)
