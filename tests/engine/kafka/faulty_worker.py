"""`ticker worker` with a fault built in, named by FAULT; the tests start it in place of the real one.

bug                 the deduplicate stage raises on a text with the word `bug`
hold deduplicate    the stage's transactions are written, but their commit never comes
hold categorize
impatient           it waits half a second for a transaction that another one has left open
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from streams import pipeline
from streams.cli import main
from streams.kafka import reader
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import Outbox, Record


class _Buggy(Deduplicator):
    """Fails on some input as code with a bug does."""

    def process(self, records: Sequence[Record], out: Outbox) -> None:
        super().process(records, out)
        if any(b"bug" in record.value for record in records if isinstance(record.value, bytes)):
            raise KeyError("a bug")


async def _hold(_producer: Any) -> None:
    print("holding", file=sys.stderr, flush=True)
    await asyncio.Event().wait()


def _break(fault: str) -> None:
    if fault == "bug":
        pipeline.STAGES = (replace(pipeline.DEDUPLICATE, processor=_Buggy), pipeline.CATEGORIZE)  # type: ignore[misc]
        return
    if fault == "impatient":
        reader._STUCK_S = 0.5  # type: ignore[misc]
        return
    stage = fault.removeprefix("hold ")
    commit = AIOKafkaProducer.commit_transaction

    async def commit_transaction(producer: Any) -> None:
        held = f"-{stage}-" in producer._txn_manager.transactional_id
        await (_hold if held else commit)(producer)

    AIOKafkaProducer.commit_transaction = commit_transaction


if __name__ == "__main__":
    _break(os.environ["FAULT"])
    main()
