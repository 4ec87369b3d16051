"""A live headline in memory, and its changelog record."""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache, lru_cache
from sys import intern
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw, Struct, convert

from schemas.events import (
    UNREADABLE,
    ClaimedTime,
    DoubtedTimes,
    Language,
    SeenHeadline,
    SourceId,
    type_name,
)
from schemas.instants import format_instant, parse_instant
from streams.errors import RecordError
from streams.process.dedup.crowd import crowd_from, crowd_text, estimate, with_one_more
from streams.process.dedup.event_time import BUCKET_MS, Claims, bucket_end
from streams.process.dedup.near import Indexed
from streams.process.dedup.texts import (
    NONE,
    id_of,
    pack,
    pack_raw,
    pack_together,
    raw,
    raw_texts,
    read_raw,
    root_of,
)
from streams.process.fold import FOLD_VERSION, fold

MAX_SOURCES: Final = 32
"""The most sources of a headline that are stored by name; further ones are only counted."""


class SeenRow(
    Struct, tag_field="type", tag=type_name(SeenHeadline), kw_only=True, omit_defaults=True, gc=False
):
    """`SeenHeadline` for fast reading and writing: the same fields in the same order, with texts as raw JSON.

    The patterns of what many records share are checked once for all of them (`_encoded`, `_language`): checking them in
    each would take four fifths of the time of reading it.
    """

    id: Raw
    text: Raw
    language: str
    first_seen: str
    last_seen: str
    sightings: Annotated[int, Meta(ge=1)]
    sources: tuple[str, ...]
    source_count: int | None = None
    source_sketch: str | None = None
    doubted: DoubtedTimes | None = None
    alias_of: str | None = None
    root: Raw = NONE
    folded: Raw = NONE
    fold: Annotated[int, Meta(ge=1)] = 1

    @property
    def is_current(self) -> bool:
        """Whether its folded text can be taken over: an earlier release wrote none, or folded otherwise."""
        return self.fold == FOLD_VERSION and self.folded is not NONE


read_row: Final = msgspec.json.Decoder(SeenRow).decode
_encode: Final = msgspec.json.Encoder().encode
_INVALID: Final = (*UNREADABLE, ValueError)
"""What a value that is no changelog record raises."""


