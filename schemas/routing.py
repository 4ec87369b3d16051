"""Where an event goes: the partition of a language's headlines, and the topics of a categorized one.

Everything that a stage writes keeps the partition number that it read from; these functions decide the rest.
"""

from collections.abc import Iterable
from functools import cache
from types import MappingProxyType
from typing import Final
from zlib import crc32

from msgspec.structs import replace

from .cloudevents import CANARY_SOURCE
from .events import CategorizedHeadline
from .mediatopics import UNCATEGORISED, slug_of
from .topics import CANARY, CATEGORIES, CURRENT, HEADLINES, Topic

PARTITION_BY_LANGUAGE: Final = MappingProxyType({"ar": 0, "fr": 1, "en": 2})
"""The big languages, each on a partition of its own; the others share what is left, by hash."""


def partition_of(language: str, partitions: int) -> int:
    """The partition of a language's sightings among `partitions`: one owner sees all its headlines."""
    own = len(PARTITION_BY_LANGUAGE)
    if language in PARTITION_BY_LANGUAGE:
        return PARTITION_BY_LANGUAGE[language] % partitions
    if partitions > own:
        return own + partition_by_hash(language, partitions - own)
    return partition_by_hash(language, partitions)


def partition_by_hash(key: str, partitions: int) -> int:
    """The partition of a key among `partitions`: CRC-32 of its UTF-8, such as a source's strips have."""
    return crc32(key.encode()) % partitions


def topics_of(event: CategorizedHeadline) -> tuple[Topic, ...]:
    """Every topic of a categorized headline: that of all, that of its surest media topic's category, the current one.

    A late one is not the current wording of its chain. The canary's goes to a topic of its own alone, so that no
    reader of the others has to know of it.
    """
    if event.source == CANARY_SOURCE:
        return (CANARY,)
    everywhere = (HEADLINES, category_topic(event.category))
    return everywhere if event.late else (*everywhere, CURRENT)


def own_topics(media_topics: Iterable[str]) -> tuple[Topic, ...]:
    """The Kafka topics that these media topics (`user:agadir`) need beside the eighteen, each once."""
    slugs = dict.fromkeys(slug_of(topic) for topic in media_topics)
    return tuple(category_topic(slug) for slug in slugs if slug not in CATEGORIES)


@cache
def category_topic(slug: str) -> Topic:
    """The Kafka topic of a category: one of the eighteen, or a user's own laid out like them."""
    return CATEGORIES.get(slug) or replace(
        CATEGORIES[UNCATEGORISED],
        name=f"category.{slug}",
        description=f"Headlines that the rules file's [topics.{slug}] takes.",
    )
