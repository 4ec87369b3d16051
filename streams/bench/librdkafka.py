"""Competitors on librdkafka, if they are installed (the extra `bench`): its Python client, and Quix Streams."""

import tempfile
from typing import Any, Final

from schemas import cloudevents
from schemas.events import encode
from schemas.topics import HEADLINES, SEEN, SIGHTINGS
from streams.bench.plain import POLL_RECORDS, decode, outputs
from streams.bench.stopwatch import Stopwatch, finish

_PATIENCE_S: Final = 30.0


def confluent(servers: str, prefix: str, records: int) -> None:
    """The bare client: exactly-once by its transactions, every value decoded, state in memory only."""
    from confluent_kafka import Consumer, Producer

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": f"{prefix}-confluent",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "auto.offset.reset": "earliest",
            # Else it sleeps a second whenever its queue is full (librdkafka's default).
            "fetch.queue.backoff.ms": 10,
        }
    )
    producer = Producer(
        {"bootstrap.servers": servers, "transactional.id": f"{prefix}-confluent", "linger.ms": 5}
    )
    producer.init_transactions(_PATIENCE_S)
    consumer.subscribe([SIGHTINGS.on(prefix)])
    watch = Stopwatch(records)
    seen: set[bytes] = set()
    while True:
        fetched = consumer.consume(POLL_RECORDS, timeout=0.5)
        if not fetched:
            continue
        watch.begin()
        producer.begin_transaction()
        for record in fetched:
            sighting = decode(record.value())
            key = record.key()
            if key in seen:
                continue
            seen.add(key)
            headline, row = outputs(sighting)
            identity = sighting.id.encode()
            place: dict[str, Any] = {"partition": record.partition(), "timestamp": record.timestamp()[1]}
            headers = cloudevents.headers(headline, identity)
            producer.produce(HEADLINES.on(prefix), encode(headline), identity, headers=headers, **place)
            producer.produce(SEEN.on(prefix), encode(row), key, **place)
            watch.headlines += 1
        producer.send_offsets_to_transaction(
            consumer.position(consumer.assignment()), consumer.consumer_group_metadata()
        )
        producer.commit_transaction(_PATIENCE_S)
        if watch.add(len(fetched)):
            finish(watch.result())


def quix(servers: str, prefix: str, records: int) -> None:
    """Quix Streams: exactly-once, state in RocksDB with a changelog; timed to the last record, not to its commit."""
    from quixstreams import Application

    watch = Stopwatch(records, sees_commits=False)

    def decide(value: bytes, key: bytes, timestamp: int, headers: Any, state: Any) -> list[bytes]:
        del key, timestamp, headers
        watch.begin()
        sighting = decode(value)
        new = not state.exists("seen")
        published = []
        if new:
            headline, row = outputs(sighting)
            state.set("seen", encode(row).decode())
            published = [encode(headline)]
            watch.headlines += 1
        if watch.add(1):
            finish(watch.result())
        return published

    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=servers,
            consumer_group=f"{prefix}-quix",
            auto_offset_reset="earliest",
            processing_guarantee="exactly-once",
            state_dir=folder,
            loglevel=None,
        )
        source = app.topic(SIGHTINGS.on(prefix), key_deserializer="bytes", value_deserializer="bytes")
        sink = app.topic(HEADLINES.on(prefix), key_serializer="bytes", value_serializer="bytes")
        stream = app.dataframe(source).apply(decide, stateful=True, expand=True, metadata=True)
        stream.to_topic(sink)
        app.run()
