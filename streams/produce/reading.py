"""Reads observations in a thread, so that waiting for input does not block the event loop."""

import asyncio
import concurrent.futures
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

from streams.produce.observation import Observation

_READ_AHEAD: Final = 64


def _put(
    item: Observation | Exception | None,
    queue: "asyncio.Queue[Observation | Exception | None]",
    loop: asyncio.AbstractEventLoop,
    abandoned: threading.Event,
) -> None:
    """Put an item into the loop's queue from a thread, waiting for room.

    Raises:
        RuntimeError: The loop is closed, or nobody reads the queue any more.
    """
    if abandoned.is_set():
        raise RuntimeError("what was read comes too late")
    asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()


async def in_thread(
    observations: Iterator[Observation], pause: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> AsyncIterator[Observation]:
    """Iterate in a thread, up to `_READ_AHEAD` observations ahead; `pause` is awaited when none is ready.

    After `stop`, observations already read are still yielded. The thread is a daemon that is never joined, because it
    may wait for input that never comes.
    """
    queue: asyncio.Queue[Observation | Exception | None] = asyncio.Queue(_READ_AHEAD)
    loop = asyncio.get_running_loop()

    abandoned = threading.Event()

    def read() -> None:
        # The loop may be closed by the time that input arrives.
        with suppress(RuntimeError, concurrent.futures.CancelledError):
            try:
                for observation in observations:
                    _put(observation, queue, loop, abandoned)
                _put(None, queue, loop, abandoned)
            except Exception as error:  # noqa: BLE001 (raised again in the loop)
                _put(error, queue, loop, abandoned)

    async def end() -> None:
        await stop.wait()
        await queue.put(None)

    threading.Thread(target=read, name="reading", daemon=True).start()
    ending = asyncio.create_task(end())
    try:
        while True:
            if queue.empty():
                await pause()
            item = await queue.get()
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        abandoned.set()
        ending.cancel()
