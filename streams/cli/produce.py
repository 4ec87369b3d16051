"""`ticker produce`: split strips and publish their sightings to Kafka."""

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import Struct

from streams.cli.combinations import Refused, refusing
from streams.cli.logs import log_to_stderr, tell
from streams.cli.options import flags_of, kafka_options
from streams.cli.output import check_writable, examples
from streams.cli.pins import selector_option, separator_option
from streams.cli.progress import Progress
from streams.counted import counted
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.logs import LOG_FORMAT
from streams.settings.producer import (
    DEFAULT_SPOOL,
    PRODUCER_LISTEN,
    PRODUCER_RATE,
    PRODUCER_SPOOL,
    PRODUCER_SPOOL_LIMIT,
    PRODUCER_TOKEN,
)
from streams.settings.sources import SETTINGS as SOURCES
from streams.settings.sources import SOURCES_FILE, SOURCES_STATE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.observe.ending import Ending
    from streams.produce.intake import Intake
    from streams.produce.metrics import ProducerMetrics
    from streams.produce.producer import Counts
    from streams.sources.registry import Registry

logger: Final = logging.getLogger(__name__)

_STDIN: Final = ("-",)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def _takes_pushes(settings: Settings) -> bool:
    return settings[PRODUCER_LISTEN] is not None and bool(settings[PRODUCER_TOKEN])


def _is_pinned(
    *, follow: bool, source: str | None, separator: str | None, selector: str | None, **_: object
) -> bool:
    """Whether something is said of files, which are read then."""
    return bool(follow or source or selector) or separator is not None


def _is_endless(places: tuple[str, ...], *, follow: bool, takes_pushes: bool) -> bool:
    """Whether it goes on until told to end, or until a pipe ends: then it logs, and shows no progress."""
    return follow or takes_pushes or places == _STDIN


def _reads_sources(given: Mapping[str, Any]) -> bool:
    return given["settings"][SOURCES_FILE] is not None and not given["places"] and not _is_pinned(**given)


def _keeps_spool(given: Mapping[str, Any]) -> bool:
    settings: Settings = given["settings"]
    return settings[PRODUCER_SPOOL] is not None or _takes_pushes(settings) or _reads_sources(given)


def _reads_to_an_end(given: Mapping[str, Any]) -> bool:
    takes_pushes = _takes_pushes(given["settings"])
    return bool(given["places"]) and not _is_endless(
        given["places"], follow=given["follow"], takes_pushes=takes_pushes
    )


_REFUSED: Final = (
    Refused(
        ("--position",),
        lambda given: not given["follow"],
        "is where --follow remembers how far it has read; give that too",
    ),
    Refused(
        ("--source",),
        lambda given: given["follow"],
        "is of pages, and each line that --follow reads names its own; leave out --source",
    ),
    Refused(
        ("--selector",),
        lambda given: given["follow"],
        "is of pages, and what --follow reads are strips; leave out --selector",
    ),
    Refused(
        ("--rate",),
        lambda given: not _takes_pushes(given["settings"]),
        f"is of strips that are posted to /strips; give --listen and set {PRODUCER_TOKEN.variable}, or leave it out",
    ),
    Refused(
        ("--spool-limit",),
        lambda given: not _keeps_spool(given),
        "is of the spool, and files wait by themselves without one; give --spool, or leave it out",
    ),
    Refused(
        flags_of(*(setting for setting in SOURCES if setting is not SOURCES_FILE)),
        lambda given: SOURCES_FILE.name not in given["settings"].flags and not _reads_sources(given),
        "is of sources that are visited; give --sources and no files, or leave it out",
    ),
    Refused(
        flags_of(LOG_FORMAT),
        lambda given: not _reads_sources(given) and _reads_to_an_end(given),
        "is of a producer that goes on until it is told to end, and files come to theirs; leave it out",
    ),
)


