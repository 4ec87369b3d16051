"""What a publisher writes to a real broker: every record in its partition, told once all replicas have it."""

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from schemas.events import MAX_TEXT, Strip, encode
from schemas.headers import SOURCE_HEADER
from schemas.routing import partition_by_hash, partition_of
from schemas.topics import DEADLETTERS, SIGHTINGS, STRIPS, Topic
from streams.kafka.topics import create
from streams.produce.publish import Publisher
from streams.produce.sightings import StripSightings, sightings, strip_id
from streams.produce.split import Slot
from streams.settings import Connection
from tests.chaos.topics import LASTING, contents
from tests.kafka_support import administer
from tests.support import START

pytestmark = pytest.mark.kafka

SLOTS = (
    Slot("Port reopens after the storm"),
    Slot("الفلاحون يرحبون بأمطار الخريف"),
    Slot(""),
    Slot("a" * (MAX_TEXT + 1)),
)


def strip(source: str = "akhbar") -> Strip:
    """A strip of `SLOTS`."""
    observed_at = "2026-03-11T08:00:00.000Z"
    return Strip(
        id=strip_id(source, observed_at, "shown"),
        source=source,
        observed_at=observed_at,
        text="shown",
        slots=len(SLOTS),
        confidence=1.0,
    )


def publish(connection: Connection, prefix: str, *strips: Strip) -> tuple[list[Strip], list[Strip], int]:
    """Publish strips: those acknowledged before the flush, those after it, and the sightings published."""
    told: list[Strip] = []

    def acknowledged(published: Sequence[tuple[Strip, StripSightings]]) -> None:
        told.extend(strip for strip, _ in published)

    async def run() -> tuple[list[Strip], int]:
        async with Publisher(
            connection.aiokafka_options(), prefix=prefix, acknowledged=acknowledged
        ) as publisher:
            for each in strips:
                await publisher.publish(each, sightings(each, SLOTS))
            before = list(told)
            await publisher.flush()
            return before, publisher.published

    before, count = asyncio.run(run())
    return before, told, count


def make(connection: Connection, prefix: str, *topics: Topic) -> None:
    """Make topics."""
    administer(connection, create, topics, prefix=prefix)


def test_a_strip_and_all_that_came_of_it_are_written(kafka: str, topic_prefix: str) -> None:
    """The strip by its source, sightings by language, a rejected slot beside its strip; acknowledged at the flush."""
    connection = Connection(bootstrap_servers=kafka)
    make(connection, topic_prefix, *LASTING)
    before, after, count = publish(connection, topic_prefix, strip())
    assert (before, after, count) == ([], [strip()], 2)
    found = asyncio.run(contents(connection, topic_prefix, [STRIPS, SIGHTINGS, DEADLETTERS]))
    (shown,) = found[STRIPS.name].all
    assert (shown.key, shown.value, shown.timestamp) == (b"akhbar", encode(strip()), START)
    assert shown.partition == partition_by_hash("akhbar", STRIPS.partitions)
    seen = {record.partition: record for record in found[SIGHTINGS.name].all}
    assert seen.keys() == {partition_of(language, SIGHTINGS.partitions) for language in ("en", "ar")}
    assert all(record.headers == ((SOURCE_HEADER, b"akhbar"),) for record in seen.values())
    (letter,) = found[DEADLETTERS.name].all
    assert (letter.key, letter.value) == (f"{strip().id}-3".encode(), b"a" * (MAX_TEXT + 1))


def test_what_a_broker_refuses_becomes_a_dead_letter_and_the_rest_is_published(
    kafka: str, topic_prefix: str
) -> None:
    """Sightings that are too large for their topic are kept with the broker's reason; the strip is acknowledged."""
    connection = Connection(bootstrap_servers=kafka)
    make(
        connection,
        topic_prefix,
        *(
            replace(topic, max_message_bytes=100) if topic.name == SIGHTINGS.name else topic
            for topic in LASTING
        ),
    )
    _, after, count = publish(connection, topic_prefix, strip())
    assert (after, count) == ([strip()], 0)
    found = asyncio.run(contents(connection, topic_prefix, [STRIPS, DEADLETTERS]))
    assert len(found[STRIPS.name].all) == 1
    reasons = [dict(letter.headers)["ticker.error.message"] for letter in found[DEADLETTERS.name].all]
    assert sum(b"MessageSizeTooLargeError" in reason for reason in reasons) == 2
