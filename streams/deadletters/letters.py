"""Reads dead letters, and groups them by stage, reason and source."""

import re
from collections.abc import Collection, Iterable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from schemas import deadletters
from schemas.deadletters import Reason
from schemas.events import UNREADABLE
from schemas.instants import parse_instant
from schemas.origin import origin
from schemas.topics import DEADLETTERS
from streams.kafka.reader import bounds, read_windows
from streams.stage import RawRecord

_CHANGING: Final = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\b[0-9a-f]{8,}\b|\d[\d,.]*")
"""The variable parts of an error message: quoted text, ids, numbers."""


class Letter(Struct, frozen=True, kw_only=True):
    """One dead letter."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    """The record's own headers, from before it was rejected."""
    reason: Reason
    fingerprint: str
    source: str

    @property
    def place(self) -> str:
        """`PARTITION/OFFSET` among the dead letters."""
        return f"{self.partition}/{self.offset}"

    @property
    def event_time(self) -> int | None:
        """The record's own timestamp in ms: the one that was kept, else that of its value; None without either."""
        if self.reason.timestamp is not None:
            return self.reason.timestamp
        observed_at = _view(self.value).observed_at
        try:
            return parse_instant(observed_at) if observed_at else None
        except ValueError:
            return None

    @property
    def original(self) -> RawRecord:
        """The record as it was."""
        return RawRecord(self.key, self.value, self.event_time or 0, list(self.headers))


class Choice(Struct, frozen=True, kw_only=True):
    """A filter of letters; None matches any value."""

    stage: str | None = None
    fingerprint: str | None = None
    source: str | None = None
    since: int | None = None
    """Rejected at or after this instant, in ms."""
    places: frozenset[str] = frozenset()
    """`PARTITION/OFFSET`; empty for all."""

    def takes(self, letter: Letter) -> bool:
        """Whether a letter matches."""
        return (
            self.stage in {None, letter.reason.stage}
            and self.fingerprint in {None, letter.fingerprint}
            and self.source in {None, letter.source}
            and (self.since is None or parse_instant(letter.reason.time) >= self.since)
            and (not self.places or letter.place in self.places)
        )


class Group(Struct, frozen=True, kw_only=True):
    """The letters of one stage, reason and source."""

    stage: str
    reason: str
    """The fingerprint."""
    source: str
    letters: int
    redriven: int
    attempts: int
    """The largest number of attempts of one of them."""
    first_seen: str
    last_seen: str
    message: str
    example: str


class _View(Struct, frozen=True):
    observed_at: str = ""


_decode_view: Final = msgspec.json.Decoder(_View).decode


def _view(value: bytes | None) -> _View:
    try:
        return _decode_view(value or b"")
    except UNREADABLE:
        return _View()


def fingerprint(reason: Reason) -> str:
    """Eight hexadecimal digits that are the same for errors which differ only in what they quote."""
    text = f"{reason.exception}\0{_CHANGING.sub('#', reason.message)}"
    return blake2b(text.encode("utf-8", "replace"), digest_size=4).hexdigest()


def letter_of(record: Any) -> Letter | None:
    """The dead letter in a record of the topic; None if its headers have no reason."""
    reason = deadletters.from_headers(record.headers)
    if reason is None:
        return None
    headers = tuple(deadletters.own(record.headers))
    return Letter(
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=headers,
        reason=reason,
        fingerprint=fingerprint(reason),
        source=origin(headers, record.value),
    )


async def read_letters(
    options: Mapping[str, Any], prefix: str, partitions: int, choice: Choice
) -> tuple[list[Letter], int]:
    """The dead letters that match, in order, and the number of records whose headers have no reason."""
    places = [TopicPartition(DEADLETTERS.on(prefix), number) for number in range(partitions)]
    letters, strange = [], 0
    async for _, records in read_windows(options, await bounds(options, places)):
        for record in records:
            letter = letter_of(record)
            if letter is None:
                strange += 1
            elif choice.takes(letter):
                letters.append(letter)
    return sorted(letters, key=lambda letter: (letter.partition, letter.offset)), strange


def grouped(letters: Iterable[Letter], redriven: Collection[str]) -> list[Group]:
    """Group letters by stage, reason and source, the largest group first; `redriven` are places of those sent back."""
    groups: dict[tuple[str, str, str], list[Letter]] = {}
    for letter in letters:
        groups.setdefault((letter.reason.stage, letter.fingerprint, letter.source), []).append(letter)
    rows = [
        Group(
            stage=stage,
            reason=reason,
            source=source,
            letters=len(members),
            redriven=sum(letter.place in redriven for letter in members),
            attempts=max(letter.reason.attempt for letter in members),
            first_seen=min(letter.reason.time for letter in members),
            last_seen=max(letter.reason.time for letter in members),
            message=members[-1].reason.message,
            example=members[-1].place,
        )
        for (stage, reason, source), members in groups.items()
    ]
    return sorted(rows, key=lambda row: (-row.letters, row.stage, row.reason, row.source))
