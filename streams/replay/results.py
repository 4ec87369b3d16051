"""Collect a result to compare: from a file of `ticker run --dropped --json`, or from the topics of a prefix."""

import sys
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition

from schemas.topics import DUPLICATES
from streams.errors import InputError, SettingsError
from streams.kafka.connect import administration
from streams.kafka.reader import bounds, read_windows
from streams.kafka.topics import describe
from streams.replay.diff import Collector, Result
from streams.settings import Connection

STANDARD_INPUT: Final = "-"


def from_file(name: str, collector: Collector) -> Result:
    """Read JSON Lines of a file, or of standard input with `-`.

    Raises:
        InputError: The file cannot be read, or a line is no result.
    """
    if name == STANDARD_INPUT:
        for number, line in enumerate(sys.stdin.buffer, 1):
            _add(collector, line, f"standard input:{number}")
        return collector.result
    try:
        with Path(name).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                _add(collector, line, f"{name}:{number}")
    except OSError as error:
        raise InputError(name, f"cannot be read: {error.strerror}") from None
    return collector.result


def _add(collector: Collector, line: bytes, place: str) -> None:
    if line.strip():
        collector.add(line, place)


async def from_topics(
    connection: Connection, prefix: str, collector: Collector, *, patience: float
) -> Result:
    """Read what is in the category and duplicates topics of a prefix now, committed records only.

    Raises:
        SettingsError: There is none.
        InputError: A record is no result; says where.
    """
    async with administration(connection, patience=patience) as client:
        names = {
            name
            for name in await client.list_topics()
            if name.startswith(f"{prefix}.category.") or name == DUPLICATES.on(prefix)
        }
        live = await describe(client, names)
    if not live:
        raise SettingsError(
            f"{prefix}: neither a file nor a prefix of topics on {connection.bootstrap_servers}"
        )
    places = [
        TopicPartition(name, number) for name in sorted(live) for number in range(live[name].partitions)
    ]
    options = connection.aiokafka_options()
    async for _, records in read_windows(options, await bounds(options, places)):
        for record in records:
            if record.value is not None:
                collector.add(record.value, f"{record.topic}/{record.partition}/{record.offset}")
    return collector.result
