"""`ticker corrections`: the corrections in force, as a list and as test data."""

import asyncio
from typing import TYPE_CHECKING

import click

from streams.cli.options import kafka_options
from streams.cli.output import Commands, examples, isolate, json_option, wants_json, write_json
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from schemas.events import Correction


@click.group(
    cls=Commands, epilog=examples("ticker corrections list", "ticker corrections export > pairs.jsonl")
)
def command() -> None:
    """What people put right with `ticker correct`: all that hold, or test data made of them."""


@command.command(
    "list", epilog=examples("ticker corrections list", "ticker corrections list --json | jq .why")
)
@json_option
@kafka_options()
def show(as_json: bool, settings: Settings) -> None:
    """The corrections that hold, the oldest first, with who said so and why."""
    for each in _read(settings):
        if wants_json(as_json):
            write_json(each)
            continue
        what = f"{each.kind} {each.topic}" if each.topic else each.kind
        click.echo(f"{each.corrected_at}  {each.id}  {what}  by {isolate(each.by)}: {isolate(each.why)}")
        for text in each.texts:
            click.echo(f"    {isolate(text)}")


@command.command(epilog=examples("ticker corrections export > pairs.jsonl"))
@kafka_options()
def export(settings: Settings) -> None:
    """Test data as JSON lines: pairs that are distinct or duplicate, headlines with their topic."""
    from streams.corrections.export import examples as test_data

    for each in test_data(_read(settings)):
        write_json(each)


def _read(settings: Settings) -> "list[Correction]":
    from streams.corrections.register import read

    return asyncio.run(
        read(settings.connection(), prefix=settings[TOPIC_PREFIX], patience=settings[PATIENCE])
    )
