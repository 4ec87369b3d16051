"""The seventeen top IPTC Media Topics, and the slugs that name their Kafka topics.

Source: IPTC NewsCodes (cv.iptc.org/newscodes/mediatopic), CC BY 4.0.
"""

from types import MappingProxyType
from typing import Annotated, Final

from msgspec import Meta

UNCATEGORISED: Final = "uncategorised"

_SLUGS: Final = (
    "arts",
    "crime",
    "disaster",
    "economy",
    "education",
    "environment",
    "health",
    "human-interest",
    "labour",
    "lifestyle",
    "politics",
    "religion",
    "science",
    "society",
    "sport",
    "conflict",
    "weather",
)

SLUG_BY_TOPIC: Final = MappingProxyType({f"medtop:{n:02}000000": slug for n, slug in enumerate(_SLUGS, 1)})
"""Media topic (`medtop:01000000` … `medtop:17000000`) to slug, in the order of the vocabulary."""

TOPIC_BY_SLUG: Final = MappingProxyType({slug: topic for topic, slug in SLUG_BY_TOPIC.items()})

MediaTopic = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9-]*:[A-Za-z0-9-]+$",
        description="A media topic: one of the 17 top IPTC Media Topics, or a user's own.",
        examples=["medtop:15000000"],
    ),
]


def slug_of(topic: str | None) -> str:
    """The slug that names a topic's category; `uncategorised` for none."""
    if topic is None:
        return UNCATEGORISED
    return SLUG_BY_TOPIC.get(topic) or topic.partition(":")[2]
