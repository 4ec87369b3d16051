"""Replays on a real Kafka: what is kept, what is refused, what is gone on with, what is cleaned."""

import asyncio
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import NewTopic, RecordsToDelete
from aiokafka.structs import OffsetAndMetadata
from msgspec.structs import replace

from schemas.headers import REPLAY_ID_HEADER, REPLAY_SOURCE_HEADER
from schemas.instants import format_instant
from schemas.marks import Progress
from schemas.topics import POSITIONS, SEEN, SIGHTINGS
from streams.errors import SettingsError, TickerError
from streams.replay import ledger
from streams.replay.apply import apply
from streams.replay.attempt import cut_since
from streams.replay.clean import clean, look
from streams.replay.select import Selection
from streams.settings import Connection
from tests.command import rows, ticker
from tests.kafka_support import administer, produce
from tests.replay.replay_support import (
    Quiet,
    applied,
    between,
    content,
    drafted,
    everything,
    exists,
    kill_while_applying,
    make_topics,
    publish,
    sightings,
)
from tests.support import START

pytestmark = pytest.mark.kafka

COUNT = 600


@pytest.fixture(scope="module")
def connection(kafka: str) -> Connection:
    return Connection(bootstrap_servers=kafka)


@pytest.fixture(scope="module")
def recorded(connection: Connection) -> str:
    """A prefix with sightings in it that no test changes."""
    prefix = "replay-recorded"
    make_topics(connection, prefix)
    publish(connection, prefix, sightings(COUNT))
    return prefix


@pytest.mark.parametrize("speed", ["max", "3000/s", "100x"])
def test_a_replay_keeps_everything_in_order(
    connection: Connection, recorded: str, topic_prefix: str, speed: str
) -> None:
    """Keys, values, event times, headers, partitions and order; its own two headers come last."""
    ends = between(connection)
    plan, checks = drafted(ends, recorded, topic_prefix, speed=speed, id="r1")
    assert {each.outcome for each in checks} == {"ok"}
    assert plan.records == COUNT
    closing = applied(plan, ends)
    assert closing.whole
    assert (closing.read, closing.filtered, closing.written, closing.found) == (COUNT, 0, COUNT, COUNT)
    before = everything(connection, SIGHTINGS.on(recorded))
    after = everything(connection, SIGHTINGS.on(topic_prefix))
    assert content(after) == content(before)
    for old, new in zip(before, after, strict=True):
        place = f"{old.topic}/{old.partition}/{old.offset}".encode()
        assert new.headers == (*old.headers, (REPLAY_ID_HEADER, b"r1"), (REPLAY_SOURCE_HEADER, place))


def test_only_what_is_selected_is_written(connection: Connection, recorded: str, topic_prefix: str) -> None:
    """By source, language, text and a window of time; the report says what was read and left out."""
    ends = between(connection)
    since, until = START + 10_000, START + 50_000
    selection = Selection(sources=("akhbar-1",), languages=("ar",), text=r"\d$")
    plan, _ = drafted(ends, recorded, topic_prefix, since=since, until=until, warm_up=0, selection=selection)
    closing = applied(plan, ends)
    wanted = [
        record
        for record in everything(connection, SIGHTINGS.on(recorded))
        if since <= record.timestamp < until and record.partition == 0 and record.headers[0][1] == b"akhbar-1"
    ]
    assert len(wanted) == closing.written == plan.records > 50
    assert closing.read == closing.filtered + closing.written
    assert content(everything(connection, SIGHTINGS.on(topic_prefix))) == content(wanted)


def test_a_window_of_offsets_leaves_other_partitions_out(
    connection: Connection, recorded: str, topic_prefix: str
) -> None:
    """`0:10-30` is twenty records of partition 0."""
    ends = between(connection)
    plan, _ = drafted(ends, recorded, topic_prefix, offsets={0: (10, 30)})
    assert applied(plan, ends).written == 20
    assert {record.partition for record in everything(connection, SIGHTINGS.on(topic_prefix))} == {0}


