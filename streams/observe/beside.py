"""Serves `/metrics` of a command that computes and ends, from a thread of its own, and waits for its last scrape."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Final

from prometheus_client import CollectorRegistry

from streams.observe.health import pages

logger: Final = logging.getLogger(__name__)


class Served:
    """The pages of a command, while they are served; nothing where they are not."""

    def __init__(self, asked: threading.Event | None) -> None:
        self._asked = asked

    @property
    def is_served(self) -> bool:
        """Whether somebody can scrape at all."""
        return self._asked is not None

    def wait_for_scrape(self, seconds: float) -> bool:
        """Wait until somebody scrapes what is true now, for so long at most; whether that was so."""
        if self._asked is None:
            return False
        self._asked.clear()
        return self._asked.wait(seconds)


@contextmanager
def serving_beside(listen: str | None, *, registry: CollectorRegistry) -> Iterator[Served]:
    """Serve the pages of a registry while the context lasts; without an address nothing is served.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    if listen is None:
        yield Served(None)
        return
    asked = threading.Event()
    # Told of a scrape before it is answered, so that one which follows `clear` shows what was true before that.
    served = pages(listen, registry=registry, is_ready=lambda: True, scraped=asked.set)
    with _in_a_thread(served) as address:
        logger.info("health and metrics on http://%s/readyz and /metrics", address)
        yield Served(asked)


@contextmanager
def _in_a_thread(served: AbstractAsyncContextManager[str]) -> Iterator[str]:
    """Enter a context in an event loop that runs in a thread of its own, and leave it there."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="metrics", daemon=True)
    thread.start()
    try:
        address = asyncio.run_coroutine_threadsafe(_entered(served), loop).result()
        try:
            yield address
        finally:
            asyncio.run_coroutine_threadsafe(_left(served), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _entered(served: AbstractAsyncContextManager[str]) -> str:
    return await served.__aenter__()


async def _left(served: AbstractAsyncContextManager[str]) -> None:
    await served.__aexit__(None, None, None)
