"""`ticker schemas`: pushes the schemas of public topics to a schema registry, and compares a registry with them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streams.cli.combinations import Refused, refusing
from streams.cli.options import flags_of, settings_options
from streams.cli.output import Commands, examples, json_option, wants_json, write_json
from streams.cli.rules import read_rules, rules_option
from streams.cli.tables import print_structs
from streams.counted import counted
from streams.errors import SettingsError
from streams.settings import Secret, Settings
from streams.settings.schemas import CAFILE, DATASCHEMA, PASSWORD, REGISTRY, TOKEN, USERNAME, dataschema
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.registry.client import Registry
    from streams.registry.subjects import Differs, Pushed, Subject

_options = settings_options(REGISTRY, USERNAME, CAFILE, DATASCHEMA, TOPIC_PREFIX)
_refusing_cafile = refusing(
    Refused(
        flags_of(CAFILE),
        lambda given: not _uses_tls(given["settings"]),
        "is for a registry with https, and nothing here is encrypted; name it with https, or leave it out",
    )
)


def _uses_tls(settings: Settings) -> bool:
    """Whether the registry, or where consumers fetch schemas, is at an https URL, as far as either is named."""
    named = [url for url in (settings[REGISTRY], dataschema(settings)) if url is not None]
    return not named or any(url.startswith("https:") for url in named)


@click.group(
    cls=Commands,
    epilog=examples(
        "ticker schemas push --registry https://registry.example.org",
        "ticker schemas check --registry http://apicurio:8080/apis/ccompat/v7",
    ),
)
def command() -> None:
    """Push the schemas of consumers' topics to a schema registry (Confluent's API), or check one.

    A password or token comes from the environment (TICKER_SCHEMAS_PASSWORD, TICKER_SCHEMAS_TOKEN) or ticker.toml.
    """


@command.command(
    epilog=examples(
        "ticker schemas push --registry https://registry.example.org --username ci",
        "ticker schemas push --registry http://127.0.0.1:8081 --topic-prefix staging --rules topics.toml",
    )
)
@rules_option
@_options
@json_option
@_refusing_cafile
def push(settings: Settings, rules_path: Path | None, as_json: bool) -> None:
    """Register what the registry does not have yet and set the compatibility of each subject.

    Subjects are those of the topics, such as ticker.headlines-value, and of the types, such as ticker.category.v1.
    A schema that is there already is left as it is.
    """
    from streams.registry import subjects

    async def run(registry: "Registry", wanted: "tuple[Subject, ...]") -> "list[Pushed]":
        return [pushed async for pushed in subjects.push(registry, wanted)]

    pushed = _with_registry(settings, rules_path, run)
    if wants_json(as_json):
        for row in pushed:
            write_json(row)
        return
    print_structs(pushed)
    registered = sum(row.outcome == "registered" for row in pushed)
    click.echo(f"{registered} registered, {len(pushed) - registered} unchanged.")
    click.echo(
        f"Workers with TICKER_SCHEMAS_REGISTRY set say in `ce_dataschema` of events: {dataschema(settings)}"
    )


@command.command(
    epilog=examples(
        "ticker schemas check --registry https://registry.example.org",
        "ticker schemas check --json | jq -r .subject",
    )
)
@rules_option
@_options
@json_option
@_refusing_cafile
@click.pass_context
def check(ctx: click.Context, settings: Settings, rules_path: Path | None, as_json: bool) -> None:
    """Compare the registry with the contract, and follow `ce_dataschema`. Exit code 1 if something differs."""
    from streams.registry import subjects

    async def run(registry: "Registry", wanted: "tuple[Subject, ...]") -> "list[Differs]":
        found = [each async for each in subjects.check(registry, wanted)]
        missing = {each.subject for each in found if each.differs == "missing"}
        there = [subject for subject in wanted if subject.name not in missing]
        template = dataschema(settings)
        assert template is not None, "a registry is named"
        return found + [each async for each in subjects.check_dataschema(registry, there, template)]

    differences = _with_registry(settings, rules_path, run)
    if wants_json(as_json):
        for row in differences:
            write_json(row)
    elif differences:
        print_structs(differences)
    else:
        click.echo("All subjects are as the contract says, and consumers can fetch the schemas.")
    if differences:
        click.echo(
            f"ticker: the registry differs from the contract in {counted(len(differences), 'point')}",
            err=True,
        )
        ctx.exit(1)


def _with_registry(
    settings: Settings,
    rules_path: Path | None,
    act: "Callable[[Registry, tuple[Subject, ...]], Awaitable[list[Any]]]",
) -> list[Any]:
    """Run an operation on the settings' registry, with the subjects that it should have."""
    from schemas.routing import own_topics
    from streams.registry.client import Login, Registry
    from streams.registry.subjects import subjects

    address = settings[REGISTRY]
    if address is None:
        raise SettingsError("no registry is named: give --registry URL, or set TICKER_SCHEMAS_REGISTRY")
    login = Login(
        username=settings[USERNAME], password=Secret(settings[PASSWORD]), token=Secret(settings[TOKEN])
    )
    wanted = subjects(settings[TOPIC_PREFIX], own_topics(rule.topic for rule in read_rules(rules_path)))

    async def run() -> list[Any]:
        async with Registry(address, login=login, cafile=settings[CAFILE]) as registry:
            return await act(registry, wanted)

    return asyncio.run(run())
