"""`make chaos`: inject real faults, then check that nothing was lost or doubled.

python -m tests.chaos                        # all of it, about half an hour
python -m tests.chaos kill --kills 20        # one scenario, shorter
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct

from streams.cli.logs import log_to_stderr
from streams.dev.kafka import Cluster
from streams.kafka.connect import administration
from streams.kafka.topics import create
from tests.chaos.checker import Report, examine
from tests.chaos.corpus import Corpus
from tests.chaos.feed import Feed
from tests.chaos.scenarios import SCENARIOS, Options, Scenario, Testbed
from tests.chaos.topics import LASTING
from tests.chaos.watch import Stall, Watch

_PREFIX: Final = "chaos"
_PATIENCE_S: Final = 60.0
_DRAIN_S: Final = 300.0
_CRITICAL: Final = 50
"""The log level: below it, libraries report every connection that an injected fault breaks."""


class Result(Struct, frozen=True, kw_only=True):
    """The result of a scenario."""

    name: str
    seconds: float
    did: dict[str, int]
    commits: int
    stall: Stall
    report: Report

    def __str__(self) -> str:
        did = ", ".join(f"{count} {what}" for what, count in self.did.items())
        stall = f"{self.stall.seconds:.1f} s ({self.stall.stage} {self.stall.partition})"
        return (
            f"{self.name}: {did} in {self.seconds:.0f} s; {self.commits:,} commits; longest stall {stall}"
            f"\n  {self.report}"
        )


async def play(name: str, folder: Path, options: Options) -> Result:
    """Run one scenario on a cluster of its own, then check the outputs."""
    scenario, size = SCENARIOS[name]
    cluster = Cluster(folder / "kafka", nodes=size)
    await asyncio.to_thread(cluster.start)
    testbed = Testbed(cluster, _PREFIX, folder, options)
    try:
        async with administration(testbed.connection, patience=_PATIENCE_S) as client:
            await create(client, LASTING, prefix=_PREFIX)
        started = time.monotonic()
        watch = await _fed(scenario, testbed, options)
        seconds = time.monotonic() - started
        for worker in list(testbed.workers):
            await testbed.stop(worker)
        report = await examine(testbed.connection, _PREFIX)
    finally:
        testbed.close()
        await asyncio.to_thread(cluster.stop, patience=0)
    return Result(
        name=name,
        seconds=seconds,
        did=dict(testbed.did),
        commits=watch.commits,
        stall=max(watch.stalls),
        report=report,
    )


async def _fed(scenario: Scenario, testbed: Testbed, options: Options) -> Watch:
    """Play a scenario while input is written; return once all of it is processed."""
    corpus = Corpus(options.seed, poison=options.poison)
    feed = Feed(testbed.connection, _PREFIX, corpus, rate=options.rate)
    watch = Watch(testbed.connection, _PREFIX)
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch.run())
        feeding = tasks.create_task(feed.run())
        await scenario(testbed)
        feed.stop()
        await feeding
        await watch.drained(at_least=feed.written, seconds=_DRAIN_S)
        watching.cancel()
    return watch


@click.command()
@click.argument("scenarios", nargs=-1, type=click.Choice(list(SCENARIOS)))
@click.option("--kills", default=100, show_default=True, help="How often `kill` kills.")
@click.option("--rounds", default=3, show_default=True, help="How often the other scenarios do what they do.")
@click.option("--rate", default=500.0, show_default=True, help="Sightings a second.")
@click.option("--poison", default=0.01, show_default=True, help="Share of poison among them.")
@click.option("--seed", default=0, show_default=True, help="Seed of the input and of all random choices.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep brokers' data and workers' logs here.")
def command(scenarios: tuple[str, ...], keep: Path | None, **options: Any) -> None:
    """Provoke faults on real brokers and workers and check that nothing was lost or doubled."""
    log_to_stderr(_CRITICAL)
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).setLevel(_CRITICAL)
    results = []
    with tempfile.TemporaryDirectory(prefix="ticker-chaos-") as temporary:
        for name in scenarios or SCENARIOS:
            folder = (keep or Path(temporary)) / name
            folder.mkdir(parents=True, exist_ok=True)
            result = asyncio.run(play(name, folder, Options(**options)))
            results.append(result)
            click.echo(result)
    click.echo(summary(results))
    sys.exit(any(result.report.problems for result in results))


def summary(results: Sequence[Result]) -> str:
    """All scenarios in one line."""
    failed = [result.name for result in results if result.report.problems]
    longest = max(result.stall for result in results)
    return (
        f"{len(results)} scenarios, {sum(result.report.sightings for result in results):,} sightings:"
        f" {sum(result.report.lost for result in results)} lost,"
        f" {sum(result.report.doubled for result in results)} doubled;"
        f" longest stall {longest.seconds:.1f} s; " + (f"FAILED: {', '.join(failed)}" if failed else "all OK")
    )


if __name__ == "__main__":
    command()
