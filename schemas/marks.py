"""What programs beside the workers write down in `PREFIX.positions`, to go on where they were: replays and redrives."""

from collections.abc import Iterable, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from .instants import Instant


class Redriven(Struct, frozen=True, tag_field="type", tag="ticker.redrive.v1"):
    """The letters of one partition that were sent back: offsets from and to, both included."""

    ranges: Annotated[tuple[tuple[int, int], ...], Meta(description="First and last offset of each.")] = ()

    def __contains__(self, offset: int) -> bool:
        return any(first <= offset <= last for first, last in self.ranges)

    def with_offsets(self, offsets: Iterable[int], known: Sequence[int]) -> "Redriven":
        """Add offsets that were sent back; `known` are all offsets that have a letter.

        A range includes offsets without a letter: if 3 and 7 are sent, and none between is a letter, it is 3 to 7.
        """
        done = sorted({offset for offset in known if offset in self} | set(offsets))
        order = {offset: number for number, offset in enumerate(sorted({*known, *done}))}
        ranges: list[tuple[int, int]] = []
        for offset in done:
            if ranges and order[offset] == order[ranges[-1][1]] + 1:
                ranges[-1] = (ranges[-1][0], offset)
            else:
                ranges.append((offset, offset))
        return Redriven(tuple(ranges))


class Manifest(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.replay.v1"
):
    """What a replay is and what it made on the target; on partition 0."""

    id: str
    started_at: Instant
    target: Annotated[str, Meta(description="The topic that it writes to, as on the cluster.")]
    created: Annotated[tuple[str, ...], Meta(description="Topics that were missing and that it made.")]
    source: Annotated[str, Meta(description="The topic that it reads, as on its cluster.")] | None = None
    speed: str | None = None
    records: Annotated[int, Meta(ge=0, description="Records that it will have written.")] | None = None
    last_time: Annotated[Instant, Meta(description="The latest event time among them.")] | None = None
    ends: Annotated[
        tuple[tuple[int, int], ...],
        Meta(description="Of each partition that it reads: its number, and the offset at which it is done."),
    ] = ()


class Progress(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.replay.progress.v1"
):
    """How far a replay has read one partition of its source, and what became of the records."""

    offset: Annotated[int, Meta(ge=0, description="Everything below it is done.")]
    base: Annotated[
        int, Meta(ge=0, description="Where the target's partition ended before the first record.")
    ]
    read: Annotated[int, Meta(ge=0)] = 0
    filtered: Annotated[int, Meta(ge=0)] = 0
    written: Annotated[int, Meta(ge=0)] = 0
    checksum: Annotated[int, Meta(ge=0, description="CRC-32 of all values written, one after the other.")] = 0
    event_time: Annotated[Instant, Meta(description="The event time that it has reached.")] | None = None


class Control(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="ticker.replay.control.v1"
):
    """What a person wants of a replay while it runs; on partition 0, the last one counts."""

    changed_at: Instant
    paused: bool = False
    speed: Annotated[str, Meta(description="Instead of the plan's.")] | None = None


Mark = Redriven | Manifest | Progress | Control

MARK_TYPES: tuple[type[Mark], ...] = (Redriven, Manifest, Progress, Control)
