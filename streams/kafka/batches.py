"""Pack records into the Kafka client's record batches, several times faster than sending them one by one."""

from collections.abc import Sequence
from typing import Any

from streams.stage import RawRecord


def batches(producer: Any, records: Sequence[RawRecord]) -> list[Any]:
    """Records as closed batches of an aiokafka producer, in order; one larger than a batch gets its own."""
    batch = producer.create_batch()
    full = []
    append = batch.append
    for key, value, timestamp, headers in records:
        if append(key=key, value=value, timestamp=timestamp, headers=headers) is None:
            batch.close()
            full.append(batch)
            batch = producer.create_batch()
            append = batch.append
            append(key=key, value=value, timestamp=timestamp, headers=headers)
    batch.close()
    return [*full, batch]
