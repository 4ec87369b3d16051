"""`ticker produce`: split strips and publish their sightings to Kafka."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import click

from streams.cli.logs import log_to_stderr
from streams.cli.options import kafka_options
from streams.cli.output import examples
from streams.cli.progress import Progress
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.logs import LOG_FORMAT
from streams.settings.producer import PRODUCER_LISTEN
from streams.settings.sources import SETTINGS as SOURCES
from streams.settings.sources import SOURCES_FILE, SOURCES_STATE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.produce.producer import Counts
    from streams.sources.registry import Registry

_STDIN: Final = ("-",)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@click.command(
    epilog=examples(
        "ticker produce page.html --source hespress",
        "ticker produce --follow strips.jsonl",
        "ticker produce --sources sources.toml --contact desk@newsroom.example",
    )
)
@click.argument("places", metavar="[FILES|FOLDERS|-]...", nargs=-1)
@click.option("--source", help="The source of pages (default: their path without its suffix).")
@click.option("--separator", help="What stands between headlines (default: found in each strip).")
@click.option("--selector", help="A CSS selector of the strip's items in HTML pages.")
@click.option(
    "--follow", is_flag=True, help="Go on with what is appended to one file of JSON Lines (tail -F)."
)
@click.option(
    "--position",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where --follow remembers how far it has read (default: FILE.position).",
)
@kafka_options(PRODUCER_LISTEN, LOG_FORMAT, *SOURCES)
def command(
    places: tuple[str, ...],
    source: str | None,
    separator: str | None,
    selector: str | None,
    follow: bool,
    position: Path | None,
    settings: Settings,
) -> None:
    """Split the strips of pages and JSON Lines and publish strips and sightings.

    Idempotent, acknowledged by all replicas, compressed. Publishing the same input again gives the same ids,
    so a producer that was killed half way is simply run again. With --follow it goes on where it was, in what the
    file was renamed to as well. With --sources it visits pages, feeds and sitemaps for as long as it runs, and reads
    that file again when it changes. SIGTERM and Ctrl-C end it once what was read is published.
    """
    from streams.produce import read
    from streams.produce.positions import Positions
    from streams.produce.producer import Counts, produce

    log_to_stderr(log_format=settings[LOG_FORMAT])
    counts, stopped = Counts(), Event()
    if registry := _sources(places, settings, pinned=follow or bool(source or separator or selector)):
        _read_sources(registry, settings, counts, stopped)
        _tell(counts)
        return
    places = _checked(places, follow)
    positions = Positions(Path(places[0]), position) if follow else None
    with Progress(None if follow else read.size_of(places)) as progress:

        def failed(error: Exception) -> None:
            counts.failed += 1
            progress.say(f"ticker: {error}")

        observations = (
            read.follow(
                places[0], failed=failed, stopped=stopped, progress=progress.advance, since=positions.recall()
            )
            if positions
            else read.read(places, failed=failed, source=source, progress=progress.advance)
        )
        work = partial(
            produce,
            observations,
            separator=separator,
            selector=selector,
            counts=counts,
            failed=failed,
            remember=positions.remember if positions else lambda _: None,
        )
        asyncio.run(_run(work, settings, stopped))
    _tell(counts)
    if stopped.is_set() and not follow and places != _STDIN:
        click.echo("ticker: stopped before the end of the input; run it again for the rest", err=True)
        sys.exit(1)
    if counts.failed or counts.dead_letters:
        sys.exit(1)


def _sources(places: tuple[str, ...], settings: Settings, *, pinned: bool) -> "Registry | None":
    """The sources that are to be visited; None where files are read."""
    named = SOURCES_FILE.name in settings.flags
    if named and (places or pinned):
        raise click.UsageError("--sources says all that is read; leave out files and what is said of them")
    path = settings[SOURCES_FILE]
    if path is None or places or pinned:
        return None
    from streams.sources.registry import Registry

    return Registry(path)


def _read_sources(registry: "Registry", settings: Settings, counts: "Counts", stopped: Event) -> None:
    """Visit sources and publish what they show, until a signal asks for an end."""
    from prometheus_client import REGISTRY

    from streams.cli.sources.opening import opened_visitor
    from streams.sources.memory import Memory
    from streams.sources.metrics import SourcesMetrics
    from streams.sources.publishing import produce_sources

    def failed(error: Exception) -> None:
        click.echo(f"ticker: {error}", err=True)

    with Memory(settings[SOURCES_STATE]) as memory:

        async def work(**given: Any) -> None:
            async with opened_visitor(registry, memory, settings) as visitor:
                watching = SourcesMetrics(REGISTRY)
                await produce_sources(
                    visitor, memory, counts=counts, failed=failed, watching=watching, **given
                )

        asyncio.run(_run(work, settings, stopped))


def _checked(places: tuple[str, ...], follow: bool) -> tuple[str, ...]:
    """Where to read: what was named, else what is piped in."""
    if follow and (len(places) != 1 or places == _STDIN or Path(places[0]).is_dir()):
        raise click.UsageError("--follow takes one file of JSON Lines")
    if not places and sys.stdin.isatty():
        raise click.UsageError("name a file or folder, or - for standard input")
    return places or _STDIN


async def _run(work: Callable[..., Awaitable[None]], settings: Settings, stopped: Event) -> None:
    """Do the work on the cluster that the settings name, until it ends or a signal asks for its end."""
    from prometheus_client import REGISTRY

    from streams.kafka.probe import probing
    from streams.observe.health import serving
    from streams.produce.metrics import ProducerMetrics
    from streams.produce.producer import check_topics

    connection, prefix = settings.connection(), settings[TOPIC_PREFIX]
    stop = asyncio.Event()
    async with probing(connection, meanwhile="reading waits") as probe:
        metrics = ProducerMetrics(REGISTRY, lambda: probe.is_answered)
        async with serving(settings[PRODUCER_LISTEN], registry=REGISTRY, is_ready=lambda: probe.is_answered):
            await check_topics(connection, prefix, patience=settings[PATIENCE])
            _stop_on_signals(stop, stopped)
            await work(connection=connection, prefix=prefix, observer=metrics, stop=stop)


def _tell(counts: "Counts") -> None:
    click.echo(
        f"{counts.strips:,} strips, {counts.slots:,} slots = {counts.empty:,} empty"
        f" + {counts.published:,} sightings published + {counts.dead_letters:,} dead letters",
        err=True,
    )
    if counts.outdated:
        click.echo(
            f"ticker: {counts.outdated:,} sightings are older than the topic keeps them. Kafka's retention goes by"
            " event time: they can be removed within minutes, read or not. Raise retention.ms of the topics first"
            " to work on old strips.",
            err=True,
        )


def _stop_on_signals(stop: asyncio.Event, stopped: Event) -> None:
    """Let the first SIGTERM or Ctrl-C end the work, the second one the process."""
    loop = asyncio.get_running_loop()

    def end() -> None:
        stop.set()
        stopped.set()
        for name in _SIGNALS:
            loop.remove_signal_handler(name)

    for name in _SIGNALS:
        loop.add_signal_handler(name, end)
