"""Know every live headline in its newest wording: read the compacted topic from its beginning (aiokafka).

    pip install aiokafka
    python current_headlines.py 127.0.0.1:9092 ticker.current

Prints a JSON line for each when it has caught up. To go on, leave out the end: each further record is a newer
wording, or a tombstone.
"""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer


async def main(servers: str, topic: str) -> None:
    """Read to where the topic ends now, and print what is left."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=servers,
        isolation_level="read_committed",  # else you see what was never published
        group_id=None,  # all partitions, and no offsets: the topic is as small as what is live
        auto_offset_reset="earliest",
    )
    await consumer.start()
    current: dict[bytes, dict[str, object]] = {}
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        # The position, not the last record: the end of a transaction is an offset without a record.
        while any([await consumer.position(each) < ends[each] for each in ends]):
            fetched = await consumer.getmany(timeout_ms=500)
            for record in (record for records in fetched.values() for record in records):
                if record.value is None:
                    current.pop(record.key, None)
                else:
                    current[record.key] = json.loads(record.value)
    finally:
        await consumer.stop()
    for headline in current.values():
        print(json.dumps({name: headline[name] for name in ("chain", "id", "text")}, ensure_ascii=False))


asyncio.run(main(*sys.argv[1:]))
