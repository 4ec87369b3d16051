"""Strips through a new splitter: in the recorded order, each once, and what it makes of them otherwise."""

import asyncio
import time
from pathlib import Path

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

import streams.replay.resplit
from schemas.instants import format_instant
from schemas.topics import SIGHTINGS, TOPICS
from streams.errors import SplitError
from streams.produce.split import Split, split
from streams.replay.diff import Result
from streams.replay.plan import Plan
from streams.replay.resplit import replayed_strips, split_replayed
from streams.replay.slots import slot_changes
from streams.settings import Connection
from tests.command import rows, ticker
from tests.kafka_support import administer
from tests.replay.replay_support import applied, between, drafted, everything, headline, make_topics
from tests.replay.test_same_decisions import result_of, workers

pytestmark = pytest.mark.kafka

SOURCES = ("akhbar", "voix", "herald")


@pytest.fixture(scope="module")
def recorded(kafka: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A prefix whose strips were produced: three sources that show one thing at the same moment, and one that pins."""
    connection, folder = Connection(bootstrap_servers=kafka), tmp_path_factory.mktemp("resplit")
    prefix = f"test-{folder.name}"
    make_topics(connection, prefix, TOPICS)
    begin = time.time_ns() // 1_000_000 - 3_600_000
    lines = []
    for turn in range(12):
        for number, source in enumerate(SOURCES):
            texts = [headline(turn + each) + ("" if number else "!") for each in range(5)]
            strip = {
                "source": source,
                "observed_at": format_instant(begin + turn * 60_000),
                "text": " | ".join(texts),
            }
            lines.append(msgspec.json.encode(strip))
        pinned = {"source": "pinned", "text": "Storm nears port / ferries stay | all day", "separator": " / "}
        lines.append(msgspec.json.encode(pinned | {"observed_at": format_instant(begin + turn * 60_000)}))
    strips = folder / "strips.jsonl"
    strips.write_bytes(b"\n".join(lines))
    here = ("--bootstrap-servers", kafka, "--topic-prefix", prefix)
    assert ticker("produce", strips, *here).returncode == 0
    return prefix


def replayed(connection: Connection, source: str, target: str) -> Plan:
    plan, _ = drafted(between(connection), source, target, topic="strips", create=True)
    assert applied(plan, between(connection)).whole
    return plan


def sighted(connection: Connection, prefix: str) -> list[tuple[int, bytes, bytes, int]]:
    """What stands in the sightings, in order."""
    records = everything(connection, SIGHTINGS.on(prefix))
    return [(each.partition, each.key, each.value, each.timestamp) for each in records]


async def changes(plan: Plan, connection: Connection) -> tuple[tuple[object, ...], ...]:
    ends = between(connection)
    places = await streams.replay.resplit.places_of(ends, plan)
    strips = await replayed_strips(plan, ends.target.aiokafka_options(), places)
    found = await slot_changes(plan, ends, strips)
    return found.gained, found.lost, found.changed


class Killed(Exception):  # noqa: N818 (it stands for a kill)
    """The end of a splitter."""


def split_until_killed(plan: Plan, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Split strips anew, up to the twentieth; little is written at a time, so that some of it is."""
    monkeypatch.setattr(streams.replay.resplit, "_WRITTEN_AT_ONCE", 7)

    def told(done: int, _of: int) -> None:
        if done == 20:
            raise Killed

    with pytest.raises(Killed):
        asyncio.run(split_replayed(plan, between(connection), told=told))


def test_the_same_splitter_makes_the_same_sightings_in_the_same_order(
    kafka: str, recorded: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, also of sources that showed it at one moment; one that was killed goes on, each once."""
    connection = Connection(bootstrap_servers=kafka)
    plan = replayed(connection, recorded, topic_prefix)
    split_until_killed(plan, connection, monkeypatch)
    assert 0 < len(sighted(connection, topic_prefix)) < len(sighted(connection, recorded))
    found = asyncio.run(split_replayed(plan, between(connection)))
    assert (found.strips, found.failed) == (48, 0)
    assert sighted(connection, topic_prefix) == sighted(connection, recorded)
    assert asyncio.run(changes(plan, connection)) == ((), (), ())


def test_one_that_was_killed_goes_on_when_retention_has_cut_the_recorded_order(
    kafka: str, recorded: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written before is known by itself, not by its number: nothing is lost or doubled."""
    connection, source = Connection(bootstrap_servers=kafka), f"{topic_prefix}-source"
    for topic in ("strips", "sightings"):
        copy, _ = drafted(between(connection), recorded, source, topic=topic, create=True, accept=("state",))
        assert applied(copy, between(connection)).whole
    plan = replayed(connection, source, topic_prefix)
    split_until_killed(plan, connection, monkeypatch)
    before = sighted(connection, topic_prefix)
    assert before
    last = {each.partition: each.offset for each in everything(connection, SIGHTINGS.on(source))}
    cut = {
        TopicPartition(SIGHTINGS.on(source), number): RecordsToDelete(before_offset=offset // 2)
        for number, offset in last.items()
    }
    administer(connection, lambda client: client.delete_records(cut))
    asyncio.run(split_replayed(plan, between(connection)))
    after = sighted(connection, topic_prefix)
    assert set(before) <= set(after)
    assert sorted(after) == sorted(sighted(connection, recorded))


def test_slots_gained_lost_and_changed_are_told(
    kafka: str, recorded: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A splitter that loses the first headline of one source, cannot read another, and cuts the third."""
    connection = Connection(bootstrap_servers=kafka)

    def other(text: str, form: str, separator: str | None) -> Split:
        assert form == "text"
        good = split(text, separator)
        if separator is not None:
            raise SplitError("strip", "no more")
        first, *rest = good.slots
        if first.text.endswith("!"):
            return Split(tuple(rest), good.separator, good.confidence)
        return Split((type(first)(first.text[:-2]), *rest, type(first)(f"Extra {text[:9]}")), None, 1.0)

    monkeypatch.setattr(streams.replay.resplit, "resplit", other)
    plan = replayed(connection, recorded, topic_prefix)
    found = asyncio.run(split_replayed(plan, between(connection)))
    assert found.failed == 12
    gained, lost, changed = asyncio.run(changes(plan, connection))
    assert len(lost) == 12 + 24  # the first of one source, both of the pinned one
    assert len(changed) == len(gained) == 24
    assert {row.source for row in gained} == {"voix", "herald"}  # type: ignore[attr-defined]


def test_a_try_of_strips_ends_in_decisions(kafka: str, recorded: str, tmp_path: Path) -> None:
    """Replayed, split, decided, compared with what was recorded: no difference, and nothing left."""
    connection = Connection(bootstrap_servers=kafka)
    with workers(connection, [recorded]):
        wanted = Result(headlines=dict.fromkeys(map(str, range(18))))  # type: ignore[arg-type]
        assert len(result_of(connection, recorded, wanted).headlines) >= 18
    here = ("--bootstrap-servers", kafka, "--topic-prefix", recorded, "--folder", tmp_path / "try")
    done = ticker("replay", "try", "strips", *here, "--json")
    (summary,) = rows(done)
    assert summary["common"] >= 18
    assert "48 strips, 0 of them not split" in (tmp_path / "try" / "report.html").read_text()
    assert b"split" in done.stderr.splitlines()
