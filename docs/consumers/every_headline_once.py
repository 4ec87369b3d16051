"""Take every headline exactly once, whatever is killed and when (confluent-kafka and SQLite).

    pip install confluent-kafka
    python every_headline_once.py 127.0.0.1:9092 ticker.headlines headlines.db

What it takes and how far it has read are written in one transaction of its own database, and reading starts where
that says. Kafka's group offsets are not asked: they would be a second truth. Ends where the topic ends; without
`PARTITION_EOF` it would go on.
"""

import json
import sqlite3
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

AT_ONCE = 200


def main(servers: str, topic: str, database: str) -> None:
    """Read from where the database stands to the end of every partition."""
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("CREATE TABLE IF NOT EXISTS headlines (id PRIMARY KEY, chain, category, text)")
    store.execute("CREATE TABLE IF NOT EXISTS positions (partition INTEGER PRIMARY KEY, position)")
    positions = dict(store.execute("SELECT partition, position FROM positions"))
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "unused",  # this client wants one; nothing is committed to it
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign(
        [TopicPartition(topic, each, positions.get(each, OFFSET_BEGINNING)) for each in partitions]
    )
    unfinished = set(partitions)
    while unfinished:
        store.execute("BEGIN")
        for message in consumer.consume(AT_ONCE, timeout=1):
            if message.error() is None:
                headline = json.loads(message.value())
                # One id, one row: a replay or a restored cluster may show a headline a second time.
                row = [headline[name] for name in ("id", "chain", "category", "text")]
                store.execute("INSERT OR IGNORE INTO headlines VALUES (?, ?, ?, ?)", row)
                position = (message.partition(), message.offset() + 1)
                store.execute("INSERT OR REPLACE INTO positions VALUES (?, ?)", position)
            elif message.error().code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 (its documented name)
                unfinished.discard(message.partition())
            else:
                raise SystemExit(str(message.error()))
        store.execute("COMMIT")
        print(*store.execute("SELECT count(*) FROM headlines").fetchone(), flush=True)
    consumer.close()


main(*sys.argv[1:])
