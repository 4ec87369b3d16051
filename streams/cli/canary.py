"""`ticker canary`: test headlines through the whole path, timed."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from streams.cli.combinations import Refused, refusing
from streams.cli.logs import log_to_stderr
from streams.cli.options import FiniteRange, flags_of, kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.counted import counted
from streams.settings import Settings
from streams.settings.canary import CANARY_LISTEN
from streams.settings.connection import PATIENCE
from streams.settings.logs import LOG_FORMAT
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.canary.rounds import Arrival  # the whole Kafka client with it


@click.command(epilog=examples("ticker canary", "ticker canary --once --every 30"))
@click.option(
    "--every", default=60.0, show_default=True, type=FiniteRange(min=1), help="Seconds between rounds."
)
@click.option("--once", is_flag=True, help="One round, each headline waited for up to --every seconds.")
@json_option
@kafka_options(CANARY_LISTEN, LOG_FORMAT)
@refusing(
    Refused(
        ("--json",),
        lambda given: not given["once"],
        "is for --once; without it the ages are metrics",
    ),
    Refused(
        flags_of(CANARY_LISTEN),
        lambda given: given["once"] and given["settings"][CANARY_LISTEN] is not None,
        "is where metrics are, and --once serves no metrics; leave out --listen",
    ),
    Refused(
        flags_of(LOG_FORMAT),
        lambda given: given["once"],
        "is of a canary that goes on until it is told to end; leave it out with --once",
    ),
)
def command(every: float, once: bool, as_json: bool, settings: Settings) -> None:
    """Publish a made-up headline per language and time how long it takes through the whole path.

    With --once, exit code 1 when one did not arrive in time. Without, until told to stop; the ages are
    metrics. What comes of its headlines goes to a topic of its own, `PREFIX.canary`: consumers never meet them.
    """
    if not once:
        log_to_stderr(log_format=settings[LOG_FORMAT])
    told = _Told(wants_json(as_json))
    with suppress(KeyboardInterrupt):
        asyncio.run(_watch(settings, told, every, once))
    if once and told.arrivals < told.expected:
        click.echo(
            f"ticker: {told.expected - told.arrivals} of {counted(told.expected, 'headline')} did not arrive within"
            f" {every:g} s; are workers of both stages running? Their /readyz and log say more",
            err=True,
        )
        sys.exit(1)


class _Told:
    """Prints arrivals and keeps count."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self.expected = 0
        self.arrivals = 0

    def published(self, language: str) -> None:  # noqa: ARG002 (the protocol's)
        self.expected += 1

    def arrived(self, arrival: "Arrival") -> None:
        self.arrivals += arrival.seconds is not None
        if self._as_json:
            write_json(arrival, at_once=True)
        else:
            seconds = "given up" if arrival.seconds is None else f"{arrival.seconds:.3f} s"
            click.echo(f"{arrival.language}  {seconds:>9}")

    def ages(self, ages: Mapping[str, float]) -> None:
        pass


async def _watch(settings: Settings, told: _Told, every: float, once: bool) -> None:
    from prometheus_client import REGISTRY

    from streams.canary.metrics import CanaryMetrics
    from streams.canary.rounds import topics, watch
    from streams.kafka.probe import probing
    from streams.observe.ending import Ending
    from streams.observe.health import serving

    ending = Ending()
    ending.obey_signals()
    started = asyncio.Event()
    listen = None if once else settings[CANARY_LISTEN]
    connection = settings.connection()
    names = topics(settings[TOPIC_PREFIX])
    async with probing(connection, topics=names, meanwhile="no test headline can be on its way") as probe:

        def is_ready() -> bool:
            return started.is_set() and probe.is_answered

        async with serving(listen, registry=REGISTRY, is_ready=is_ready, ending=ending):
            watching = watch(
                connection=connection,
                prefix=settings[TOPIC_PREFIX],
                patience=settings[PATIENCE],
                observer=told if once else CanaryMetrics(REGISTRY, lambda: probe.is_answered),
                every=every,
                rounds=1 if once else None,
                started=started.set,
            )
            await ending.unless_told(watching)
