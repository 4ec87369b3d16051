"""Runs `ticker serve`: fills the window, serves the pages, follows the topics, stops."""

import asyncio
import logging
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import web
from msgspec import Struct
from prometheus_client import CollectorRegistry

from schemas.topics import LANGUAGE_PARTITIONS
from streams.errors import SettingsError, in_words
from streams.observe.ending import Ending
from streams.observe.health import health_routes, listening
from streams.serve.app import Pages
from streams.serve.following import Follower, find_log
from streams.serve.guard import Limits, guard
from streams.serve.local import fill
from streams.serve.metrics import ServeMetrics
from streams.serve.position import log_identity
from streams.serve.readers import Readers
from streams.serve.webhooks.config import Webhook
from streams.serve.webhooks.delivery import Delivery
from streams.serve.webhooks.state import State
from streams.serve.window import Entry, Window
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_BEAT_S: Final = 15.0
"""Seconds between signs of life to readers: proxies close connections that are silent for 30 to 60 s."""
_SIGHTINGS_S: Final = 2.0
_STOP_S: Final = 5.0


class ServeOptions(Struct, frozen=True, kw_only=True):
    """The settings of `ticker serve`."""

    listen: str
    """`HOST:PORT`."""
    size: int
    """The number of headlines that the window keeps."""
    readers: int
    """The most readers of `/events` at the same time."""
    readers_of_address: int
    """The most of them from one client address."""
    limits: Limits
    certfile: Path | None = None
    """A PEM file with certificate and key; None serves plain HTTP."""
    webhooks: tuple[Webhook, ...] = ()
    state: Path = Path()
    """The folder of the webhooks' state."""


class Served(Struct, frozen=True):
    """A running server: its URL, and whether it is ready."""

    address: str
    is_ready: Callable[[], bool]


@asynccontextmanager
async def serving_cluster(
    options: ServeOptions,
    connection: Connection,
    *,
    prefix: str,
    patience: float,
    registry: CollectorRegistry,
    ending: Ending,
) -> AsyncIterator[Served | None]:
    """Serve the headlines of a cluster's topics, and new ones as they arrive, while the context lasts.

    Gives None if the program was told to end before a broker answered.

    Raises:
        SettingsError: The address cannot be listened on, or the certificate cannot be used.
        TickerError: No broker answers, or a topic is missing.
    """
    tls = _ssl(options.certfile)
    log = await ending.unless_told(find_log(connection, prefix=prefix, patience=patience))
    if log is None:
        yield None
        return
    window = Window(options.size, len(log.headlines), time.time)
    follower = Follower(connection.aiokafka_options(), log, window)
    metrics = ServeMetrics(registry, window, lambda: follower.is_answered)
    readers = _readers(options, window, log.identity, metrics)
    pages = Pages(window, readers, log.identity)
    async with _answering(
        options, tls, pages, registry, is_ready=lambda: follower.is_ready, ending=ending
    ) as served:
        deliveries = _deliveries(options, window, log.identity, metrics)

        def came(entry: Entry) -> None:
            readers.publish(entry)
            for delivery in deliveries:
                delivery.wake()

        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(follower.run(options.size, came)),
                    tasks.create_task(_beat(readers, window, follower)),
                    *(tasks.create_task(_when_filled(follower, delivery)) for delivery in deliveries),
                ]
                yield served
                for task in running:
                    task.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None


def _readers(options: ServeOptions, window: Window, identity: str, metrics: ServeMetrics) -> Readers:
    """An empty set of readers, with its limits."""
    return Readers(
        window, identity, metrics, most=options.readers, most_of_address=options.readers_of_address
    )


def _deliveries(
    options: ServeOptions, window: Window, identity: str, metrics: ServeMetrics
) -> list[Delivery]:
    """A delivery for each webhook.

    Raises:
        SettingsError: Their state cannot be written.
    """
    deliveries = []
    for webhook in options.webhooks:
        metrics.expect_webhook(webhook.id)
        try:
            state = State(options.state, webhook.id)
        except OSError as error:
            raise SettingsError(
                f"serve.state {options.state}: {error.strerror}; give a folder to write to"
            ) from None
        deliveries.append(Delivery(webhook, window, identity=identity, state=state, observer=metrics))
    return deliveries


async def _when_filled(follower: Follower, delivery: Delivery) -> None:
    await follower.filled.wait()
    await delivery.run()


@asynccontextmanager
async def serving_files(
    options: ServeOptions,
    places: Sequence[str],
    *,
    failed: Callable[[Exception], None],
    registry: CollectorRegistry,
    ending: Ending,
) -> AsyncIterator[Served]:
    """Serve the headlines of files, through the local engine, while the context lasts.

    Raises:
        InputError: The files have no headline.
        SettingsError: The address cannot be listened on, or the certificate cannot be used.
    """
    tls = _ssl(options.certfile)
    window = Window(options.size, LANGUAGE_PARTITIONS, time.time)
    metrics = ServeMetrics(registry, window, lambda: True)
    identity = log_identity("files", str(time.time_ns()))
    readers = _readers(options, window, identity, metrics)
    await asyncio.to_thread(fill, window, places, failed)
    pages = Pages(window, readers, identity)
    async with _answering(options, tls, pages, registry, is_ready=lambda: True, ending=ending) as served:
        beating = asyncio.create_task(_beat(readers, window, None))
        try:
            yield served
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


@asynccontextmanager
async def _answering(
    options: ServeOptions,
    tls: ssl.SSLContext | None,
    pages: Pages,
    registry: CollectorRegistry,
    *,
    is_ready: Callable[[], bool],
    ending: Ending,
) -> AsyncIterator[Served]:
    application = guard(options.limits)
    application.add_routes(pages.routes())
    application.add_routes(health_routes(registry, is_ready, ending=ending))

    async def close(_application: web.Application) -> None:
        pages.readers.close()

    application.on_shutdown.append(close)
    scheme = "https" if tls else "http"
    async with listening(
        application,
        options.listen,
        ending=ending,
        ssl_context=tls,
        shutdown_timeout=_STOP_S,
    ) as address:
        yield Served(f"{scheme}://{address}/", is_ready)


async def _beat(readers: Readers, window: Window, follower: Follower | None) -> None:
    """Send readers changes of sightings and ended chains every few seconds, and a sign of life now and then."""
    loop = asyncio.get_running_loop()
    beaten = loop.time()
    while True:
        await asyncio.sleep(_SIGHTINGS_S)
        if follower is not None and follower.ended:
            readers.tell_ended(follower.ended)
            follower.ended = []
        if follower is not None and follower.changed:
            changed = follower.changed.copy()
            follower.changed.clear()
            entries = ((window.by_id(identity), seen) for identity, seen in changed.items())
            readers.tell_sightings((entry, seen) for entry, seen in entries if entry is not None)
        if loop.time() - beaten >= _BEAT_S:
            beaten = loop.time()
            readers.beat()


def _ssl(certfile: Path | None) -> ssl.SSLContext | None:
    if certfile is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certfile, password="")
    except (ssl.SSLError, OSError) as error:
        raise SettingsError(
            f"serve.certfile {certfile}: {in_words(error)}; it must be PEM and hold the certificate and its key"
        ) from None
    return context
