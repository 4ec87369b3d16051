"""`ticker consume-check`: examines a consumer group from outside."""

import asyncio
import sys
from typing import Final

import click

from streams.cli.options import FiniteRange, kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

_COLOURS: Final = {"wrong": "red", "look": "yellow", "fine": "green"}


@click.command(
    epilog=examples(
        "ticker consume-check --group newsroom-alerts",
        "ticker consume-check --group newsroom-alerts --seconds 60",
    )
)
@click.option("--group", required=True, help="The consumer's group.id.")
@click.option(
    "--seconds",
    default=5.0,
    show_default=True,
    type=FiniteRange(min=0.1),
    help="How long to look: rebalances and a group that hangs show only over time.",
)
@json_option
@kafka_options()
def command(group: str, seconds: float, as_json: bool, settings: Settings) -> None:
    """Say what is wrong with a consumer of the topics: lag, rebalances, isolation, what nobody reads.

    Joins nothing and changes nothing. Exit code 1 where something is wrong.
    """
    from rich.text import Text

    from streams.cli.console import Console
    from streams.consumers.findings import findings
    from streams.consumers.looks import looks

    if not group:
        raise click.UsageError("--group is empty; give the consumer's group.id")
    prefix = settings[TOPIC_PREFIX]
    first, last = asyncio.run(
        looks(settings.connection(), group, prefix=prefix, patience=settings[PATIENCE], seconds=seconds)
    )
    found = list(findings(prefix, first, last, seconds))
    for each in found:
        if wants_json(as_json):
            write_json(each)
            continue
        shown = Text.assemble((f"{each.level:<5}", _COLOURS[each.level]), f"  {each.what}")
        if each.do:
            shown.append(f"\n       {each.do}")
        Console(highlight=False).print(shown, soft_wrap=True)
    if any(each.level == "wrong" for each in found):
        sys.exit(1)
