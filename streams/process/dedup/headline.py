"""One live headline: what a decision needs of it, and its changelog record, written and read back."""

from functools import lru_cache
from sys import intern
from typing import Final

import msgspec
from msgspec import Raw, Struct

from schemas.events import ClaimedTime, DoubtedTimes, SeenHeadline, type_name
from schemas.instants import format_instant, parse_instant
from streams.process.dedup.crowd import crowd_from, crowd_text, estimate, with_one_more
from streams.process.dedup.event_time import BUCKET_MS, Claims, bucket_end
from streams.process.dedup.near import Indexed
from streams.process.dedup.texts import NONE, id_of, pack, pack_raw, raw, raw_texts, read_raw, root_of
from streams.process.fold import FOLD_VERSION, fold

MAX_SOURCES: Final = 32
"""Sources that are remembered of a headline by name; the others are counted."""


class SeenRow(
    Struct, tag_field="type", tag=type_name(SeenHeadline), kw_only=True, omit_defaults=True, gc=False
):
    """`SeenHeadline` as it is written and read back: its fields in their order, its texts as they stand in JSON.

    Patterns of fields are not checked again, which takes four fifths of the time of reading a record.
    """

    id: Raw
    text: Raw
    language: str
    first_seen: str
    last_seen: str
    sightings: int
    sources: tuple[str, ...]
    source_count: int | None = None
    source_sketch: str | None = None
    doubted: DoubtedTimes | None = None
    alias_of: str | None = None
    root: Raw = NONE
    folded: Raw = NONE
    fold: int = 1


read_row: Final = msgspec.json.Decoder(SeenRow).decode
_encode: Final = msgspec.json.Encoder().encode


@lru_cache(maxsize=1 << 14)
def _shared(sources: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The sources themselves; those that were asked for before are returned as the object that was returned then.

    So a million headlines of the same three sources hold one tuple.
    """
    return sources


@lru_cache(maxsize=1 << 14)
def _encoded(sources: tuple[str, ...]) -> tuple[bytes, ...]:
    return _shared(tuple(source.encode() for source in sources[:MAX_SOURCES]))


@lru_cache(maxsize=1 << 14)
def _decoded(sources: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(source.decode() for source in sources)


class LiveHeadline(Indexed, gc=False, eq=False, kw_only=True):
    """A live headline: what a decision needs, and what people ask of it. Times are event time in ms.

    There may be millions. So what many share (a bucket's end, a set of sources) is one object, its texts are one (the
    id and the chain are among them), and the cyclic collector does not look at any.
    """

    language: str
    first_seen: int
    last_seen: int
    sightings: int
    sources: tuple[bytes, ...]
    """The first of them, at most `MAX_SOURCES`."""
    crowd: int = 0
    """A sketch of the others (`streams.process.dedup.crowd`)."""
    aliases: tuple[bytes, ...] = ()
    """Keys of the variants that joined this headline."""
    fold: int = FOLD_VERSION
    """The version of the fold that made the key."""

    @property
    def id(self) -> str:
        """The id of its first sighting."""
        return id_of(self.texts)

    @property
    def root(self) -> str | None:
        """The first headline of the chain of updates that this one goes on; None for the first."""
        return root_of(self.texts)

    @property
    def chain(self) -> str:
        """The id of the first headline of its chain: its own where it is the first."""
        return self.root or self.id

    def count(self, source: bytes) -> bool:
        """Count a sighting; whether its source is one to remember."""
        self.sightings += 1
        if source in self.sources:
            return False
        if len(self.sources) < MAX_SOURCES:
            self.sources = _shared((*self.sources, source))
            return True
        self.crowd = with_one_more(self.crowd, source)
        return False

    def take_again(self, row: SeenRow) -> None:
        """Take over how often it was seen, and by whom, from a later changelog record."""
        self.sightings = row.sightings
        self.sources = _encoded(row.sources)
        self.crowd = crowd_from(row.source_sketch)

    @property
    def last_shown(self) -> int:
        """When it was shown last, for people: of one whose time is doubted `last_seen` lies before its beginning."""
        return max(self.first_seen, self.last_seen)

    @property
    def source_count(self) -> int:
        """How many sources showed it; an estimate where they are more than are remembered."""
        return len(self.sources) + estimate(self.crowd)

    def record(self, claims: Claims | None = None) -> bytes:
        """The headline as `ticker.seen` remembers it, with the times that were claimed and doubted."""
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
    """A live headline that shares what it can with others."""
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


def restored(key: bytes, row: SeenRow) -> LiveHeadline:
    """A headline as its changelog record has it.

    Raises:
        ValueError: It is no changelog record.
    """
    is_current = row.fold == FOLD_VERSION and row.folded is not NONE
    first_seen = parse_instant(row.first_seen)
    last_seen = first_seen if row.last_seen == row.first_seen else parse_instant(row.last_seen)
    return LiveHeadline(
        key=key,
        texts=pack_raw(
            folded=row.folded if is_current else raw(fold(read_raw(row.text))),
            text=row.text,
            id=row.id,
            root=row.root,
        ),
        bucket_end=bucket_end(last_seen),
        language=intern(row.language),
        first_seen=first_seen,
        last_seen=last_seen,
        sightings=row.sightings,
        sources=_encoded(row.sources),
        crowd=crowd_from(row.source_sketch),
        fold=row.fold,
    )
