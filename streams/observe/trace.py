"""W3C trace context: each strip starts a trace, which its headlines carry to the category topics.

Source: W3C Trace Context, section 3.2 (`traceparent`, version 00).
"""

from hashlib import blake2b


def traceparent(strip_id: str) -> str:
    """The trace of a strip, sampled. It is deterministic: a replay of the strip has the same trace.

    Trace id (16 bytes) and span id (8 bytes) are a BLAKE2b hash of the strip's id; the chance that one is all zeros,
    which is invalid, is 2^-64.
    """
    digest = blake2b(strip_id.encode(), digest_size=24, person=b"ticker trace").hexdigest()
    return f"00-{digest[:32]}-{digest[32:]}-01"
