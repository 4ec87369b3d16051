"""Topics on a real cluster: made as the contract says, and compared with it."""

import asyncio
import socket
from typing import Any

import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from schemas.topics import DEADLETTERS, HEADLINES, POSITIONS, SEEN, TOPICS, Topic
from streams.errors import SettingsError, TickerError
from streams.kafka.connect import reach
from streams.kafka.topics import check, create, wait_for
from streams.settings import Connection
from tests.kafka_support import administer, wait_until

pytestmark = pytest.mark.kafka


@pytest.fixture
def connection(kafka: str) -> Connection:
    """A connection to the broker that all tests share."""
    return Connection(bootstrap_servers=kafka)


def test_created_topics_are_as_the_contract_says(connection: Connection, topic_prefix: str) -> None:
    """After create, check finds nothing to say about any topic."""
    outcomes = administer(connection, create, TOPICS, prefix=topic_prefix)
    assert {outcome.topic for outcome in outcomes} == {topic.on(topic_prefix) for topic in TOPICS}
    assert {outcome.outcome for outcome in outcomes} == {"created"}
    assert administer(connection, check, TOPICS, prefix=topic_prefix) == []


def test_create_leaves_what_exists(connection: Connection, topic_prefix: str) -> None:
    """A second create makes only what is missing, and says what was there."""
    administer(connection, create, [SEEN], prefix=topic_prefix)
    outcomes = administer(connection, create, [SEEN, POSITIONS], prefix=topic_prefix)
    assert [outcome.outcome for outcome in outcomes] == ["exists", "created"]


def test_check_tells_missing_topics(connection: Connection, topic_prefix: str) -> None:
    """Each topic that is missing is one difference, mended by create; looking makes none."""
    for _ in range(2):
        differences = administer(connection, check, [SEEN, HEADLINES], prefix=topic_prefix)
        assert [(each.topic, each.found, each.mend) for each in differences] == [
            (SEEN.on(topic_prefix), "missing", "ticker topics create"),
            (HEADLINES.on(topic_prefix), "missing", "ticker topics create"),
        ]


def test_check_tells_changed_configuration(connection: Connection, topic_prefix: str) -> None:
    """Cleanup, retention and the rest are compared, and the command that mends is given."""
    administer(connection, create, [SEEN, HEADLINES], prefix=topic_prefix)
    changed = [
        ConfigResource(
            ConfigResourceType.TOPIC, SEEN.on(topic_prefix), {**SEEN.config, "cleanup.policy": "delete"}
        ),
        ConfigResource(
            ConfigResourceType.TOPIC, HEADLINES.on(topic_prefix), {**HEADLINES.config, "retention.ms": "1000"}
        ),
    ]
    administer(connection, lambda client: client.alter_configs(changed))
    differences = wait_until(lambda: administer(connection, check, [SEEN, HEADLINES], prefix=topic_prefix))
    assert [(each.topic, each.what, each.wanted, each.found) for each in differences] == [
        (SEEN.on(topic_prefix), "cleanup.policy", "compact", "delete"),
        (HEADLINES.on(topic_prefix), "retention.ms", str(HEADLINES.retention_ms), "1000"),
    ]
    assert "--add-config cleanup.policy=compact" in differences[0].mend


@pytest.mark.parametrize(("made", "mend"), [(2, "--partitions 6"), (8, "another --topic-prefix")])
def test_check_tells_another_number_of_partitions(
    connection: Connection, topic_prefix: str, made: int, mend: str
) -> None:
    """Fewer partitions can be added; more cannot be taken away."""
    few = Topic(name="seen", events=(), key="", description="", partitions=1, cleanup="compact")
    administer(connection, create, [few], prefix=topic_prefix)
    more = {few.on(topic_prefix): NewPartitions(made)}
    administer(connection, lambda client: client.create_partitions(more))
    found = wait_until(
        lambda: [
            difference
            for difference in administer(connection, check, [SEEN], prefix=topic_prefix)
            if difference.what == "partitions" and difference.found == str(made)
        ]
    )
    assert [difference.wanted for difference in found] == ["6"]
    assert mend in found[0].mend


def test_more_copies_than_brokers_are_refused(connection: Connection, topic_prefix: str) -> None:
    """Replication beyond the cluster's size is a wrong setting, and says what would be allowed."""
    with pytest.raises(SettingsError, match=r"topics\.replication: 3 copies.*up to 1"):
        administer(connection, create, [SEEN], prefix=topic_prefix, replication=3)


def test_a_topic_that_kafka_refuses_is_named(connection: Connection, topic_prefix: str) -> None:
    """The broker's own reason reaches the user, with the topic."""
    wrong = Topic(name="wrong", events=(), key="", description="", partitions=1, segment_bytes=-1)
    with pytest.raises(TickerError, match=rf"{topic_prefix}\.wrong: .*segment\.bytes"):
        administer(connection, create, [wrong], prefix=topic_prefix)


def test_dead_letters_hold_the_largest_record_of_another_topic() -> None:
    """A record that fits its topic fits the dead letters together with the reason."""
    others = [topic.max_message_bytes for topic in TOPICS if topic is not DEADLETTERS]
    assert max(others) + 512 * 1024 <= DEADLETTERS.max_message_bytes


def test_no_broker_is_told_after_the_time_that_was_given() -> None:
    """Nobody at the address: tried again, said once, then an error that says what to do."""
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    connection = Connection(bootstrap_servers=f"127.0.0.1:{port}")
    with pytest.raises(TickerError, match=rf"no Kafka broker answers at 127\.0\.0\.1:{port} .*ticker broker"):
        asyncio.run(reach(connection, patience=0.3, report=said.append))
    assert len(said) == 1


def test_one_broker_of_several_is_enough(kafka: str) -> None:
    """A dead address among the bootstrap servers does no harm."""
    asyncio.run(reach(Connection(bootstrap_servers=f"127.0.0.1:1,{kafka}"), patience=0))


def test_topics_are_waited_for_until_they_are_made(connection: Connection, topic_prefix: str) -> None:
    """What is missing is told once, not at every look; the wait ends when somebody has made all of them."""
    told: list[str] = []

    async def wait_and_make(client: Any) -> None:
        waiting = asyncio.create_task(
            wait_for(client, [SEEN, POSITIONS], prefix=topic_prefix, report=told.append)
        )
        await create(client, [SEEN], prefix=topic_prefix)
        assert not waiting.done()
        await create(client, [POSITIONS], prefix=topic_prefix)
        await asyncio.wait_for(waiting, 60)

    administer(connection, wait_and_make)
    assert len(told) == 1
    assert POSITIONS.on(topic_prefix) in told[0]
    assert "`ticker topics create`" in told[0]
