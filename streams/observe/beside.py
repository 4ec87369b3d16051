"""Serves `/metrics` of a batch command from a thread of its own, and lets it wait for its last scrape."""

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
    """The pages of a command, if they are served."""

    def __init__(self, asked: threading.Event | None) -> None:
        self._asked = asked

    @property
    def is_served(self) -> bool:
        """Whether there are pages that can be scraped."""
        return self._asked is not None

    def wait_for_scrape(self, seconds: float) -> bool:
        """Wait until the current metrics are scraped, for `seconds` at most; says whether they were."""
        if self._asked is None:
            return False
        self._asked.clear()
        return self._asked.wait(seconds)


@contextmanager
def serving_beside(listen: str | None, *, registry: CollectorRegistry) -> Iterator[Served]:
    """Serve the pages of a registry while the context lasts; does nothing if `listen` is None.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    if listen is None:
        yield Served(None)
        return
    asked = threading.Event()
    # The event is set before a scrape is answered: so a scrape that sets it after `clear` shows metrics no older.
    served = pages(listen, registry=registry, is_ready=lambda: True, scraped=asked.set)
    with _in_a_thread(served) as address:
        logger.info("health and metrics on http://%s/readyz and /metrics", address)
        yield Served(asked)


@contextmanager
def _in_a_thread(served: AbstractAsyncContextManager[str]) -> Iterator[str]:
    """Enter and exit an asynchronous context in an event loop that runs in a thread of its own."""
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
