"""The checker: was every headline published exactly once, and is every record accounted for?

The committed records of the input topics run through the local engine, partition by partition in order. The output
topics must contain exactly the resulting records, byte for byte, each once.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct, structs

from schemas import deadletters
from schemas.cloudevents import headers as cloudevent_headers
from schemas.events import ChainEnd, EventTime, Headline, SeenHeadline, encode
from schemas.instants import parse_instant
from schemas.topics import (
    CORRECTIONS,
    CURRENT,
    DEADLETTERS,
    DECISIONS,
    DUPLICATES,
    SEEN,
    SIGHTINGS,
    TOPICS,
    Topic,
)
from streams.engine.local.engine import DeadLetter, LocalEngine
from streams.pipeline import CATEGORIZE, DEDUPLICATE
from streams.process.dedup.event_time import bucket_end
from streams.settings import Connection
from streams.stage import EventRecord, Stage
from tests.chaos.topics import Content, contents

_NAMED: Final = 3
_decode_decision: Final = msgspec.json.Decoder(Headline | ChainEnd).decode
decode_seen: Final = msgspec.json.Decoder(SeenHeadline | EventTime).decode

Place = tuple[str, int, int]
"""Topic, partition, offset."""
Published = tuple[str, int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]
"""Topic, partition, key, value, headers."""


class Report(Struct, kw_only=True):
    """The checker's result; `problems` is empty if all is well."""

    sightings: int
    new: int
    updates: int
    exact: int
    near: int
    dead_letters: int
    categorized: int
    live: int
    lost: int = 0
    """Records that should have been published and were not, dead letters included."""
    doubled: int = 0
    """Records that were published more than once."""
    alien: int = 0
    """Records that should not have been published at all."""
    problems: list[str] = msgspec.field(default_factory=list)

    def __str__(self) -> str:
        terms = ", ".join(
            f"{name.replace('_', ' ')} {value:,}"
            for name, value in structs.asdict(self).items()
            if name != "problems"
        )
        return "\n  ".join([f"{'FAILED' if self.problems else 'OK'}: {terms}", *self.problems])


class _Expected:
    """The local engine's outputs for a topic's records, partition by partition."""

    def __init__(self, stage: Stage, prefix: str, source: Content) -> None:
        self.published: list[Published] = []
        self.state: dict[tuple[int, bytes], Any] = {}
        self.rejected: dict[Place, DeadLetter] = {}
        self.counts: Counter[str] = Counter()
        for number, records in sorted(source.records.items()):
            self._run(stage, prefix, number, records)

    def _run(self, stage: Stage, prefix: str, number: int, records: Sequence[Any]) -> None:
        def keep(topic: Topic) -> Any:
            def published(record: EventRecord) -> None:
                if topic is stage.state:
                    self.state.pop((number, record.key), None)
                    seen = record.value
                    if seen is not None:
                        seen = decode_seen(seen) if isinstance(seen, bytes) else seen
                        self.state[number, record.key] = seen
                    return
                event: Any = record.value
                headers = tuple(cloudevent_headers(event, record.key)) if topic.public and event else ()
                value = None if event is None else encode(event)
                row = (topic.on(prefix), number, record.key, value, headers)
                self.published.append(row)

            return published

        def rejected(letter: DeadLetter) -> None:
            record: Any = letter.record
            self.rejected[record.topic, record.partition, record.offset] = letter

        written = [*stage.outputs, *((stage.state,) if stage.state else ())]
        engine = LocalEngine(
            [stage], subscribers={topic.name: keep(topic) for topic in written}, dead_letters=rejected
        )
        engine.process(records)
        self.counts += engine.counts[stage.name]


def check(connection: Connection, prefix: str) -> Report:
    """`examine`, for synchronous tests."""
    return asyncio.run(examine(connection, prefix))


async def examine(connection: Connection, prefix: str) -> Report:
    """Compare all outputs on a cluster with the local engine's outputs for the same inputs.

    The workers must have caught up, and nothing may be written while it runs.
    """
    found = await contents(connection, prefix, TOPICS)
    deduplicated = _Expected(DEDUPLICATE, prefix, found[SIGHTINGS.name])
    # Records that a test wrote to `decisions` are input of the next stage too.
    categorized = _Expected(CATEGORIZE, prefix, found[DECISIONS.name])
    counts = deduplicated.counts
    report = Report(
        sightings=len(found[SIGHTINGS.name].all),
        new=counts["new"],
        updates=counts["update"],
        exact=counts["exact"],
        near=counts["near"],
        dead_letters=len(deduplicated.rejected) + len(categorized.rejected),
        categorized=categorized.counts["categorized"] + categorized.counts["uncategorised"],
        live=sum(isinstance(row, SeenHeadline) for row in deduplicated.state.values()),
    )
    ours = [record for record in found[DECISIONS.name].all if not record.headers]
    _compare(
        report, deduplicated.published, [*ours, *found[DUPLICATES.name].all, *found[CORRECTIONS.name].all]
    )
    current = CURRENT.on(prefix)
    outputs = [record for topic in CATEGORIZE.outputs for record in found[topic.name].all]
    lasting = [record for record in outputs if record.topic != current]
    _compare(report, (row for row in categorized.published if row[0] != current), lasting)
    _check_current(
        report, *(_last_rows(rows, current) for rows in (categorized.published, map(_row, outputs)))
    )
    _check_order(report, deduplicated.published, ours)
    rejected = deduplicated.rejected | categorized.rejected
    _check_dead_letters(report, rejected, found[DEADLETTERS.name].all)
    _check_state(report, deduplicated.state, found[SEEN.name])
    _check_account(report, found, deduplicated.rejected)
    for name, content in found.items():
        if content.unstable:
            report.problems.append(f"{name}: {content.unstable} offsets are above the last stable one")
    return report