def test_a_replay_that_is_done_writes_nothing_again(
    connection: Connection, recorded: str, topic_prefix: str
) -> None:
    """Applying a plan twice is applying it once."""
    ends = between(connection)
    plan, _ = drafted(ends, recorded, topic_prefix)
    assert applied(plan, ends) is not None
    again = applied(plan, ends)
    assert again.whole
    assert again.written == again.found == COUNT


def test_a_killed_replay_goes_on_where_it_was(
    connection: Connection, recorded: str, topic_prefix: str, tmp_path: Path
) -> None:
    """After kill -9 in the middle nothing is lost and nothing doubled."""
    plan, _ = drafted(between(connection), recorded, topic_prefix, speed="400/s")
    kill_while_applying(plan, connection, tmp_path, kills=2)
    closing = applied(replace(plan, speed="max"), between(connection))
    assert closing.whole
    assert content(everything(connection, SIGHTINGS.on(topic_prefix))) == content(
        everything(connection, SIGHTINGS.on(recorded))
    )


def test_a_second_apply_takes_over_from_the_first(
    connection: Connection, recorded: str, topic_prefix: str
) -> None:
    """The older one stops and says so; the newer one ends the work, nothing is doubled."""
    ends = between(connection)
    plan, _ = drafted(ends, recorded, topic_prefix, speed="300/s")

    async def run() -> BaseException | None:
        older = asyncio.create_task(apply(plan, ends, watching := Quiet()))
        while watching.records < 30:
            assert not older.done()
            await asyncio.sleep(0)
        newer = await apply(replace(plan, speed="max"), ends, Quiet())
        assert newer.whole
        await asyncio.wait([older])
        return older.exception()

    error = asyncio.run(asyncio.wait_for(run(), 60))
    assert isinstance(error, TickerError)
    assert "has taken over" in str(error)


def test_a_target_with_other_partitions_is_refused_unless_told(
    connection: Connection, recorded: str, topic_prefix: str
) -> None:
    """Accepted, whole partitions are laid together: a key's records stay together and in order."""
    make_topics(connection, topic_prefix, [POSITIONS])
    config = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
    topic = NewTopic(SIGHTINGS.on(topic_prefix), 2, 1, topic_configs=config)
    administer(connection, lambda client: client.create_topics([topic]))
    ends = between(connection)
    plan, _ = drafted(ends, recorded, topic_prefix)
    with pytest.raises(SettingsError, match="6 at the source, 2 at the target"):
        applied(plan, ends)
    closing = applied(replace(plan, accept=("partitions",)), ends)
    assert closing.whole
    written = everything(connection, SIGHTINGS.on(topic_prefix))
    for partition in (0, 2):
        of_source = f"{SIGHTINGS.on(recorded)}/{partition}/".encode()
        kept = [record.value for record in written if record.headers[-1][1].startswith(of_source)]
        assert kept == [
            record.value
            for record in everything(connection, SIGHTINGS.on(recorded))
            if record.partition == partition
        ]


def test_what_retention_cut_is_said_before_the_start(connection: Connection, topic_prefix: str) -> None:
    """When the plan is made, and when it was cut since: nothing is written."""
    source, target = topic_prefix, f"{topic_prefix}-target"
    make_topics(connection, source)
    publish(connection, source, sightings(40))
    ends = between(connection)
    plan, _ = drafted(ends, source, target, create=True)
    gone = {TopicPartition(SIGHTINGS.on(source), 0): RecordsToDelete(before_offset=5)}
    administer(connection, lambda client: client.delete_records(gone))
    with pytest.raises(SettingsError, match=r"offsets 0 to 4 of partition 0 are gone; plan again"):
        applied(plan, ends)
    assert not exists(connection, SIGHTINGS.on(target))
    _, checks = drafted(ends, source, target, since=START)
    refused = next(each for each in checks if each.name == "window")
    assert refused.outcome == "refused"
    assert "partition 0 begins at offset 5" in refused.finding


