"""What people put right, as the deduplicate stage honours it: by fold key, from the correction on.

A correction comes among the sightings, so what holds when is decided by the data, in a replay too.
"""

from collections import defaultdict
from typing import Final

import msgspec

from schemas.events import UNREADABLE, Correction
from schemas.headers import CORRECTION_KEY
from streams.errors import RecordError
from streams.process.fold import fold, fold_key
from streams.stage import Record

_decode: Final = msgspec.json.Decoder(Correction).decode


def correction_key(correction: Correction) -> bytes:
    """The key of a correction's records."""
    return CORRECTION_KEY + correction.id.encode()


def texts_keys(correction: Correction) -> tuple[bytes, ...]:
    """The fold keys of a correction's texts today: those that it carries are of the day when it was said."""
    return tuple(fold_key(fold(text)) for text in correction.texts)


def is_correction(record: Record) -> bool:
    """Whether a record of the state is a correction."""
    return record.key is not None and record.key.startswith(CORRECTION_KEY)


class Corrections:
    """The corrections that hold on one partition."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Correction] = {}
        self._together: dict[bytes, set[bytes]] = {}
        self._apart: dict[bytes, set[bytes]] = {}
        self._withdrawn: set[bytes] = set()
        self._topics: dict[bytes, str] = {}

    def apply(self, correction: Correction) -> None:
        """Let a correction hold, or no longer where it says that it is undone. Of two that disagree the later holds."""
        self._remember(correction)
        self.index()

    def restore(self, record: Record) -> None:
        """Take back a correction from the state. Afterwards, call `index`.

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

    def together(self, key: bytes) -> set[bytes]:
        """The texts that one is a duplicate of, whatever the rules say."""
        return self._together.get(key, set())

    def apart(self, key: bytes) -> set[bytes]:
        """The texts that one is neither a duplicate nor an update of."""
        return self._apart.get(key, set())

    def topic(self, key: bytes) -> str | None:
        """The media topic that a person gave a text."""
        return self._topics.get(key)

    def _remember(self, correction: Correction) -> None:
        key = correction_key(correction)
        self._by_key.pop(key, None)
        if not correction.undone:
            self._by_key[key] = correction

    def index(self) -> None:
        """Work out what holds, in the order in which it was said. There are few: people make them."""
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
