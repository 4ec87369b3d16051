"""`ticker replay clean`: removes what a replay created on its target."""

import asyncio
import sys
from pathlib import Path

import click

from streams.cli.clusters import Target, target_options
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.ends import check_named, planned_ends
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX


@click.command(
    epilog=examples(
        "ticker replay clean day.json", "ticker replay clean 3f2a9c1e --topic-prefix staging --yes --json"
    )
)
@click.argument("replay", metavar="PLAN|ID")
@click.option("--yes", is_flag=True, help="Do it; without, it is only said, and asked on a terminal.")
@json_option
@target_options
@kafka_options()
def clean(replay: str, yes: bool, as_json: bool, settings: Settings, target: Target) -> None:
    """Remove what a replay made on its target, and nothing else.

    Topics that it created, its records where no others stand before them, and what it wrote down. With an ID,
    --bootstrap-servers and --topic-prefix name the target.
    """
    from streams.replay.clean import clean as remove
    from streams.replay.clean import look
    from streams.replay.plan import read_plan

    if Path(replay).suffix == ".json" or Path(replay).exists():
        made = read_plan(Path(replay))
        connection, prefix, name = planned_ends(made, settings, target).target, made.target.prefix, made.id
    else:
        check_named(replay)
        there = target.settings(settings)
        connection, prefix, name = there.connection(), there[TOPIC_PREFIX], replay
    removal = asyncio.run(look(connection, prefix, name, patience=settings[PATIENCE]))
    if wants_json(as_json):
        write_json({"removed": yes, "removal": removal})
    else:
        for line in removal.told():
            click.echo(line)
    if not yes and sys.stdin.isatty() and sys.stdout.isatty() and not as_json:
        yes = click.confirm("Remove that?")
    if yes:
        asyncio.run(remove(connection, removal, patience=settings[PATIENCE]))
    else:
        click.echo("nothing was removed; --yes does it", err=True)
