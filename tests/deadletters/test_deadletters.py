"""Dead letters on a real Kafka: listed, shown, tried, sent back once, exported."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.record.default_records import DefaultRecord

from schemas.events import encode
from schemas.topics import DEADLETTERS, POSITIONS, SIGHTINGS
from streams.deadletters.letters import Choice, Letter, read_letters
from streams.deadletters.redrive import read_redriven, redrive
from streams.engine.kafka.outbox import KafkaOutbox
from streams.errors import RecordError
from streams.kafka.transaction import TransactionalProducer
from streams.settings import Connection
from tests.command import on_terminal, rows, ticker
from tests.replay.replay_support import everything, make_topics
from tests.support import START, sighting

pytestmark = pytest.mark.kafka

SOUND = 8


def reject(connection: Connection, prefix: str) -> None:
    """Reject eight sound sightings, as a build with a fault did, and two of rubbish, as every build does."""
    out = KafkaOutbox("deduplicate", prefix, TopicPartition(SIGHTINGS.on(prefix), 2))
    for offset in range(SOUND + 2):
        message = sighting(f"Harbour {offset} opens in Tangier", at=START + offset, source="akhbar")
        assert message.value is not None
        value = encode(message.value) if offset < SOUND else b'{"type": "ticker.sighting.v1"'
        record = DefaultRecord(offset, message.timestamp, 0, message.key, value, list(message.headers))
        out.reject(record, RecordError(f"a fault of build {offset}" if offset < SOUND else "rubbish"))

    async def run() -> None:
        producer = TransactionalProducer(f"{prefix}-reject", list(out.records), connection.aiokafka_options())
        await producer.start()
        await producer.commit(out.records, 2)
        await producer.dispose(1)

    asyncio.run(run())


@pytest.fixture
def connection(kafka: str, topic_prefix: str) -> Connection:
    """A cluster with ten dead letters below `topic_prefix`."""
    connection = Connection(bootstrap_servers=kafka)
    make_topics(connection, topic_prefix, [SIGHTINGS, POSITIONS, DEADLETTERS])
    reject(connection, topic_prefix)
    return connection


def at(connection: Connection, prefix: str) -> tuple[str, ...]:
    return ("--bootstrap-servers", connection.bootstrap_servers, "--topic-prefix", prefix)


def test_letters_are_listed_by_reason_and_shown_whole(connection: Connection, topic_prefix: str) -> None:
    """Two reasons; one letter with its stack and its bytes; a wrong place is a wrong usage."""
    many, few = rows(ticker("deadletters", "list", *at(connection, topic_prefix)))
    assert (many["letters"], few["letters"], many["source"]) == (SOUND, 2, "akhbar")
    narrow = on_terminal("deadletters", "list", *at(connection, topic_prefix), columns=40).splitlines()
    assert any(line.startswith(f"{few['reason']}  ") for line in narrow)
    first = many["first_seen"][:16].replace("T", " ")
    assert any(f" {first} to " in line and line.rstrip().endswith(many["example"]) for line in narrow)
    (shown,) = rows(ticker("deadletters", "show", few["example"], *at(connection, topic_prefix)))
    assert base64.b64decode(shown["value"]).startswith(b'{"type"')
    assert shown["error"]["message"] == "rubbish"
    assert ticker("deadletters", "show", "9/9", *at(connection, topic_prefix)).returncode == 2
    mistyped = ticker("deadletters", "list", "--source", "akhbr", *at(connection, topic_prefix))
    assert (mistyped.returncode, mistyped.stdout) == (0, b"")
    said = mistyped.stderr.decode().translate({0x2068: None, 0x2069: None})
    assert f"none of {SOUND + 2} dead letters is such a one; --source akhbr: did you mean akhbar?" in said


def test_a_trial_counts_what_passes_now(connection: Connection, topic_prefix: str) -> None:
    """Eight of ten, and why the other two do not; exit code 1 while any does not."""
    (tried,) = rows(ticker("deadletters", "try", *at(connection, topic_prefix)), status=1)
    assert (tried["passing"], tried["letters"]) == (SOUND, SOUND + 2)
    assert tried["rejected"][0]["letters"] == 2


def test_a_redrive_says_first_then_sends_once(connection: Connection, topic_prefix: str) -> None:
    """Back to topic and partition, byte for byte, at its event time, attempts after its own headers."""
    dry = rows(ticker("deadletters", "redrive", "--passing", *at(connection, topic_prefix)))[0]
    assert (dry["ready"], dry["refused_by_this_build"], dry["sent"]) == (SOUND, 2, None)
    assert everything(connection, SIGHTINGS.on(topic_prefix)) == []
    for sent in (SOUND, 0):
        (done,) = rows(ticker("deadletters", "redrive", "--passing", "--yes", *at(connection, topic_prefix)))
        assert done["sent"] == sent
    back = everything(connection, SIGHTINGS.on(topic_prefix))
    assert [record.timestamp for record in back] == [START + offset for offset in range(SOUND)]
    assert {record.partition for record in back} == {2}
    assert back[0].headers == (("source", b"akhbar"), ("ticker.error.attempt", b"1"))
    listed = rows(ticker("deadletters", "list", *at(connection, topic_prefix)))
    assert [group["redriven"] for group in listed] == [SOUND, 0]


def test_attempts_are_counted_and_capped(connection: Connection, topic_prefix: str) -> None:
    """What is rejected again has one attempt more; at the cap it stays where it is."""
    rows(ticker("deadletters", "redrive", "--yes", *at(connection, topic_prefix)))
    record = everything(connection, SIGHTINGS.on(topic_prefix))[0]
    out = KafkaOutbox("deduplicate", topic_prefix, TopicPartition(SIGHTINGS.on(topic_prefix), 2))
    out.reject(record, RecordError("again"))
    (row,) = out.records[DEADLETTERS.on(topic_prefix)]
    assert dict(row.headers)["ticker.error.attempt"] == b"2"
    assert [name for name, _ in row.headers].count("ticker.error.attempt") == 1
    (capped,) = rows(ticker("deadletters", "redrive", "--max-attempts", "1", *at(connection, topic_prefix)))
    assert (capped["ready"], capped["sent_before"]) == (0, SOUND + 2)


def test_two_redrives_at_the_same_time_send_once(connection: Connection, topic_prefix: str) -> None:
    """One fences the other; whoever ends, no letter is sent twice."""
    options = connection.aiokafka_options()

    async def run() -> tuple[list[Letter], set[str]]:
        letters, _ = await read_letters(options, topic_prefix, 6, Choice())
        await asyncio.gather(
            *(redrive(options, topic_prefix, letters, letters) for _ in range(3)), return_exceptions=True
        )
        await redrive(options, topic_prefix, letters, letters)
        return letters, await read_redriven(options, topic_prefix, letters)

    letters, redriven = asyncio.run(run())
    assert redriven == {letter.place for letter in letters}
    assert len(everything(connection, SIGHTINGS.on(topic_prefix))) == len(letters)


def test_an_export_loses_no_byte(connection: Connection, topic_prefix: str, tmp_path: Path) -> None:
    """JSON Lines with Base64, to a file or to standard output."""
    path = tmp_path / "letters.jsonl"
    done = ticker("deadletters", "export", path, *at(connection, topic_prefix))
    assert (done.returncode, done.stderr.decode().strip()) == (0, f"{SOUND + 2} dead letters written")
    exported = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    letters = everything(connection, DEADLETTERS.on(topic_prefix))
    assert [base64.b64decode(row["value"]) for row in exported] == [record.value for record in letters]
    assert rows(ticker("deadletters", "export", "-", *at(connection, topic_prefix))) == exported
