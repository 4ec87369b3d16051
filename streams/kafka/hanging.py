"""Transactions of one's own that hang: nobody will end them, and no reader of committed records gets past them.

A broker that stood still for some seconds can count a transaction as aborted without having written that into every
partition. The coordinator knows nothing of it any more, so fencing does not end it. Kafka's tool for that writes the
missing marker under the producer's id (KIP-664). The next transaction under the same transactional id has that id too:
if it is aborted, its marker ends what hangs, and it leaves nothing that a reader of committed records sees.
"""

import logging
import time
from collections.abc import Collection
from typing import Final

from aiokafka import TopicPartition

from streams.kafka.reader import CommittedReader
from streams.kafka.transaction import TransactionalProducer
from streams.stage import RawRecord

logger: Final = logging.getLogger(__name__)


async def end_hanging(
    producer: TransactionalProducer, reader: CommittedReader, partitions: Collection[TopicPartition]
) -> None:
    """End what hangs of this producer's in partitions that it writes to.

    What is open there of others is left as it is, so it may be called where others write too.

    Args:
        producer: Started, so that whatever the coordinator knows to be open under its id is ended.
        reader: A reader of these partitions.
        partitions: Where to look.

    Raises:
        TimeoutError: The brokers took too long.
        KafkaError: They do not answer, or the producer was fenced.
    """
    blocked = await reader.blocked(partitions)
    if not blocked:
        return
    filler = RawRecord(b"", None, time.time_ns() // 1_000_000, [])
    await producer.write_nothing({(place.topic, place.partition): [filler] for place in blocked})
    ended = sorted(blocked - await reader.blocked(blocked))
    if ended:
        logger.info(
            "nothing of ours is open any more in %s", ", ".join(f"{each[0]}/{each[1]}" for each in ended)
        )