def test_what_retention_cut_of_an_earlier_run_is_told_until_it_is_replayed(
    connection: Connection, topic_prefix: str
) -> None:
    """What stood before the first record that is not replayed is missed by nobody."""
    source, target = topic_prefix, f"{topic_prefix}-target"
    make_topics(connection, source)
    publish(connection, source, sightings(40))
    ends = between(connection)
    plan, _ = drafted(ends, source, target)
    assert asyncio.run(cut_since(plan, ends)) == ()
    gone = {TopicPartition(SIGHTINGS.on(source), 0): RecordsToDelete(before_offset=5)}
    administer(connection, lambda client: client.delete_records(gone))
    assert asyncio.run(cut_since(plan, ends)) == ("offsets 0 to 4 of partition 0 are gone",)
    key = ledger.progress_key(plan.id, 0)
    for reached, cut in ((3, ("offsets 3 to 4 of partition 0 are gone",)), (5, ())):
        row = Progress(offset=reached, base=0)
        asyncio.run(ledger.write(connection.aiokafka_options(), target, key, row))
        assert asyncio.run(cut_since(plan, ends)) == cut


def test_event_times_ahead_of_the_target_are_said_before_the_start(
    connection: Connection, topic_prefix: str
) -> None:
    """A source whose clock runs ahead wrote what a broker would refuse in the middle of the replay."""
    source, target = topic_prefix, f"{topic_prefix}-target"
    make_topics(connection, source)
    plan, _ = drafted(between(connection), source, target)
    ahead = replace(
        plan.spans[0], first_time=format_instant(START), last_time="2126-01-01T00:00:00.000Z", end=1
    )
    with pytest.raises(SettingsError, match="ahead of this clock"):
        applied(replace(plan, spans=(ahead, *plan.spans[1:])), between(connection))


def test_another_runs_state_does_not_decide(connection: Connection, recorded: str, topic_prefix: str) -> None:
    """A prefix whose seen headlines are not the replay's is refused."""
    make_topics(connection, topic_prefix, [SIGHTINGS, POSITIONS, SEEN])
    produce(connection, SEEN.on(topic_prefix), [b"{}"], key=b"key")
    _, checks = drafted(between(connection), recorded, topic_prefix)
    assert {each.name for each in checks if each.outcome == "refused"} == {"state"}


def test_consumers_of_the_target_are_not_outrun(
    connection: Connection, recorded: str, topic_prefix: str
) -> None:
    """While a group is too far behind, the replay waits; it goes on when the group has caught up."""
    ends = between(connection)
    plan, _ = drafted(ends, recorded, topic_prefix, speed="500/s", max_lag=100, groups=("readers",))
    topic = SIGHTINGS.on(topic_prefix)

    async def run() -> Quiet:
        reader = AIOKafkaConsumer(
            group_id="readers", enable_auto_commit=False, **connection.aiokafka_options()
        )
        await reader.start()
        try:
            places = [TopicPartition(topic, number) for number in range(6)]
            reader.assign(places)
            await reader.commit({place: OffsetAndMetadata(0, "") for place in places})
            replaying = asyncio.create_task(apply(plan, ends, watching := Quiet()))
            while watching.pacer is None or not watching.pacer.held:
                assert not replaying.done()
                await asyncio.sleep(0.01)
            held_at = watching.records
            assert 100 < held_at < COUNT
            await reader.commit({place: OffsetAndMetadata(10**6, "") for place in places})
            closing = await replaying
            assert closing.whole
            assert closing.held_seconds > 0
            return watching
        finally:
            await reader.stop()

    watching = asyncio.run(asyncio.wait_for(run(), 60))
    assert max(watching.lags) > 100
    assert any("waiting for the target's consumers" in line for line in watching.said)