@click.command(
    epilog=examples(
        "ticker produce page.html --source hespress",
        "ticker produce --follow strips.jsonl",
        "ticker produce --sources sources.toml --contact desk@newsroom.example",
        "TICKER_PRODUCE_TOKEN=… ticker produce --listen 127.0.0.1:9464",
    )
)
@click.argument("places", metavar="[FILES|FOLDERS|-]...", nargs=-1)
@click.option("--source", help="The source of pages (default: their path without its suffix).")
@separator_option
@selector_option
@click.option(
    "--follow", is_flag=True, help="Go on with what is appended to one file of JSON Lines (tail -F)."
)
@click.option(
    "--position",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where --follow remembers how far it has read (default: FILE.position).",
)
@kafka_options(PRODUCER_LISTEN, PRODUCER_RATE, PRODUCER_SPOOL, PRODUCER_SPOOL_LIMIT, LOG_FORMAT, *SOURCES)
@refusing(*_REFUSED)
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

    What sources show is kept in a spool on disk while Kafka is away and handed over from there, each strip exactly
    once; with --spool what is read of files too. With --listen and a token (TICKER_PRODUCE_TOKEN) it also takes what is
    posted to /strips, until it is told to stop.
    """
    takes_pushes = _takes_pushes(settings)
    counts, stopped = _counts(), Event()
    pinned = _is_pinned(follow=follow, source=source, separator=separator, selector=selector)
    if registry := _sources(places, settings, pinned=pinned):
        log_to_stderr(log_format=settings[LOG_FORMAT])
        _read_sources(registry, settings, counts, stopped, takes_pushes=takes_pushes)
        _tell(counts)
        return
    asked = _Asked(
        places=_checked(places, follow, takes_pushes),
        source=source,
        separator=separator,
        selector=selector,
        follow=follow,
        position=position,
        takes_pushes=takes_pushes,
    )
    if asked.is_endless:
        log_to_stderr(log_format=settings[LOG_FORMAT])
    _check_input(asked)
    _read_files(asked, settings, counts, stopped)
    _tell(counts)
    if stopped.is_set() and not asked.is_endless:
        click.echo("ticker: stopped before the end of the input; run it again for the rest", err=True)
        sys.exit(1)
    if counts.failed or counts.dead_letters:
        sys.exit(1)


def _warn(error: Exception) -> None:
    """Log a problem of continuous input: a few times a minute, with the number of further ones."""
    logger.warning("%s", error)


def _counts() -> "Counts":
    from streams.produce.producer import Counts

    return Counts()


class _Work(Struct, frozen=True, kw_only=True):
    """A producer's work: `fill` reads input into a spool, `publish` publishes input directly."""

    counts: "Counts"
    failed: Callable[[Exception], None]
    fill: "Callable[[Intake, ProducerMetrics, asyncio.Event], Awaitable[None]]"
    publish: Callable[..., Awaitable[None]] | None = None
    """None if the input cannot be read again, so that a spool is required."""
    takes_pushes: bool
    begun: "Callable[[ProducerMetrics], None]" = lambda _: None
    """Called with the metrics before anything is read."""


class _Asked(Struct, frozen=True, kw_only=True):
    """What to read of files or of a pipe, and how."""

    places: tuple[str, ...]
    """Empty if strips are only pushed."""
    source: str | None
    separator: str | None
    selector: str | None
    follow: bool
    position: Path | None
    takes_pushes: bool

    @property
    def is_endless(self) -> bool:
        return _is_endless(self.places, follow=self.follow, takes_pushes=self.takes_pushes)


class _Failures:
    """Tells of what cannot be read or split, and counts it; of what cannot be read, also for the metrics."""

    def __init__(self, counts: "Counts", tell_of: Callable[[Exception], None]) -> None:
        self._counts = counts
        self._tell_of = tell_of
        self.metrics: ProducerMetrics | None = None
        """None until they are there; nothing is read before."""

    def unsplit(self, error: Exception) -> None:
        self._counts.failed += 1
        self._tell_of(error)

    def unread(self, error: Exception) -> None:
        self.unsplit(error)
        if self.metrics is not None:
            self.metrics.failed()

    def count_in(self, metrics: "ProducerMetrics") -> None:
        self.metrics = metrics


def _check_input(asked: _Asked) -> None:
    """Check what was asked for, before Kafka is waited for.

    Raises:
        SettingsError: The position cannot be kept where it should be.
        InputError: A place is not there, which may come later if it is followed; or no source can have that name.
    """
    from streams.errors import InputError
    from streams.produce.observation import source_named

    for place in asked.places:
        if place not in _STDIN and not asked.follow and not Path(place).exists():
            raise InputError(place, "there is no such file or folder")
    if asked.position is not None:
        check_writable(asked.position, "--position")
    if asked.source is not None:
        source_named(asked.source, "--source")


