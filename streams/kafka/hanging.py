"""Ends a producer's own hanging transactions (KIP-664): open ones that the transaction coordinator has forgotten.

They hold back the last stable offset, so that no reader of committed records gets past them. They arise when a broker
was paused for some seconds: the coordinator counts a transaction as aborted, but a partition never got the marker.
Fencing does not help, since to the coordinator there is nothing to end. Kafka's tool writes the missing marker under
the producer's id. A new transaction under the same transactional id has that producer id too: when it is aborted, its
marker ends the hanging one as well, and readers of committed records see nothing of either.
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
    """End this producer's hanging transactions in some partitions; those of other producers stay as they are.

    Args:
        producer: Started, so that any transaction that the coordinator knows under its id has ended.
        reader: A reader of these partitions.
        partitions: Partitions that the producer writes to; others may write to them too.

    Raises:
        TimeoutError: The brokers took too long.
        KafkaError: They do not answer, or the producer was fenced.
    """
    blocked = await reader.blocked(partitions)
    if not blocked:
        return
    filler = RawRecord(b"", None, time.time_ns() // 1_000_000, [])
    await producer.write_and_abort({(place.topic, place.partition): [filler] for place in blocked})
    # The markers may arrive after the abort was acknowledged, and what is open may be somebody else's.
    logger.info(
        "a transaction was open in %s: if it was one of ours that hung, it is ended",
        ", ".join(f"{each.topic}/{each.partition}" for each in sorted(blocked)),
    )
