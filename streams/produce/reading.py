"""Reads observations in a thread, so that waiting for input keeps nothing back."""

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
    nobody_waits: threading.Event,
) -> None:
    """Hand something over to the loop from a thread; a RuntimeError where the loop has gone on without it."""
    if nobody_waits.is_set():
        raise RuntimeError("what was read comes too late")
    asyncio.run_coroutine_threadsafe(queue.put(item), loop).result()


async def in_thread(
    observations: Iterator[Observation], pause: Callable[[], Awaitable[None]], stop: asyncio.Event
) -> AsyncIterator[Observation]:
    """Observations as a thread reads them, a few ahead; `pause` when none waits.

    After `stop` those that were read still come. The thread may wait for input that never comes, so nobody waits
    for it.
    """
    queue: asyncio.Queue[Observation | Exception | None] = asyncio.Queue(_READ_AHEAD)
    loop = asyncio.get_running_loop()

    nobody_waits = threading.Event()

    def read() -> None:
        # The loop may be gone when there is something to say at last.
        with suppress(RuntimeError, concurrent.futures.CancelledError):
            try:
                for observation in observations:
                    _put(observation, queue, loop, nobody_waits)
                _put(None, queue, loop, nobody_waits)
            except Exception as error:  # noqa: BLE001 (whatever it was is raised where observations are used)
                _put(error, queue, loop, nobody_waits)

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
        nobody_waits.set()
        ending.cancel()