def _read_files(asked: _Asked, settings: Settings, counts: "Counts", stopped: Event) -> None:
    """Publish the contents of files, or of a pipe."""
    from streams.produce import read
    from streams.produce.positions import Positions
    from streams.produce.producer import produce
    from streams.produce.spooled import take_all

    positions = Positions(Path(asked.places[0]), asked.position) if asked.follow else None
    remember = positions.remember if positions else lambda _: None
    with Progress(None if asked.is_endless else read.size_of(asked.places)) as progress:
        failures = _Failures(
            counts, _warn if asked.is_endless else lambda error: progress.say(f"ticker: {error}")
        )
        unread, advance = failures.unread, progress.advance
        observations = (
            read.follow(
                asked.places[0], failed=unread, stopped=stopped, progress=advance, since=positions.recall()
            )
            if positions
            else read.read(asked.places, failed=unread, source=asked.source, progress=advance)
        )

        async def fill(intake: "Intake", metrics: "ProducerMetrics", stop: asyncio.Event) -> None:
            await take_all(
                observations,
                intake,
                failed=failures.unsplit,
                split_failed=metrics.failed,
                stop=stop,
                remember=remember,
                separator=asked.separator,
                selector=asked.selector,
            )

        publish = partial(
            produce,
            observations,
            counts=counts,
            failed=failures.unsplit,
            remember=remember,
            separator=asked.separator,
            selector=asked.selector,
        )
        work = _Work(
            counts=counts,
            failed=failures.unsplit,
            fill=fill,
            publish=None if asked.takes_pushes else publish,
            takes_pushes=asked.takes_pushes,
            begun=failures.count_in,
        )
        asyncio.run(_run(work, settings, stopped))


def _sources(places: tuple[str, ...], settings: Settings, *, pinned: bool) -> "Registry | None":
    """The sources to visit; None if files are read."""
    named = SOURCES_FILE.name in settings.flags
    if named and (places or pinned):
        raise click.UsageError("--sources says all that is read; leave out files and what is said of them")
    path = settings[SOURCES_FILE]
    if path is None or places or pinned:
        return None
    from streams.sources.registry import Registry

    return Registry(path)


def _read_sources(
    registry: "Registry", settings: Settings, counts: "Counts", stopped: Event, *, takes_pushes: bool
) -> None:
    """Visit sources and publish what they show, until told to end by a signal."""
    from prometheus_client import REGISTRY

    from streams.cli.sources.opening import opened_visitor
    from streams.produce.spooled import Outlet
    from streams.sources.journal import Journal
    from streams.sources.memory import Memory
    from streams.sources.metrics import SourcesMetrics
    from streams.sources.publishing import produce_sources
    from streams.sources.reading import watching
    from streams.sources.recall import noted, tell_recall
    from streams.sources.states import States, judging

    with (
        Memory(settings[SOURCES_STATE]) as memory,
        Journal(settings[SOURCES_STATE], site=registry.shared_site) as journal,
    ):

        async def fill(intake: "Intake", metrics: "ProducerMetrics", stop: asyncio.Event) -> None:
            options = settings.connection().aiokafka_options()
            states = States(options, prefix=settings[TOPIC_PREFIX], gone=memory.gone)
            shown = SourcesMetrics(REGISTRY, metrics.sources)
            judge = judging(watching(memory.pasts, registry), shown.told, states.tell)
            telling = [
                asyncio.create_task(states.run()),
                asyncio.create_task(tell_recall(settings[SOURCES_STATE], shown.recalled)),
            ]

            def gone(sources: Collection[str]) -> None:
                metrics.removed(sources)
                shown.forget(sources)
                states.end(sources)

            try:
                async with opened_visitor(registry, memory, settings, gone=gone) as visitor:
                    await produce_sources(
                        visitor,
                        memory,
                        Outlet(intake),
                        failed=_warn,
                        observer=metrics,
                        watching=shown,
                        stop=stop,
                        judge=noted(judge, journal),
                    )
            finally:
                for task in telling:
                    task.cancel()
                await asyncio.gather(*telling, return_exceptions=True)

        work = _Work(counts=counts, failed=_warn, fill=fill, takes_pushes=takes_pushes)
        asyncio.run(_run(work, settings, stopped))


def _checked(places: tuple[str, ...], follow: bool, takes_pushes: bool) -> tuple[str, ...]:
    """The places to read: those named, else a pipe; none if strips are pushed."""
    if follow and (len(places) != 1 or places == _STDIN or Path(places[0]).is_dir()):
        raise click.UsageError("--follow takes one file of JSON Lines")
    if not places and takes_pushes:
        return ()
    if not places and sys.stdin.isatty():
        raise click.UsageError("name a file or folder, or - for standard input")
    return places or _STDIN


