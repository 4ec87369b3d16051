"""`ticker serve`: serves headlines over HTTP."""

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from streams.cli.combinations import Refused, refusing
from streams.cli.logs import log_to_stderr, tell
from streams.cli.options import KAFKA_FLAGS, flags_of, kafka_options
from streams.cli.output import examples
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.logs import LOG_FORMAT
from streams.settings.serve import (
    SERVE_CERTFILE,
    SERVE_CORS_ORIGINS,
    SERVE_FRAME_ANCESTORS,
    SERVE_LISTEN,
    SERVE_RATE,
    SERVE_READERS,
    SERVE_READERS_OF_ADDRESS,
    SERVE_STATE,
    SERVE_TOKEN,
    SERVE_WEBHOOKS,
    SERVE_WINDOW,
)
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from streams.observe.ending import Ending
    from streams.serve.server import Served, ServeOptions


@click.command(
    epilog=examples(
        "ticker serve --local page.html",
        "ticker serve --bootstrap-servers kafka:9092",
        "ticker serve --webhooks webhooks.toml",
        "curl -N 'http://127.0.0.1:8080/events?topic=sport&language=ar'",
    )
)
@click.option(
    "--local", is_flag=True, help="Show the headlines of files, through the local engine; no broker."
)
@click.argument("places", metavar="[FILES|FOLDERS]...", nargs=-1)
@kafka_options(
    SERVE_LISTEN,
    SERVE_CERTFILE,
    SERVE_WINDOW,
    SERVE_READERS,
    SERVE_READERS_OF_ADDRESS,
    SERVE_RATE,
    SERVE_FRAME_ANCESTORS,
    SERVE_CORS_ORIGINS,
    SERVE_WEBHOOKS,
    SERVE_STATE,
    LOG_FORMAT,
)
@refusing(
    Refused(
        (*KAFKA_FLAGS, *flags_of(SERVE_WEBHOOKS, SERVE_STATE)),
        lambda given: given["local"],
        "is for headlines from Kafka; leave it out with --local",
    ),
)
def command(local: bool, places: tuple[str, ...], settings: Settings) -> None:
    """Show headlines in a browser, as server-sent events, feeds and a plain strip.

    Reads committed headlines from Kafka and changes nothing there; keeps the newest ones in memory, so it can be
    stopped and started at any moment, and several can run side by side.
    """
    log_to_stderr(log_format=settings[LOG_FORMAT])
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # our probe reports whether Kafka answers
    if places and not local:
        raise click.UsageError("files are for --local; without it headlines come from Kafka")
    if local and not places:
        raise click.UsageError("--local wants files or folders")
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, places))


async def _serve(settings: Settings, places: tuple[str, ...]) -> None:
    from streams.observe.ending import Ending

    ending = Ending()
    ending.obey_signals()
    async with _serving(settings, places, ending) as served:
        if served is not None:
            tell(f"The board is at {served.address} (Ctrl-C stops it).")
        await ending.stop.wait()


def _serving(
    settings: Settings, places: tuple[str, ...], ending: "Ending"
) -> "AbstractAsyncContextManager[Served | None]":
    from prometheus_client import REGISTRY

    from streams.serve.server import serving_cluster, serving_files

    options = _options(settings)
    if places:
        return serving_files(
            options,
            places,
            failed=lambda error: tell(f"ticker: {error}", logging.WARNING),
            registry=REGISTRY,
            ending=ending,
        )
    return serving_cluster(
        options,
        settings.connection(),
        prefix=settings[TOPIC_PREFIX],
        patience=settings[PATIENCE],
        registry=REGISTRY,
        ending=ending,
    )


def _options(settings: Settings) -> "ServeOptions":
    from streams.serve.guard import Limits
    from streams.serve.server import ServeOptions
    from streams.serve.webhooks.config import read_webhooks

    listen = settings[SERVE_LISTEN]
    if listen is None:
        raise SettingsError("serve.listen: none is no address to serve at; give HOST:PORT")
    return ServeOptions(
        listen=listen,
        size=settings[SERVE_WINDOW],
        readers=settings[SERVE_READERS],
        readers_of_address=settings[SERVE_READERS_OF_ADDRESS],
        certfile=settings[SERVE_CERTFILE],
        webhooks=() if (webhooks := settings[SERVE_WEBHOOKS]) is None else read_webhooks(webhooks),
        state=settings[SERVE_STATE],
        limits=Limits(
            token=settings[SERVE_TOKEN],
            rate=settings[SERVE_RATE],
            frame_ancestors=" ".join(("'self'", *settings[SERVE_FRAME_ANCESTORS])),
            cors_origins=settings[SERVE_CORS_ORIGINS],
        ),
    )
