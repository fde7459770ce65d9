"""Checksums of S3 objects: what the mends of S3 call."""

import base64
import struct
import zlib

from awscrt import checksums as crt

# Function that runs on from a former value, and the struct format of the result.
_RUNNING = {
    "CRC32": (zlib.crc32, ">I"),
    "CRC32C": (crt.crc32c, ">I"),
    "CRC64NVME": (crt.crc64nvme, ">Q"),
}


def crc32c(body):
    return crt.crc32c(body, 0)


def crc64nvme(body):
    return crt.crc64nvme(body, 0)


def full_object(algorithm, bodies):
    """The checksum of the whole object, base64, from its parts in order."""
    function, packed = _RUNNING[algorithm]
    value = 0
    for body in bodies:
        value = function(body, value)
    return base64.b64encode(struct.pack(packed, value)).decode()


def type_of_upload(algorithm, asked):
    """(checksum type of a multipart upload, None) or (None, why S3 refuses it). `asked` is the request's header."""
    if not algorithm:
        return None, None
    asked = (asked or "").upper()
    if asked not in ("", "COMPOSITE", "FULL_OBJECT"):
        return None, "Value for x-amz-checksum-type header is invalid."
    kind = asked or ("FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE")
    possible = (kind == "FULL_OBJECT" and algorithm in _RUNNING) or (kind == "COMPOSITE" and algorithm != "CRC64NVME")
    if not possible:
        return None, f"The {kind} checksum type cannot be used with the {algorithm} checksum algorithm."
    return kind, None
