"""The HTTP pages of a service: `/healthz` (alive), `/readyz` (assigned and restored) and `/metrics`."""

import errno
import logging
import math
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, disable_created_metrics

from streams.errors import SettingsError, in_words
from streams.observe.ending import Ending
from streams.observe.scrapes import Scrapes
from streams.web.problems import answer_with_problems

logger: Final = logging.getLogger(__name__)

_UNAVAILABLE: Final = 503
_SCRAPE_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"
"""The header that Prometheus and compatible scrapers send with every scrape."""

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
    """Serve `pages` and log their address; does nothing if `listen` is None.

    When the body of the context ends without an error, it waits for a last scrape.

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

    `scraped` is called before each scrape is answered; `ending` may delay the answer to the last one.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    application = web.Application(middlewares=[answer_with_problems])
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
    """The routes of the three pages, for an application that has others too.

    `scraped` and `ending` are as for `pages`. A program that was told to end is not ready.
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

    # Created timestamps are a second series for each counter that few servers use; `scrapes` makes them unnecessary.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


def _scraper(request: web.Request) -> str | None:
    """A scraper's name, by its address and User-Agent; None for a browser, which sends no scrape timeout."""
    if _SCRAPE_HEADER not in request.headers:
        return None
    return f"{request.remote} {request.headers.get('User-Agent', '')}"


def _patience(request: web.Request) -> float:
    """A scraper's timeout in seconds; Prometheus' default if the header is invalid."""
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

    At the end of the context a last scrape that `ending` has delayed is answered.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    # What it logs are requests that are no HTTP, with a traceback; our own faults are logged by `answer_with_problems`.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=shutdown_timeout)
    await runner.setup()
    host, _, port = listen.rpartition(":")
    try:
        site = web.TCPSite(runner, host, int(port), ssl_context=ssl_context)
        await site.start()
    except (OSError, ValueError, OverflowError) as error:
        await runner.cleanup()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise SettingsError(
                f"--listen {listen}: another program listens there; give another HOST:PORT (port 0 is any free one)"
            ) from error
        raise SettingsError(
            f"--listen {listen}: {in_words(error)}; give HOST:PORT, such as 127.0.0.1:9464"
        ) from error
    bound = runner.addresses[0]
    try:
        yield f"{bound[0]}:{bound[1]}"
    finally:
        if ending is not None:
            ending.done()
        await runner.cleanup()
