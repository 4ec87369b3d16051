"""Corrections by people, as the deduplicate stage applies them: by fold key, to all sightings after the correction.

Corrections are records among the sightings, so the input alone decides when each is in force, in a replay too.
"""

from collections import defaultdict
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from schemas.events import UNREADABLE, Correction
from schemas.headers import CORRECTION_KEY
from streams.errors import RecordError
from streams.process.fold import fold, fold_key
from streams.stage import Record

_NO_KEYS: Final[frozenset[bytes]] = frozenset()
_decode: Final = msgspec.json.Decoder(Correction).decode


def correction_key(correction: Correction) -> bytes:
    """The record key of a correction."""
    return CORRECTION_KEY + correction.id.encode()


def texts_keys(correction: Correction) -> tuple[bytes, ...]:
    """The current fold keys of a correction's texts; the keys in the correction may be of an older fold version."""
    return tuple(fold_key(fold(text)) for text in correction.texts)


def is_correction(record: Record) -> bool:
    """Whether a state record is a correction."""
    return record.key is not None and record.key.startswith(CORRECTION_KEY)


class Corrections:
    """The corrections in force on one partition."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Correction] = {}
        self._together: dict[bytes, set[bytes]] = {}
        self._apart: dict[bytes, set[bytes]] = {}
        self._withdrawn: set[bytes] = set()
        self._topics: dict[bytes, str] = {}

    def apply(self, correction: Correction) -> None:
        """Put a correction in force, or remove it if it is undone. If two contradict each other, the later one wins."""
        self._remember(correction)
        self.index()

    def restore(self, record: Record) -> None:
        """Restore a correction from the changelog. After the last one, call `index`.

        Raises:
            RecordError: It cannot be read.
        """
        try:
            self._remember(_decode(record.value or b""))  # type: ignore[arg-type] # no event on a state topic: bytes
        except UNREADABLE as error:
            raise RecordError(f"state record {record.key!r} cannot be read: {error}") from error

    def is_withdrawn(self, key: bytes) -> bool:
        """Whether a text must not be published."""
        return key in self._withdrawn

    def together(self, key: bytes) -> AbstractSet[bytes]:
        """The keys that a text is a duplicate of, whatever the rules say."""
        return self._together.get(key, _NO_KEYS)

    def apart(self, key: bytes) -> AbstractSet[bytes]:
        """The keys that a text is neither a duplicate nor an update of."""
        return self._apart.get(key, _NO_KEYS)

    def topic(self, key: bytes) -> str | None:
        """The media topic that a person gave a text."""
        return self._topics.get(key)

    def _remember(self, correction: Correction) -> None:
        key = correction_key(correction)
        self._by_key.pop(key, None)
        if not correction.undone:
            self._by_key[key] = correction

    def index(self) -> None:
        """Rebuild the indexes from all corrections, in the order in which they were made. There are only few."""
        self._together, self._apart = defaultdict(set), defaultdict(set)
        self._withdrawn, self._topics = set(), {}
        for correction in self._by_key.values():
            first, *others = texts_keys(correction)
            match correction.kind:
                case "withdraw":
                    self._withdrawn.add(first)
                case "recategorize" if correction.topic is not None:
                    self._topics[first] = correction.topic
                case "split" | "join":
                    these, those = (
                        (self._apart, self._together)
                        if correction.kind == "split"
                        else (self._together, self._apart)
                    )
                    for one, other in ((first, others[0]), (others[0], first)):
                        these[one].add(other)
                        those[one].discard(other)