async def _run(work: _Work, settings: Settings, stopped: Event) -> None:
    """Do the work on the cluster of the settings, until it ends or a signal ends it."""
    from prometheus_client import REGISTRY

    from streams.kafka.probe import probing
    from streams.observe.letters import LetterLog
    from streams.produce.metrics import ProducerMetrics
    from streams.produce.records import TOPICS

    ending = _ending(stopped)
    folder = settings[PRODUCER_SPOOL] or (DEFAULT_SPOOL if work.publish is None else None)
    meanwhile = "reading waits" if folder is None else "strips are kept in the spool"
    topics = [topic.on(settings[TOPIC_PREFIX]) for topic in TOPICS]
    async with probing(settings.connection(), topics=topics, meanwhile=meanwhile) as probe:
        log = LetterLog(asyncio.get_running_loop().call_later)
        metrics = ProducerMetrics(REGISTRY, lambda: probe.is_answered, log=log)
        work.begun(metrics)
        if folder is not None:
            await _keep_and_hand_over(work, settings, metrics, folder, ending)
        elif work.publish is not None:
            await _publish(work.publish, settings, metrics, lambda: probe.is_answered, ending)


async def _publish(
    publish: Callable[..., Awaitable[None]],
    settings: Settings,
    metrics: "ProducerMetrics",
    is_ready: Callable[[], bool],
    ending: "Ending",
) -> None:
    """Publish input directly; while Kafka is away, reading waits."""
    from prometheus_client import REGISTRY

    from streams.observe.health import serving
    from streams.produce.producer import check_topics

    connection, prefix = settings.connection(), settings[TOPIC_PREFIX]
    listen = settings[PRODUCER_LISTEN]
    async with serving(listen, registry=REGISTRY, is_ready=is_ready, ending=ending):
        await check_topics(connection, prefix, patience=settings[PATIENCE])
        ending.obey_signals()
        await publish(connection=connection, prefix=prefix, observer=metrics, stop=ending.stop)


async def _keep_and_hand_over(
    work: _Work,
    settings: Settings,
    metrics: "ProducerMetrics",
    folder: Path,
    ending: "Ending",
) -> None:
    """Keep input and pushed strips in the spool, and hand them over from there; during an outage they wait there."""
    from prometheus_client import REGISTRY

    from streams.observe.health import serving
    from streams.produce.push import push_routes
    from streams.produce.spool import Spool
    from streams.produce.spooled import Account, finish, spooling

    ending.obey_signals()
    with Spool(folder, limit=settings[PRODUCER_SPOOL_LIMIT] << 20) as spool:
        metrics.watch(spool)
        async with spooling(
            spool,
            Account(work.counts, metrics, work.failed),
            connection=settings.connection(),
            prefix=settings[TOPIC_PREFIX],
            dropped=metrics.dropped,
        ) as (intake, handover):
            token, rate = settings[PRODUCER_TOKEN], settings[PRODUCER_RATE]
            pushes = (
                push_routes(
                    intake, token=token, rate=rate, observe=metrics.pushed, is_ending=ending.stop.is_set
                )
                if work.takes_pushes
                else []
            )
            async with serving(
                settings[PRODUCER_LISTEN],
                registry=REGISTRY,
                is_ready=lambda: not spool.is_full,
                ending=ending,
                further=pushes,
            ):
                await work.fill(intake, metrics, ending.stop)
                if work.takes_pushes:
                    await ending.stop.wait()
                await finish(handover, ending.stop)
        if spool.waiting:
            tell(
                f"ticker: {counted(spool.waiting, 'strip waits', 'strips wait')} in the spool {folder};"
                " the next start hands over what waits"
            )


def _tell(counts: "Counts") -> None:
    tell(
        f"{counted(counts.strips, 'strip')}, {counted(counts.slots, 'slot')} = {counts.empty:,} empty"
        f" + {counted(counts.published, 'sighting')} published + {counted(counts.dead_letters, 'dead letter')}"
    )
    if counts.outdated:
        tell(
            f"ticker: {counts.outdated:,} sightings are older than the topic keeps them. Kafka's retention goes by"
            " event time: they can be removed within minutes, read or not. Raise retention.ms of the topics first"
            " to work on old strips.",
            logging.WARNING,
        )


def _ending(stopped: Event) -> "Ending":
    """The first request to end sets `stopped`; a second one ends the process."""
    from streams.observe.ending import Ending

    def end() -> None:
        stopped.set()
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            loop.remove_signal_handler(name)

    return Ending(end)
