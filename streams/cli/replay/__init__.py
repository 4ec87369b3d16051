"""`ticker replay`: runs recorded topics through another build, and compares the results."""

import click

from streams.cli.output import Commands, examples
from streams.cli.replay.apply import apply
from streams.cli.replay.clean import clean
from streams.cli.replay.diff import diff
from streams.cli.replay.plan import plan
from streams.cli.replay.splitting import split
from streams.cli.replay.trying import trying
from streams.cli.replay.watching import listing, pause, resume, speed, status


@click.group(
    cls=Commands,
    commands=[trying, plan, apply, split, listing, status, pause, resume, speed, diff, clean],
    epilog=examples(
        "ticker replay try sightings --since 24h --max-flips 0.5%",
        "ticker replay plan sightings --since 24h --to-topic-prefix staging --create --speed 10x -o day.json",
        "ticker replay apply day.json",
        "ticker replay diff day.json --markdown",
        "ticker replay clean day.json",
    ),
)
def command() -> None:
    """Run what was recorded through another build: `try` does all of it; plan, apply, diff, clean do each step."""
