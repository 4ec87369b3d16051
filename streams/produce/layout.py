"""Which partition of `sightings` a language lives on: one owner per language sees all its headlines."""

from types import MappingProxyType
from typing import Final
from zlib import crc32

PARTITION_BY_LANGUAGE: Final = MappingProxyType({"ar": 0, "fr": 1, "en": 2})
"""The big languages, each on a partition of its own; the others share what is left, by hash."""


def partition_of(language: str, partitions: int) -> int:
    """The partition of a language among `partitions`."""
    own = len(PARTITION_BY_LANGUAGE)
    if language in PARTITION_BY_LANGUAGE:
        return PARTITION_BY_LANGUAGE[language] % partitions
    if partitions > own:
        return own + spread(language, partitions - own)
    return spread(language, partitions)


def spread(key: str, partitions: int) -> int:
    """A partition by hash."""
    return crc32(key.encode()) % partitions
