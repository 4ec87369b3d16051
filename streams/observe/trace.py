"""W3C trace context: the trace that a strip begins and its headlines carry to the category topics.

Source: W3C Trace Context, section 3.2 (`traceparent`, version 00).
"""

from hashlib import blake2b


def traceparent(strip_id: str) -> str:
    """The trace of a strip, sampled. The same strip gives the same trace, so a replay is found beside it.

    Trace id (16 bytes) and span id (8 bytes) are a BLAKE2b hash of the strip's id; neither is all zeros but
    by a chance of 2^-64.
    """
    digest = blake2b(strip_id.encode(), digest_size=24, person=b"ticker trace").hexdigest()
    return f"00-{digest[:32]}-{digest[32:]}-01"
