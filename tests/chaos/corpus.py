"""An endless input for chaos tests: new headlines, exact and near duplicates, updates and every kind of poison pill.

The words are made of random syllables, and everything is determined by the seed.
"""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
from msgspec import structs

from schemas.events import MAX_TEXT, Sighting, encode
from schemas.topics import LANGUAGE_PARTITIONS
from streams.stage import EventRecord
from tests.support import START, sighting

LANGUAGES: Final = ("ar", "fr", "en", "es", "de", "und")
"""One language a partition, so that every partition has work."""
_SYLLABLES: Final = (
    *("ba", "ce", "di", "fo", "gu", "ha", "ki", "lo", "mu", "ne", "pa", "ri", "so", "tu", "ve", "za"),
    *("bri", "cla", "dron", "fle", "gra", "pli", "sta", "tro"),
)
_SOURCES: Final = ("akhbar", "hadath", "matin", "nachra")
_STEP_MS: Final = 20_000
"""Event time between sightings of a partition: thousands of them reach past the window."""
_RECENT: Final = 400

Header = tuple[str, bytes]


class PlacedRecord(NamedTuple):
    """A record to write to a partition of `sightings`."""

    partition: int
    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: Sequence[Header]


def plain(message: EventRecord, partition: int) -> PlacedRecord:
    """A sighting as the producer writes it."""
    assert isinstance(message.value, Sighting)
    return PlacedRecord(partition, message.key, encode(message.value), message.timestamp, message.headers)


def _replaced(message: EventRecord, **fields: object) -> bytes:
    """The message's value with other fields in its JSON."""
    assert message.value is not None
    return msgspec.json.encode({**msgspec.to_builtins(message.value), **fields})


_ASTRAY: Final = tuple(hours * 60 * 60 * 1000 for hours in (-2_000, -100, -7, -1, 1, 7, 30, 100, 2_000))
"""Clock errors, in ms."""

POISON: Final[dict[str, Callable[[EventRecord], bytes | None]]] = {
    "not JSON": lambda _: b"<html>502 Bad Gateway</html>",
    "cut short": lambda message: _replaced(message)[:-7],
    "wrong types": lambda message: _replaced(message, slot="first"),
    "a list": lambda _: b"[1, 2, 3]",
    "null": lambda _: b"null",
    "empty": lambda _: b"",
    "tombstone": lambda _: None,
    "no UTF-8": lambda message: _replaced(message, text="bad byte").replace(b"bad byte", b"bad \xff byte"),
    "no text": lambda message: _replaced(message, text=""),
    "text too long": lambda message: _replaced(message, text="long " * MAX_TEXT),
    "unknown version": lambda message: _replaced(message, type="ticker.sighting.v9"),
    "another event": lambda message: _replaced(message, type="ticker.headline.v1"),
    "deeply nested": lambda _: b"[" * 5_000,
}
"""Values that are not sightings, each made from a sighting."""


class Corpus:
    """An endless input: about 40 % new headlines, 40 % exact duplicates, the rest near duplicates and updates.

    Args:
        seed: The seed of all random choices.
        poison: The share of poison pills, and of sightings whose clock is wrong by hours or months.
    """

    def __init__(self, seed: int = 0, *, poison: float = 0.01) -> None:
        self._random = random.Random(seed)
        self._poison = poison
        self._clock = [START] * LANGUAGE_PARTITIONS
        self._recent: list[deque[str]] = [deque(maxlen=_RECENT) for _ in range(LANGUAGE_PARTITIONS)]
        self._kinds = list(POISON)

    def __iter__(self) -> Iterator[PlacedRecord]:
        """Continue where the last iteration stopped; partitions take turns."""
        partition = 0
        while True:
            yield self._next(partition)
            partition = (partition + 1) % LANGUAGE_PARTITIONS

    def take(self, count: int) -> list[PlacedRecord]:
        """The next `count` inputs."""
        return [record for record, _ in zip(self, range(count), strict=False)]

    def _next(self, partition: int) -> PlacedRecord:
        self._clock[partition] += _STEP_MS
        chosen = self._random
        is_astray = chosen.random() < self._poison
        message = sighting(
            self._text(self._recent[partition]),
            at=self._clock[partition] + (chosen.choice(_ASTRAY) if is_astray else 0),
            source=chosen.choice(_SOURCES),
            slot=chosen.randrange(20),
        )
        assert isinstance(message.value, Sighting)
        language = LANGUAGES[partition]
        message = structs.replace(message, value=structs.replace(message.value, language=language))
        record = plain(message, partition)
        if chosen.random() >= self._poison:
            return record
        # A key of its own: the value of a record whose key is live is not decoded.
        dice = chosen.random()
        key = None if dice < 0.1 else b"\xff" if dice < 0.2 else b"poison %d" % chosen.getrandbits(64)
        headers = [("ticker.error.attempt", b"9" * 5_000)] if dice > 0.9 else record.headers
        return record._replace(key=key, value=POISON[chosen.choice(self._kinds)](message), headers=headers)

    def _text(self, recent: deque[str]) -> str:
        chosen = self._random
        dice = chosen.random()
        if dice < 0.4 or not recent:
            words = [self._word() for _ in range(chosen.randint(6, 9))]
            words.insert(3, str(chosen.randint(2, 900)))
            text = " ".join(words)
            recent.append(text)
            return text
        text = chosen.choice(recent)
        words = text.split()
        if dice < 0.8:
            return text
        if dice < 0.9:
            words[-1] += chosen.choice("aeiou")
        else:
            words[3] = str(chosen.randint(2, 900))
        return " ".join(words)

    def _word(self) -> str:
        return "".join(self._random.choices(_SYLLABLES, k=self._random.randint(2, 4)))
