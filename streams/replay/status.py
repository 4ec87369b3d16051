"""The status of the replays on a cluster: progress, rate and remaining time, by their rows in the positions topics."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from schemas.instants import parse_instant
from schemas.marks import Control, Manifest, Progress
from schemas.topics import POSITIONS
from streams.kafka.connect import administration
from streams.kafka.topics import describe
from streams.replay import ledger
from streams.replay.speed import parse_speed
from streams.settings import Connection

_SILENT_MS: Final = 30_000
"""A replay that has written nothing for so long is `silent`: it has stopped, or waits for its next record."""


class Status(Struct, frozen=True, kw_only=True):
    """The status of one replay."""

    id: str
    prefix: str
    source: str | None
    target: str
    started_at: str
    speed: str | None
    state: str
    """`done`, `running`, `paused` or `silent`."""
    written: int
    records: int | None
    """Records that it will have written; None if an older version began it."""
    event_time: str | None
    """The latest event time that it has written."""
    rate: float
    """Records a second since it began."""
    left_s: float | None
    """Seconds until it is done; None if that is unknown."""


async def statuses(
    connection: Connection, *, patience: float, prefix: str | None = None
) -> tuple[Status, ...]:
    """The replays on a cluster, or of one prefix, the latest first."""
    ending = f".{POSITIONS.name}"
    async with administration(connection, patience=patience) as client:
        names = [POSITIONS.on(prefix)] if prefix else await client.list_topics()
        live = await describe(client, {name for name in names if name.endswith(ending)})
    now = time.time_ns() // 1_000_000
    partitions = {name.removesuffix(ending): topic.partitions for name, topic in live.items()}
    ledgers = await ledger.read_ledgers(connection.aiokafka_options(), partitions)
    found = [status for below, rows in ledgers.items() for status in _of_rows(below, rows, now)]
    return tuple(sorted(found, key=lambda each: each.started_at, reverse=True))


def _of_rows(prefix: str, rows: ledger.Ledger, now: int) -> Iterator[Status]:
    for entry in rows.values():
        if isinstance(entry.row, Manifest):
            yield _status(prefix, entry.row, rows, now)


def _status(prefix: str, manifest: Manifest, rows: ledger.Ledger, now: int) -> Status:
    key = ledger.manifest_key(manifest.id)
    mine: list[tuple[bytes, Any, int]] = [
        (each.removeprefix(key + b"|"), entry.row, entry.at)
        for (_, each), entry in rows.items()
        if each.startswith(key + b"|")
    ]
    progress = {int(name): row for name, row, _ in mine if isinstance(row, Progress) and name.isdigit()}
    control = next((row for _, row, _ in mine if isinstance(row, Control)), None)
    last = max([at for _, row, at in mine if isinstance(row, Progress)], default=None)
    written = sum(row.written for row in progress.values())
    done = bool(manifest.ends) and all(
        number in progress and progress[number].offset >= end for number, end in manifest.ends
    )
    speed = control.speed if control and control.speed else manifest.speed
    began = parse_instant(manifest.started_at)
    seconds = max(1, (last or now) - began) / 1000
    state = "running" if last is not None and now - last < _SILENT_MS else "silent"
    if control is not None and control.paused:
        state = "paused"
    event_time = max((row.event_time for row in progress.values() if row.event_time), default=None)
    return Status(
        id=manifest.id,
        prefix=prefix,
        source=manifest.source,
        target=manifest.target,
        started_at=manifest.started_at,
        speed=speed,
        state="done" if done else state,
        written=written,
        records=manifest.records,
        event_time=event_time,
        rate=round(written / seconds, 1),
        left_s=0.0 if done else _left(manifest, speed, written, event_time, written / seconds),
    )


def _left(
    manifest: Manifest, speed: str | None, written: int, event_time: str | None, rate: float
) -> float | None:
    """Seconds until the end: by the speed, or at `max` by the rate so far."""
    if speed is None or manifest.records is None:
        return None
    pace, left = parse_speed(speed), max(0, manifest.records - written)
    if pace.kind == "times" and manifest.last_time and event_time:
        return max(0, parse_instant(manifest.last_time) - parse_instant(event_time)) / 1000 / pace.value
    by = pace.value if pace.kind == "rate" else rate
    return left / by if by else None


def matching(found: Sequence[Status], replay: str) -> Status | None:
    """The replay with this id; None if there is none."""
    return next((each for each in found if each.id == replay), None)
