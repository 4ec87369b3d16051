"""Every Kafka topic of the pipeline as data: its events, key, partitions and configuration.

A topic's name here has no prefix; on a cluster it is `PREFIX.name` (`ticker.sightings`).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from msgspec import Struct

from .events import (
    CategorizedHeadline,
    ChainEnd,
    Correction,
    Duplicate,
    Event,
    EventTime,
    Headline,
    Position,
    SeenHeadline,
    Sighting,
    SourceState,
    Strip,
)
from .marks import Control, Manifest, Mark, Progress, Redriven
from .mediatopics import SLUG_BY_TOPIC, UNCATEGORISED

DEFAULT_PREFIX: Final = "ticker"
LANGUAGE_PARTITIONS: Final = 6
_HOUR_MS: Final = 60 * 60 * 1000
_DAY_MS: Final = 24 * _HOUR_MS
MAX_AHEAD_MS: Final = _HOUR_MS
"""How far an event's time may be ahead of the publisher's clock; brokers accept the same (Kafka's default)."""
_ANY_MS: Final = 2**63 - 1
_MIB: Final = 1024 * 1024


class Topic(Struct, frozen=True, kw_only=True):
    """A topic.

    `ticker topics create` creates it with `partitions` and `config`, and `ticker topics check` compares these.
    `public` topics are for consumers and have CloudEvents headers.
    """

    name: str
    events: tuple[type[Event | Mark], ...]
    """The types of its values; empty if values are arbitrary bytes."""
    key: str
    description: str
    partitions: int
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int | None = None
    segment_bytes: int | None = None
    max_message_bytes: int = _MIB
    public: bool = False

    def on(self, prefix: str) -> str:
        """The topic's name on a cluster."""
        return f"{prefix}.{self.name}"

    @property
    def config(self) -> Mapping[str, str]:
        """The topic's configuration on a broker."""
        config: dict[str, str] = {
            "cleanup.policy": self.cleanup,
            # A record's time is its event time, whatever a cluster's default is.
            "message.timestamp.type": "CreateTime",
            # All topics have the same limits, so that a record accepted by one is accepted by those after it, however
            # late it is read.
            "message.timestamp.before.max.ms": str(_ANY_MS),
            "message.timestamp.after.max.ms": str(MAX_AHEAD_MS),
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.retention_ms is not None:
            config["retention.ms"] = str(self.retention_ms)
        if self.segment_bytes is not None:
            config["segment.bytes"] = str(self.segment_bytes)
        if self.cleanup == "compact":
            # A restart reads the whole topic, so it is compacted early: once a tenth of it is dirty. The active segment
            # is never compacted, so a new one begins every hour.
            config |= {"min.cleanable.dirty.ratio": "0.1", "segment.ms": str(_HOUR_MS)}
        return MappingProxyType(config)


STRIPS: Final = Topic(
    name="strips",
    events=(Strip,),
    key="source",
    description="Strips as they were read.",
    partitions=LANGUAGE_PARTITIONS,
    max_message_bytes=8 * _MIB,  # a strip of the largest size in a script of three bytes a character
    retention_ms=30 * _DAY_MS,
)
SIGHTINGS: Final = Topic(
    name="sightings",
    events=(Sighting, Correction),
    key="fold key, or correction/ID",
    description="Every headline in every slot; one header, the source; partitioned by language. Corrections stand among"
    " them, so that the order in which they came is a part of the data.",
    partitions=LANGUAGE_PARTITIONS,
    retention_ms=7 * _DAY_MS,
)
DECISIONS: Final = Topic(
    name="decisions",
    events=(Headline, ChainEnd),
    key="chain",
    description="What deduplicate decided, in order: distinct headlines, updates, and the ends of chains.",
    partitions=LANGUAGE_PARTITIONS,
    retention_ms=30 * _DAY_MS,
)
HEADLINES: Final = Topic(
    name="headlines",
    events=(CategorizedHeadline,),
    key="chain",
    description="Distinct headlines and updates of all categories, each once.",
    partitions=LANGUAGE_PARTITIONS,
    retention_ms=30 * _DAY_MS,
    public=True,
)
CURRENT: Final = Topic(
    name="current",
    events=(CategorizedHeadline,),
    key="chain",
    description="The newest wording of every live chain of headlines; a tombstone at its end.",
    partitions=LANGUAGE_PARTITIONS,
    cleanup="compact",
    segment_bytes=32 * _MIB,
    public=True,
)
CORRECTIONS: Final = Topic(
    name="corrections",
    events=(Correction,),
    key="correction/ID",
    description="What people put right and which chains ended by it; a tombstone when it is undone.",
    partitions=LANGUAGE_PARTITIONS,
    cleanup="compact",
    segment_bytes=4 * _MIB,
    public=True,
)
SOURCES: Final = Topic(
    name="sources",
    events=(SourceState,),
    key="source",
    description="How each source fares: its state, since when, its rhythm, and what would read it rightly again.",
    partitions=1,
    cleanup="compact",
    segment_bytes=4 * _MIB,
)
CANARY: Final = Topic(
    name="canary",
    events=(CategorizedHeadline,),
    key="chain",
    description="Headlines of `ticker canary` at the end of their way; no consumer's business.",
    partitions=LANGUAGE_PARTITIONS,
    retention_ms=_DAY_MS,
)
SEEN: Final = Topic(
    name="seen",
    events=(SeenHeadline, Correction, EventTime),
    key="fold key, correction/ID, or event time",
    description="Live headlines: the state of the deduplicate stage, on the partition of the sighting.",
    partitions=LANGUAGE_PARTITIONS,
    cleanup="compact",
    segment_bytes=32 * _MIB,
)
POSITIONS: Final = Topic(
    name="positions",
    events=(Position, Manifest, Progress, Control, Redriven),
    key="stage|topic|partition; replay|…, redrive|…, produce|…",
    description="How far each stage, replay and redrive has come on each partition, and how far each spool.",
    partitions=LANGUAGE_PARTITIONS,
    cleanup="compact",
    segment_bytes=4 * _MIB,
)
DUPLICATES: Final = Topic(
    name="duplicates",
    events=(Duplicate,),
    key="headline id of the winner",
    description="Near duplicates that were swallowed, with winner, rule and score.",
    partitions=LANGUAGE_PARTITIONS,
    retention_ms=7 * _DAY_MS,
    public=True,
)
DEADLETTERS: Final = Topic(
    name="deadletters",
    events=(),
    key="as the source record",
    description="Records that could not be processed: the original bytes, the error in headers.",
    partitions=LANGUAGE_PARTITIONS,
    retention_ms=30 * _DAY_MS,
    max_message_bytes=16 * _MIB,  # the largest record of another topic, and why it failed
)
CATEGORIES: Final = MappingProxyType(
    {
        slug: Topic(
            name=f"category.{slug}",
            events=(CategorizedHeadline,),
            key="chain",
            description=f"Headlines whose first media topic is {media_topic}."
            if media_topic
            else "Headlines of which the categorizer is not sure enough.",
            partitions=LANGUAGE_PARTITIONS,
            retention_ms=30 * _DAY_MS,
            public=True,
        )
        for media_topic, slug in [*SLUG_BY_TOPIC.items(), ("", UNCATEGORISED)]
    }
)
"""Category topics by slug."""

TOPICS: Final = (
    STRIPS,
    SIGHTINGS,
    DECISIONS,
    SEEN,
    POSITIONS,
    DUPLICATES,
    DEADLETTERS,
    HEADLINES,
    CURRENT,
    CORRECTIONS,
    SOURCES,
    CANARY,
    *CATEGORIES.values(),
)
