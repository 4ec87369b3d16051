"""The message of a webhook: a headline as a CloudEvent in structured mode, signed by Standard Webhooks.

Sources: CloudEvents 1.0 HTTP Protocol Binding, 3.2; the Standard Webhooks specification 1.0.
"""

import base64
import hashlib
import hmac
from typing import Final

import msgspec

from schemas.cloudevents import source_uri
from schemas.events import CategorizedHeadline, type_name

CONTENT_TYPE: Final = "application/cloudevents+json"


def body(headline: CategorizedHeadline) -> bytes:
    """The CloudEvent whose data is the headline."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": headline.id,
            "source": source_uri(headline.source),
            "type": type_name(CategorizedHeadline),
            "time": headline.observed_at,
            "partitionkey": headline.chain,
            "datacontenttype": "application/json",
            "data": headline,
        }
    )


def signed_headers(key: bytes, message_id: str, at: int, content: bytes) -> dict[str, str]:
    """The headers with the signature; `at` is in seconds since the epoch.

    `webhook-id` is the same in every attempt, so that the receiver can drop duplicates.
    """
    signature = hmac.new(key, f"{message_id}.{at}.".encode() + content, hashlib.sha256).digest()
    return {
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
