"""`ticker topics`: creates the pipeline's topics on a cluster, and compares a cluster with the contract."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from streams.cli.combinations import Refused, refusing
from streams.cli.options import endless_kafka_options, kafka_options
from streams.cli.output import Commands, examples, json_option, wants_json, write_json
from streams.cli.rules import read_rules, rules_option
from streams.cli.tables import print_structs
from streams.cli.taught import COMMANDS as TAUGHT_COMMANDS
from streams.counted import counted
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import REPLICATION, TOPIC_PREFIX

if TYPE_CHECKING:
    from schemas.topics import Topic


@click.group(
    cls=Commands,
    epilog=examples(
        "ticker topics create --replication 3",
        "ticker topics check --bootstrap-servers kafka:9092",
        "ticker topics wait worker",
        "ticker topics teach harbours --for harbours.txt --against others.txt",
    ),
)
def command() -> None:
    """Create the pipeline's topics on a Kafka cluster, check them; teach topics of your own by examples."""


for _command in TAUGHT_COMMANDS:
    command.add_command(_command)


@command.command(epilog=examples("ticker topics create", "ticker topics create --topic-prefix staging"))
@rules_option
@kafka_options(REPLICATION)
@json_option
def create(settings: Settings, rules_path: Path | None, as_json: bool) -> None:
    """Create the topics that are missing. Those that exist are left as they are, and said."""
    outcomes = _administer(settings, "create", rules_path)
    if wants_json(as_json):
        _write_lines(outcomes)
        return
    print_structs(outcomes)
    created = sum(outcome.outcome == "created" for outcome in outcomes)
    click.echo(f"{created} created, {len(outcomes) - created} left as they are.")
    if created < len(outcomes):
        click.echo("`ticker topics check` tells whether those are as they should be.")


@command.command(epilog=examples("ticker topics check", "ticker topics check --json | jq -r .mend"))
@rules_option
@kafka_options(REPLICATION)
@json_option
@click.pass_context
def check(ctx: click.Context, settings: Settings, rules_path: Path | None, as_json: bool) -> None:
    """Compare the cluster's topics with the contract. Exit code 1 if they differ, with how to mend it."""
    differences = _administer(settings, "check", rules_path)
    if wants_json(as_json):
        _write_lines(differences)
    elif differences:
        print_structs(differences)
    else:
        click.echo("All topics are as the contract says.")
    if differences:
        click.echo(
            f"ticker: the topics differ from the contract in {counted(len(differences), 'point')}", err=True
        )
        ctx.exit(1)


@command.command(
    epilog=examples("ticker topics wait worker", "ticker topics wait serve --topic-prefix staging")
)
@click.argument("program", type=click.Choice(["worker", "produce", "canary", "serve"]))
@rules_option
@endless_kafka_options()
@refusing(
    Refused(
        ("--rules",),
        lambda given: given["program"] != "worker",
        "is for `wait worker`: the others need the same topics with any rules; leave it out",
    ),
)
def wait(settings: Settings, program: str, rules_path: Path | None) -> None:
    """Wait, however long, until a broker answers and the topics that PROGRAM needs are there.

    What runs before a program whose topics somebody else makes: systemd's units have it as ExecStartPre.
    """
    import logging
    import math

    from streams.kafka.connect import administration
    from streams.kafka.topics import wait_for

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what it waits for is said below

    def report(text: str) -> None:
        click.echo(f"ticker: {text}", err=True)

    topics = _needed(program, rules_path)

    async def run() -> None:
        async with administration(settings.connection(), patience=math.inf, report=report) as client:
            await wait_for(client, topics, prefix=settings[TOPIC_PREFIX], report=report)

    asyncio.run(run())


def _needed(program: str, rules_path: Path | None) -> list["Topic"]:
    from schemas.topics import CANARY, DUPLICATES, HEADLINES, POSITIONS, SEEN
    from streams.pipeline import stages
    from streams.produce.records import TOPICS

    if program == "worker":
        every = (topic for stage in stages(read_rules(rules_path)) for topic in stage.topics)
        return list({topic.name: topic for topic in every}.values())
    needed = {
        "produce": [*TOPICS, POSITIONS],
        "canary": [*TOPICS, CANARY],
        "serve": [HEADLINES, DUPLICATES, SEEN],
    }
    return needed[program]


def _administer(settings: Settings, action: str, rules_path: Path | None) -> list[Any]:
    """Run `create` or `check` of streams.kafka.topics on the settings' cluster."""
    import logging

    from schemas.routing import own_topics
    from schemas.topics import TOPICS
    from streams.kafka import topics
    from streams.kafka.connect import administration

    every = (*TOPICS, *own_topics(rule.topic for rule in read_rules(rules_path)))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # what matters is in the errors that we raise

    async def run() -> list[Any]:
        async with administration(settings.connection(), patience=settings[PATIENCE]) as client:
            rows: list[Any] = await getattr(topics, action)(
                client, every, prefix=settings[TOPIC_PREFIX], replication=settings[REPLICATION]
            )
            return rows

    return asyncio.run(run())


def _write_lines(rows: Sequence[Struct]) -> None:
    for row in rows:
        write_json(row)
