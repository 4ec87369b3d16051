"""The HTTP pages of a service: `/healthz` (alive), `/readyz` (assigned and restored) and `/metrics`."""

import logging
import math
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, disable_created_metrics

from streams.errors import SettingsError
from streams.observe.ending import Ending
from streams.observe.scrapes import Scrapes

logger: Final = logging.getLogger(__name__)

_UNAVAILABLE: Final = 503
_SCRAPE_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"
"""What Prometheus, and whatever scrapes as it does, sends with every scrape."""

_PATIENCE_S: Final = 10.0


@asynccontextmanager
async def serving(
    listen: str | None,
    *,
    registry: CollectorRegistry,
    is_ready: Callable[[], bool],
    ending: Ending,
    further: Sequence[web.RouteDef] = (),
) -> AsyncIterator[None]:
    """As `pages`, saying where in the log; without an address nothing is served.

    Work that has ended by itself, and not by a failure, is scraped once more before this ends.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    if listen is None:
        yield
        return
    async with pages(listen, registry=registry, is_ready=is_ready, further=further, ending=ending) as address:
        logger.info("health and metrics on http://%s/readyz and /metrics", address)
        yield
        await ending.last_scrape()


@asynccontextmanager
async def pages(
    listen: str,
    *,
    registry: CollectorRegistry,
    is_ready: Callable[[], bool],
    further: Sequence[web.RouteDef] = (),
    scraped: Callable[[], object] = lambda: None,
    ending: Ending | None = None,
) -> AsyncIterator[str]:
    """Serve the pages, and further ones, on `HOST:PORT` while the context lasts; gives the address (port 0 picks one).

    `scraped` is told of every scrape before it is answered, and so is `ending`, which can let the last one wait.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    application = web.Application()
    application.add_routes(health_routes(registry, is_ready, scraped, ending))
    application.add_routes(further)
    async with listening(application, listen, ending=ending) as address:
        yield address


def health_routes(
    registry: CollectorRegistry,
    is_ready: Callable[[], bool],
    scraped: Callable[[], object] = lambda: None,
    ending: Ending | None = None,
) -> list[web.RouteDef]:
    """The three pages, for an application that has others too.

    `scraped` is told of each scrape before its answer; `ending` too. Who is told to end is not ready.
    """

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        if is_ready() and not (ending and ending.is_told):
            return web.Response(text="ready\n")
        return web.Response(text="not ready\n", status=_UNAVAILABLE)

    scrapes = Scrapes(registry)

    async def metrics(request: web.Request) -> web.Response:
        scraper = _scraper(request)
        peer = None if request.transport is None else request.transport.get_extra_info("peername")
        if scraper is not None:
            scraped()
        if scraper is not None and ending is not None:
            is_whole = partial(scrapes.is_whole, scraper, peer)
            await ending.scraped(scraper, is_shown_all=is_whole, patience=_patience(request))
        text = scrapes.text(scraper, connection=peer)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    # A second series for each counter, which few Prometheus read: `scrapes` does what they are for.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


def _scraper(request: web.Request) -> str | None:
    """Who scrapes, by address and program; None for a browser, which does not say how long it waits for a scrape."""
    if _SCRAPE_HEADER not in request.headers:
        return None
    return f"{request.remote} {request.headers.get('User-Agent', '')}"


def _patience(request: web.Request) -> float:
    """How many seconds a scraper waits for its answer; a usual number where it says none that is one."""
    try:
        seconds = float(request.headers[_SCRAPE_HEADER])
    except ValueError:
        return _PATIENCE_S
    return seconds if 0 <= seconds < math.inf else _PATIENCE_S


@asynccontextmanager
async def listening(
    application: web.Application,
    listen: str,
    *,
    ending: Ending | None = None,
    ssl_context: ssl.SSLContext | None = None,
    shutdown_timeout: float = 60.0,
) -> AsyncIterator[str]:
    """Serve an application on `HOST:PORT` while the context lasts; gives the address (port 0 picks one).

    At the end of the context the work has ended: a last scrape that `ending` let wait is answered.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    try:
        site = web.TCPSite(runner, host, int(port), ssl_context=ssl_context)
        await site.start()
    except (OSError, ValueError, OverflowError) as error:
        await runner.cleanup()
        raise SettingsError(f"--listen {listen}: {error}; give HOST:PORT, such as 127.0.0.1:9464") from error
    bound = runner.addresses[0]
    try:
        yield f"{bound[0]}:{bound[1]}"
    finally:
        if ending is not None:
            ending.done()
        await runner.cleanup()
