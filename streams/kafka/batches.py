"""Pack rows into the Kafka client's record batches, several times faster than sending them one by one."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One record to write."""

    key: bytes | None
    value: bytes | None
    timestamp: int
    headers: list[tuple[str, bytes]]
    """A list: the client's compiled encoder takes nothing else."""


def batches(producer: Any, rows: Sequence[Row]) -> list[Any]:
    """Rows as closed batches of an aiokafka producer, in order; a row larger than a batch gets its own."""
    batch = producer.create_batch()
    full = []
    append = batch.append
    for key, value, timestamp, headers in rows:
        if append(key=key, value=value, timestamp=timestamp, headers=headers) is None:
            batch.close()
            full.append(batch)
            batch = producer.create_batch()
            append = batch.append
            append(key=key, value=value, timestamp=timestamp, headers=headers)
    batch.close()
    return [*full, batch]
