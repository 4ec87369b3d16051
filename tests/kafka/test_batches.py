"""Acknowledgements that nobody waits for any more."""

import asyncio
import gc
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError

from streams.errors import TickerError
from streams.produce.delivery import Delivery
from streams.stage import RawRecord


class _Silent(AIOKafkaProducer):  # type: ignore[misc]
    """A producer whose cluster takes batches and acknowledges none."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[asyncio.Future[Any]] = []

    async def send_batch(self, *_: object, **__: object) -> asyncio.Future[Any]:
        self.taken.append(asyncio.get_running_loop().create_future())
        return self.taken[-1]


def test_a_delivery_that_gives_up_leaves_no_unread_exception() -> None:
    """What fails once the producer is stopped is no news: asyncio logs no exception that was never retrieved."""
    logged: list[dict[str, Any]] = []

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: logged.append(context))
        delivery = Delivery({}, compression=None, patience=0.0)
        delivery._producer = producer = _Silent()
        with pytest.raises(TickerError, match="2 records could not be published"):
            await delivery.deliver({("t", home): [RawRecord(b"k", b"v", 0, [])] for home in (0, 1)})
        for future in producer.taken:
            future.set_exception(KafkaConnectionError("closed"))
        producer.taken.clear()
        del future
        producer._closed = True
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(work())
    assert logged == []
