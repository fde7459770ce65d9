"""A request that is signed with another secret is refused with SignatureDoesNotMatch, as everywhere on AWS.

The emulator checks only presigned addresses. What is signed is checked as it arrived, the Host header included: a proxy
must pass it on unchanged.
"""

from mending import edit

MODULE = "ministack.services.s3"

edit(
    MODULE,
    "    if not signature:\n        return None  # not a presigned URL\n    algorithm",
    "    if not signature:\n        return _verify_signed_headers(method, path, headers, query_params)\n    algorithm",
)
edit(
    MODULE,
    "def _verify_presigned_sigv4(method, path, headers, query_params):\n",
    '''def _verify_signed_headers(method, path, headers, query_params):
    """An error for a request whose Authorization header does not fit, None for one that fits or has none."""
    scheme, _, fields = (headers.get("authorization") or "").partition(" ")
    if scheme != "AWS4-HMAC-SHA256":
        return None
    fields = dict(field.strip().split("=", 1) for field in fields.split(","))
    access_key, date_stamp, region, service, _terminator = fields["Credential"].split("/")
    credential = resolve_credential(access_key, get_account_id(), headers.get("x-amz-security-token") or "")
    if isinstance(credential, CredentialResolutionError):
        message = "The AWS Access Key Id you provided does not exist in our records."
        return _error("InvalidAccessKeyId", message, 403, path)
    canonical_request = build_canonical_request(
        method,
        path,
        _headers_as_signed(headers),
        query_params,
        fields["SignedHeaders"],
        payload_hash=headers.get("x-amz-content-sha256") or "UNSIGNED-PAYLOAD",
    )
    string_to_sign = build_string_to_sign(
        headers.get("x-amz-date") or "", date_stamp, region, service, canonical_request
    )
    expected = calculate_signature(credential.secret_access_key, date_stamp, region, service, string_to_sign)
    if signatures_match(expected, fields["Signature"]):
        return None
    message = "The request signature we calculated does not match the signature you provided."
    return _error("SignatureDoesNotMatch", message, 403, path)


def _headers_as_signed(headers):
    """With the aws-chunked that was taken off the content encoding when the body was decoded."""
    encoding = headers.get("content-encoding") or ""
    streamed = (headers.get("x-amz-content-sha256") or "").startswith("STREAMING")
    if not streamed or "aws-chunked" in encoding:
        return headers
    return {**headers, "content-encoding": ",".join(filter(None, ["aws-chunked", encoding]))}


def _verify_presigned_sigv4(method, path, headers, query_params):
''',
)
