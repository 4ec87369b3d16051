"""Routing: the partition of a language's sightings, and the topics of a categorized headline.

Everything that a stage writes keeps the partition number of its input; these functions decide the rest.
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
"""The main languages, each with its own partition; the others share the remaining partitions, by hash."""


def partition_of(language: str, partitions: int) -> int:
    """The partition of a language's sightings among `partitions`: one worker sees all headlines of a language."""
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
    """The topics of a categorized headline: `headlines`, the category of its most likely media topic, and `current`.

    A late headline is not the current wording of its chain, so it is not written to `current`. A canary headline goes
    to `canary` only, so that consumers never see it.
    """
    if event.source == CANARY_SOURCE:
        return (CANARY,)
    everywhere = (HEADLINES, category_topic(event.category))
    return everywhere if event.late else (*everywhere, CURRENT)


def own_topics(media_topics: Iterable[str]) -> tuple[Topic, ...]:
    """The Kafka topics for these media topics (`user:agadir`), in addition to the eighteen, each once."""
    slugs = dict.fromkeys(slug_of(topic) for topic in media_topics)
    return tuple(category_topic(slug) for slug in slugs if slug not in CATEGORIES)


@cache
def category_topic(slug: str) -> Topic:
    """The Kafka topic of a category: one of the eighteen, or a user's own with the same configuration."""
    return CATEGORIES.get(slug) or replace(
        CATEGORIES[UNCATEGORISED],
        name=f"category.{slug}",
        description=f"Headlines that the rules file's [topics.{slug}] takes.",
    )
