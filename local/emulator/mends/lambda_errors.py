"""A failed Node function reports the name of its error.

The emulator says errorType `Runtime.HandlerError` whatever was thrown, and leaves out the trace; AWS gives error.name,
which Retry and Catch match. A function whose process ends is `Runtime.ExitError` on AWS.
"""

from mending import edit

RUNTIME = "ministack.core.lambda_runtime"
SERVICE = "ministack.services.lambda_svc"

edit(
    RUNTIME,
    'status: "error", error: String(err.message || err), trace: err.stack || ""',
    'status: "error", error: String(err.message || err), trace: err.stack || "", errorType: err.name || "Error"',
)
edit(
    RUNTIME,
    'status: "error", error: e.message, trace: e.stack\n',
    'status: "error", error: e.message, trace: e.stack, errorType: e.name\n',
)
edit(
    SERVICE,
    """            error_type = "Runtime.HandlerError"
            if _RIE_TIMEOUT_TEXT_RE""",
    """            error_type = result.get("errorType") or "Runtime.HandlerError"
            if error_msg == "Worker process died":
                error_type = "Runtime.ExitError"
                error_msg = f"RequestId: {request_id} Error: Runtime exited"
            if _RIE_TIMEOUT_TEXT_RE""",
)
edit(
    SERVICE,
    """                    "errorMessage": error_msg,
                    "errorType": error_type,
                },
                "error": True,
                "log": "\\n".join(filter(None, [result.get("log", ""), result.get("trace\"""",
    """                    "errorMessage": error_msg,
                    "errorType": error_type,
                    **({"trace": result["trace"].split("\\n")} if result.get("trace") else {}),
                },
                "error": True,
                "log": "\\n".join(filter(None, [result.get("log", ""), result.get("trace\"""",
)
