"""`ticker produce`: split strips and publish their sightings to Kafka."""

import asyncio
import sys

import click

from streams.cli.logs import log_to_stderr
from streams.cli.options import kafka_options
from streams.cli.output import examples
from streams.cli.progress import Progress
from streams.settings import LOG_FORMAT, PATIENCE, PRODUCER_LISTEN, TOPIC_PREFIX, Settings


@click.command(
    epilog=examples(
        "ticker produce page.html --source hespress",
        "tail -F strips.jsonl | ticker produce -",
    )
)
@click.argument("places", metavar="[FILES|FOLDERS|-]...", nargs=-1)
@click.option("--source", help="The source of pages (default: their path without its suffix).")
@click.option("--separator", help="What stands between headlines (default: found in each strip).")
@click.option("--selector", help="A CSS selector of the strip's items in HTML pages.")
@kafka_options(PRODUCER_LISTEN, LOG_FORMAT)
def command(
    places: tuple[str, ...],
    source: str | None,
    separator: str | None,
    selector: str | None,
    settings: Settings,
) -> None:
    """Split the strips of pages and JSON Lines and publish strips and sightings.

    Idempotent, acknowledged by all replicas, compressed. Publishing the same input again gives the same ids,
    so a producer that was killed half way is simply run again.
    """
    from prometheus_client import REGISTRY

    from streams.observe.health import serving
    from streams.observe.producer import ProducerMetrics
    from streams.produce.produce import Counts, produce
    from streams.produce.read import read, size_of

    log_to_stderr(log_format=settings[LOG_FORMAT])
    if not places:
        if sys.stdin.isatty():
            raise click.UsageError("name a file or folder, or - for standard input")
        places = ("-",)
    counts = Counts()
    with Progress(size_of(places)) as progress:

        def failed(error: Exception) -> None:
            counts.failed += 1
            progress.say(f"ticker: {error}")

        observations = read(places, failed=failed, source=source, progress=progress.advance)

        async def run() -> None:
            async with serving(settings[PRODUCER_LISTEN], registry=REGISTRY, is_ready=lambda: True):
                await produce(
                    observations,
                    connection=settings.connection(),
                    prefix=settings[TOPIC_PREFIX],
                    patience=settings[PATIENCE],
                    separator=separator,
                    selector=selector,
                    counts=counts,
                    failed=failed,
                    observer=ProducerMetrics(REGISTRY),
                )

        asyncio.run(run())
    click.echo(
        f"{counts.strips:,} strips, {counts.slots:,} slots = {counts.empty:,} empty"
        f" + {counts.published:,} sightings published + {counts.refused:,} dead letters",
        err=True,
    )
    if counts.outdated:
        click.echo(
            f"ticker: {counts.outdated:,} sightings are older than the topic keeps them. Kafka's retention goes by"
            " event time: they can be removed within minutes, read or not. Raise retention.ms of the topics first"
            " to work on old strips.",
            err=True,
        )
    if counts.failed or counts.refused:
        sys.exit(1)