@lru_cache(maxsize=1 << 14)
def _shared(sources: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Intern a tuple of sources, so that a million headlines of the same three sources share one tuple."""
    return sources


@lru_cache(maxsize=1 << 14)
def _encoded(sources: tuple[str, ...]) -> tuple[bytes, ...]:
    """Sources as they are remembered; a ValidationError says what is none."""
    convert(sources, tuple[SourceId, ...])
    return _shared(tuple(source.encode() for source in sources[:MAX_SOURCES]))


@cache
def _language(code: str) -> str:
    """Intern a language's code; a ValidationError says that it is none."""
    return intern(convert(code, Language))


@lru_cache(maxsize=1 << 14)
def _decoded(sources: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(source.decode() for source in sources)


class LiveHeadline(Indexed, gc=False, eq=False, kw_only=True):
    """A live headline. Times are event time in ms.

    There may be millions. So they share equal values (a bucket's end, a tuple of sources), each has its texts, id and
    chain in one object, and the cyclic garbage collector does not track them.
    """

    language: str
    first_seen: int
    last_seen: int
    sightings: int
    sources: tuple[bytes, ...]
    """The first sources, at most `MAX_SOURCES`."""
    crowd: int = 0
    """A sketch of the further sources (`streams.process.dedup.crowd`)."""
    aliases: tuple[bytes, ...] = ()
    """The keys of the near duplicates that joined this headline."""
    fold: int = FOLD_VERSION
    """The version of the fold that made its key."""

    @property
    def id(self) -> str:
        """The id of its first sighting."""
        return id_of(self.texts)

    @property
    def root(self) -> str | None:
        """The id of the first headline of its chain of updates; None if that is this headline."""
        return root_of(self.texts)

    @property
    def chain(self) -> str:
        """The chain's id: the id of its first headline, which may be its own."""
        return self.root or self.id

    def count(self, source: bytes) -> bool:
        """Count a sighting; returns whether its source is new and must be written."""
        self.sightings += 1
        if source in self.sources:
            return False
        if len(self.sources) < MAX_SOURCES:
            self.sources = _shared((*self.sources, source))
            return True
        self.crowd = with_one_more(self.crowd, source)
        return False

    def take_again(self, row: SeenRow) -> None:
        """Take over the count of sightings and the sources from a later changelog record."""
        self.sightings = row.sightings
        self.sources = _encoded(row.sources)
        self.crowd = crowd_from(row.source_sketch)

    @property
    def last_shown(self) -> int:
        """When it was shown last, for people: of one whose time is doubted `last_seen` lies before its beginning."""
        return max(self.first_seen, self.last_seen)

    @property
    def source_count(self) -> int:
        """The number of sources that showed it; an estimate if there are more than `MAX_SOURCES`."""
        return len(self.sources) + estimate(self.crowd)

    def record(self, claims: Claims | None = None) -> bytes:
        """The headline's changelog record, with the doubted times that were claimed for it."""
        folded, text, id_, root = raw_texts(self.texts)
        return _encode(
            SeenRow(
                id=id_,
                text=text,
                language=self.language,
                first_seen=format_instant(self.first_seen),
                last_seen=format_instant(self.last_seen),
                sightings=self.sightings,
                sources=_decoded(self.sources),
                source_count=self.source_count if self.crowd else None,
                source_sketch=crowd_text(self.crowd) if self.crowd else None,
                doubted=None if claims is None else _doubted(claims),
                root=root,
                folded=folded,
                fold=self.fold,
            )
        )


def _doubted(claims: Claims) -> DoubtedTimes:
    claimed = tuple(ClaimedTime(by=by, at=format_instant(at)) for by, at in claims.said)
    return DoubtedTimes(stage=format_instant(claims.now - BUCKET_MS), claimed=claimed)


def live_headline(
    *,
    key: bytes,
    folded: str,
    text: str,
    id: str,  # noqa: A002 (the event's word)
    language: str,
    first_seen: int,
    last_seen: int,
    sightings: int,
    sources: tuple[str, ...],
    root: str | None,
    fold: int = FOLD_VERSION,
    crowd: int = 0,
) -> LiveHeadline:
    """Make a live headline that shares equal values with others."""
    return LiveHeadline(
        key=key,
        texts=pack(folded=folded, text=text, id=id, root=root),
        language=intern(language),
        first_seen=first_seen,
        last_seen=last_seen,
        bucket_end=bucket_end(last_seen),
        sightings=sightings,
        sources=_encoded(sources),
        crowd=crowd,
        fold=fold,
    )


def unreadable(key: bytes | None, error: Exception) -> RecordError:
    """What to raise about a changelog record that cannot be read."""
    return RecordError(f"state record {key!r} cannot be read: {error}")


def restored(key: bytes, row: SeenRow) -> LiveHeadline:
    """The headline from its changelog record.

    Raises:
        RecordError: The value is not a changelog record.
    """
    try:
        folded = row.folded if row.is_current else raw(fold(read_raw(row.text)))
        return _headline_of(key, row, pack_raw(folded=folded, text=row.text, id=row.id, root=row.root))
    except _INVALID as error:
        raise unreadable(key, error) from error


def restored_together(rows: Mapping[bytes, SeenRow]) -> list[LiveHeadline]:
    """The headlines from their changelog records by key, all of the current fold; `restored` takes twice as long.

    Raises:
        RecordError: A value is not a changelog record.
    """
    pieces = pack_together(rows.values())
    if pieces is not None:
        with suppress(*_INVALID):
            return [
                _headline_of(key, row, texts) for (key, row), texts in zip(rows.items(), pieces, strict=True)
            ]
    return [restored(key, row) for key, row in rows.items()]  # which names the one that is invalid


def _headline_of(key: bytes, row: SeenRow, texts: bytes) -> LiveHeadline:
    first_seen = parse_instant(row.first_seen)
    last_seen = first_seen if row.last_seen == row.first_seen else parse_instant(row.last_seen)
    return LiveHeadline(
        key=key,
        texts=texts,
        bucket_end=bucket_end(last_seen),
        language=_language(row.language),
        first_seen=first_seen,
        last_seen=last_seen,
        sightings=row.sightings,
        sources=_encoded(row.sources),
        crowd=crowd_from(row.source_sketch),
        fold=row.fold,
    )
