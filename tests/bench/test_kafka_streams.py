"""Kafka Streams as a contender: it does what the bare clients do, so that its figures can stand beside theirs."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from msgspec.json import decode
from msgspec.structs import replace

from schemas import cloudevents
from schemas.events import Headline, SeenHeadline
from schemas.topics import HEADLINES, SEEN, SIGHTINGS
from streams.bench import plain
from streams.bench.contenders import CONTENDERS
from streams.bench.corpus import make
from streams.bench.kafka import fill, run_process
from streams.bench.stopwatch import Run
from streams.dev.jars import silent
from streams.errors import SettingsError, TickerError
from streams.settings import Connection
from tests.chaos.topics import contents
from tests.kafka_support import unavailable

CHANGELOG = replace(SEEN, name="kafka-streams-seen-changelog")


def _prepare(name: str) -> None:
    contender = CONTENDERS[name]
    if contender.lacks is not None:
        unavailable(name, SettingsError(contender.lacks))
    assert contender.fetch is not None
    try:
        contender.fetch(silent)
    except TickerError as error:
        unavailable(name, error)


@pytest.mark.kafka
def test_kafka_streams_publishes_what_the_bare_clients_publish(
    kafka: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each pass makes a headline and a state row of each new key; what is timed is the second pass."""
    name = "kafka-streams-rocksdb"
    _prepare(name)
    connection = Connection(bootstrap_servers=kafka)
    corpus = make("natural", 540, sources=2)
    asyncio.run(fill(connection, topic_prefix, corpus))

    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")  # nothing is measured: a quick start
    run = run_process(name, kafka, topic_prefix, corpus.sightings, Run)

    topics = (SIGHTINGS, HEADLINES, CHANGELOG)
    found = asyncio.run(contents(connection, topic_prefix, topics))
    first: dict[tuple[int, bytes], Any] = {}
    for record in found[SIGHTINGS.name].all:
        first.setdefault((record.partition, record.key), record)
    expected = [(record, *plain.outputs(plain.decode(record.value))) for record in first.values()]
    published = Counter(
        (decode(record.value, type=Headline), record.key, record.timestamp, record.headers)
        for record in found[HEADLINES.name].all
    )
    assert published == {
        (
            headline,
            headline.id.encode(),
            record.timestamp,
            tuple(cloudevents.headers(headline, headline.id.encode())),
        ): 2
        for record, headline, _ in expected
    }
    assert {
        (record.partition, record.key): decode(record.value, type=SeenHeadline)
        for record in found[CHANGELOG.name].all
    } == {(record.partition, record.key): row for record, _, row in expected}
    assert run.headlines == len(expected) < run.all.records == corpus.sightings
    assert run.all.seconds >= run.steady.seconds > 0
    assert run.all.longest_gap_seconds is not None
    assert run.peak_memory_mib > 1
