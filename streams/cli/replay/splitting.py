"""`ticker replay split`: makes sightings of replayed strips with this build's splitter."""

import asyncio
from pathlib import Path

import click

from streams.cli.clusters import Target, target_options
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.ends import planned_ends
from streams.cli.replay.progress import TrialProgress
from streams.errors import SettingsError
from streams.settings import Settings


@click.command(
    epilog=examples("ticker replay split strips.json", "ticker replay split strips.json --json | jq .failed")
)
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@json_option
@target_options
@kafka_options()
def split(path: Path, as_json: bool, settings: Settings, target: Target) -> None:
    """Split the strips that a plan has replayed with this build, and write the sightings beside them.

    In the order in which they were recorded, each once: a run that was killed goes on. Workers on the target's prefix
    read them as they come. Separators that the producer was told are kept, all others are found anew.
    """
    from prometheus_client import CollectorRegistry

    from schemas.topics import STRIPS
    from streams.replay.metrics import ReplayMetrics
    from streams.replay.plan import read_plan
    from streams.replay.resplit import split_replayed

    made = read_plan(path)
    if made.topic != STRIPS.name:
        raise SettingsError(f"{path} replays {made.topic}; only strips are split")
    with TrialProgress(ReplayMetrics(CollectorRegistry())) as progress:
        found = asyncio.run(
            split_replayed(made, planned_ends(made, settings, target), told=progress.splitting)
        )
    if wants_json(as_json):
        write_json(found)
    else:
        click.echo(found.told())