def test_clean_removes_what_the_replay_made_and_nothing_else(
    connection: Connection, recorded: str, topic_prefix: str
) -> None:
    """Topics that it made go; the source and others' topics stay; a second time there is nothing."""
    plan, _ = drafted(between(connection), recorded, topic_prefix, create=True)
    applied(plan, between(connection))
    removal = asyncio.run(look(connection, topic_prefix, plan.id, patience=30))
    assert SIGHTINGS.on(topic_prefix) in removal.topics
    assert not removal.kept
    asyncio.run(clean(connection, removal, patience=30))
    topics = administer(connection, lambda client: client.list_topics())
    assert not [name for name in topics if name.startswith(f"{topic_prefix}.")]
    assert len(everything(connection, SIGHTINGS.on(recorded))) == COUNT
    with pytest.raises(SettingsError, match="is --topic-prefix right"):
        asyncio.run(look(connection, topic_prefix, plan.id, patience=30))


def test_clean_leaves_what_others_wrote(connection: Connection, recorded: str, topic_prefix: str) -> None:
    """In a topic that was there before, only records that stand before all others can go."""
    ends = between(connection)
    first, _ = drafted(ends, recorded, topic_prefix, offsets={0: (0, 50)}, id="first")
    applied(first, ends)
    second, _ = drafted(ends, recorded, topic_prefix, offsets={0: (50, 80)}, id="second")
    applied(second, ends)
    stuck = asyncio.run(look(connection, topic_prefix, "second", patience=30))
    assert [(cut.removed, cut.left) for cut in stuck.cuts] == [(0, 30)]
    removal = asyncio.run(look(connection, topic_prefix, "first", patience=30))
    assert (removal.topics, [(cut.removed, cut.left) for cut in removal.cuts]) == ((), [(50, 0)])
    asyncio.run(clean(connection, removal, patience=30))
    left = everything(connection, SIGHTINGS.on(topic_prefix))
    assert len(left) == 30
    assert {dict(record.headers)[REPLAY_ID_HEADER] for record in left} == {b"second"}
    with pytest.raises(SettingsError, match=r"there is no replay 'first'.*there are: second"):
        asyncio.run(look(connection, topic_prefix, "first", patience=30))


def test_the_commands_plan_apply_and_clean(
    kafka: str, recorded: str, topic_prefix: str, tmp_path: Path
) -> None:
    """The whole way on the command line, with JSON in pipes and exit codes."""
    path = tmp_path / "plan.json"
    here = ("--bootstrap-servers", kafka, "--topic-prefix", recorded)
    to = ("--to-topic-prefix", topic_prefix, "--speed", "max", "-o", path)
    refused = ticker("replay", "plan", "sightings", *here, *to)
    assert refused.returncode == 1
    assert not path.exists()
    assert b"--create" in refused.stdout
    (planned,) = rows(ticker("replay", "plan", "sightings", *here, *to, "--create", "--language", "en"))
    assert planned["plan"]["selection"] == {"languages": ["en"]}
    records = sum(span["records"] for span in planned["plan"]["spans"])
    assert 0 < records < COUNT
    (closing,) = rows(ticker("replay", "apply", path))
    assert (closing["written"], closing["lost"], closing["doubled"]) == (records, 0, 0)
    (said,) = rows(ticker("replay", "clean", path))
    assert said["removed"] is False
    (done,) = rows(ticker("replay", "clean", path, "--yes"))
    assert done["removed"] is True


def test_production_is_named_by_a_setting(
    kafka: str, recorded: str, topic_prefix: str, tmp_path: Path
) -> None:
    """A cluster id in `production_clusters` refuses every plan that writes to it."""
    here = ("--bootstrap-servers", kafka, "--topic-prefix", recorded, "--to-topic-prefix", topic_prefix)
    plan = ("replay", "plan", "sightings", *here, "--create", "-o", tmp_path / "plan.json")
    (planned,) = rows(ticker(*plan))
    cluster = planned["plan"]["target"]["cluster_id"]
    refused = ticker(*plan, TICKER_PRODUCTION_CLUSTERS=f"other,{cluster}")
    assert refused.returncode == 1
    assert f"--accept production:{cluster}".encode() in refused.stdout
    rows(ticker(*plan, "--accept", f"production:{cluster}", TICKER_PRODUCTION_CLUSTERS=cluster))