def _row(record: Any) -> Published:
    return (record.topic, record.partition, record.key, record.value, tuple(record.headers))


def _compare(report: Report, expected: Iterable[Published], found: Iterable[Any]) -> None:
    """Report expected records that are missing, records that are there more than once, and unexpected records."""
    wanted, got = Counter(expected), Counter(map(_row, found))
    lost, more = wanted - got, got - wanted
    doubled = Counter({row: count for row, count in more.items() if row in wanted})
    alien = more - doubled
    for what, rows in (("lost", lost), ("doubled", doubled), ("alien", alien)):
        setattr(report, what, getattr(report, what) + rows.total())
        report.problems += [f"{what} ({count}): {row[:4]}" for row, count in list(rows.items())[:_NAMED]]


def _last_rows(rows: Iterable[Published], topic: str) -> dict[tuple[int, bytes | None], Published]:
    """What compaction finally leaves of a topic: the last row of each key, unless it is a tombstone."""
    last = {row[1:3]: row for row in rows if row[0] == topic}
    return {key: row for key, row in last.items() if row[3] is not None}


def _check_current(report: Report, expected: Mapping[Any, Published], found: Mapping[Any, Published]) -> None:
    """Check that `current`, read from its beginning, gives every live chain in its newest wording."""
    differing = [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
    if differing:
        report.problems.append(f"current: {len(differing)} chains differ, such as {differing[:_NAMED]}")


def _check_order(report: Report, expected: Iterable[Published], found: Iterable[Any]) -> None:
    """Check that the decisions of a partition are in the order of their sightings."""
    wanted = [row for row in expected if row[0].endswith(f".{DECISIONS.name}")]
    if wanted != [_row(record) for record in found]:
        report.problems.append("decisions are not in the order of their sightings")


def _place(record: Any) -> tuple[str, Place]:
    """The stage and the source record named by a dead letter's headers."""
    value = {
        name.removeprefix(deadletters.PREFIX): text.decode()
        for name, text in record.headers
        if name.startswith(deadletters.PREFIX)
    }
    return value["stage"], (value["topic"], int(value["partition"]), int(value["offset"]))


def _check_dead_letters(report: Report, rejected: Mapping[Place, DeadLetter], found: Sequence[Any]) -> None:
    """Check that every rejected record is there once, byte for byte, under the stage that rejected it."""
    seen = Counter(_place(record)[1] for record in found)
    report.lost += len(rejected.keys() - seen.keys())
    report.alien += len(seen.keys() - rejected.keys())
    report.doubled += sum(count - 1 for count in seen.values())
    for what, places in (
        ("dead letters lost", rejected.keys() - seen.keys()),
        ("dead letters of no poison", seen.keys() - rejected.keys()),
        ("dead letters doubled", {place for place, count in seen.items() if count > 1}),
    ):
        if places:
            report.problems.append(f"{what} ({len(places)}): {sorted(places)[:_NAMED]}")
    for letter in found:
        stage, place = _place(letter)
        if place not in rejected:
            continue
        record: Any = rejected[place].record
        own = deadletters.own(letter.headers)
        kept = (stage, letter.key, letter.value, own)
        if kept != (rejected[place].stage, record.key, record.value, deadletters.own(record.headers)):
            report.problems.append(f"the dead letter of {place} is not the record that was rejected")


def deciding(seen: SeenHeadline | EventTime) -> SeenHeadline | EventTime:
    """The parts of a state record that decide.

    A crash may lose sightings in the count, sources beyond those that are named, and the time in the bucket.
    """
    if isinstance(seen, EventTime):
        return seen
    bucket = str(bucket_end(parse_instant(seen.last_seen)))
    return structs.replace(seen, sightings=1, source_count=None, source_sketch=None, last_seen=bucket)


def _check_state(
    report: Report, expected: Mapping[tuple[int, bytes], SeenHeadline | EventTime], seen: Content
) -> None:
    """Check that a restart would restore the local engine's state."""
    live: dict[tuple[int, bytes], SeenHeadline | EventTime] = {}
    for record in seen.all:
        live.pop((record.partition, record.key), None)
        if record.value is not None:
            live[record.partition, record.key] = decode_seen(record.value)
    if live.keys() != expected.keys():
        only = [len(expected.keys() - live.keys()), len(live.keys() - expected.keys())]
        report.problems.append(f"state: {only[0]} keys are missing, {only[1]} too many")
    differing = [
        key for key in live.keys() & expected.keys() if deciding(live[key]) != deciding(expected[key])
    ]
    if differing:
        report.problems.append(f"state: {len(differing)} keys differ, such as {differing[:_NAMED]}")


def _check_account(
    report: Report, found: Mapping[str, Content], rejected: Mapping[Place, DeadLetter]
) -> None:
    """Check sightings = new + updates + near + dead letters + exact, counted on the topics."""
    published = sum(
        isinstance(_decode_decision(record.value), Headline)
        for record in found[DECISIONS.name].all
        if not record.headers
    )
    near = len(found[DUPLICATES.name].all)
    residue = report.sightings - published - near - len(rejected) - report.exact
    if residue:
        report.problems.append(f"account: {residue} of {report.sightings} sightings are unaccounted for")
