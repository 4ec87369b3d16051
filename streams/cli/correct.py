"""`ticker correct`: corrects decisions of the pipeline, from now on."""

import asyncio
import getpass
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from msgspec.structs import replace

from schemas.mediatopics import TOPIC_BY_SLUG
from streams.cli.options import kafka_options
from streams.cli.output import Commands, category_meant, examples, json_option, wants_json, write_json
from streams.cli.rules import read_rules, rules_option
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from schemas.events import Correction
    from streams.corrections.statement import Kind

_WAIT_S: Final = 15.0
_ID: Final = re.compile(r"[0-9a-f]{20}")

Command = Callable[..., None]


@click.group(
    cls=Commands,
    epilog=examples(
        'ticker correct split "Raja win the first leg" "Raja win the second leg" --why "two matches"',
        'ticker correct recategorize 3f9a1c0de45b7a210c88-3 sport --why "a match, no accident"',
        "ticker corrections list",
    ),
)
def command() -> None:
    """Put right what the pipeline decided. It holds from now on, for these words, until it is undone.

    The stories that the headlines stand in end, and what sources still show is decided and published anew. A correction
    stands among the sightings: replays that go over it decide as the original did.
    """


def _given(_context: click.Context, _option: click.Parameter, why: str) -> str:
    if not why.strip():
        raise click.BadParameter("it is empty; give the reason")
    return why


def _saying(command: Command) -> Command:
    """Add the options for the author, the reason and the cluster."""
    decorated = json_option(kafka_options()(command))
    decorated = click.option("--by", help="Who says so (default: your login).")(decorated)
    return click.option(
        "--why", required=True, callback=_given, help="The reason, for whoever reads it later."
    )(decorated)


@command.command(
    epilog=examples(
        'ticker correct split "Raja win the first leg" "Raja win the second leg" --why "two matches"',
        'ticker correct split 3f9a1c0de45b7a210c88-3 77aa1c0de45b7a210c88-0 --why "two bridges" --by amal',
    )
)
@click.argument("one", metavar="ID|TEXT")
@click.argument("other", metavar="ID|TEXT")
@_saying
def split(one: str, other: str, why: str, by: str | None, as_json: bool, settings: Settings) -> None:
    """Keep two headlines apart: neither is a duplicate or an update of the other."""
    _say("split", [one, other], why, by, as_json, settings)


@command.command(
    epilog=examples(
        'ticker correct join "Bridge of Rades opens" "Rades bridge open to traffic" --why "one bridge"',
        'ticker correct join 3f9a1c0de45b7a210c88-3 "Rades bridge open to traffic" --why "one bridge"',
    )
)
@click.argument("one", metavar="ID|TEXT")
@click.argument("other", metavar="ID|TEXT")
@_saying
def join(one: str, other: str, why: str, by: str | None, as_json: bool, settings: Settings) -> None:
    """Take two headlines for one: the later one is a duplicate of that which is live."""
    _say("join", [one, other], why, by, as_json, settings)


@command.command(
    epilog=examples(
        'ticker correct recategorize 3f9a1c0de45b7a210c88-3 sport --why "a match, no accident"',
        'ticker correct recategorize "Quays reopen" harbours --rules topics.toml --why "our own topic"',
    )
)
@click.argument("headline", metavar="ID|TEXT")
@click.argument("category")
@rules_option
@_saying
def recategorize(
    headline: str,
    category: str,
    rules_path: Path | None,
    why: str,
    by: str | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """Give a headline a category: the slug of a media topic, or of a rule of your own."""
    from streams.corrections.statement import media_topic

    known = [*TOPIC_BY_SLUG, *(rule.name for rule in read_rules(rules_path))]
    if category not in known:
        raise SettingsError(f"{category!r} is no category: {category_meant(category, known)}")
    _say("recategorize", [headline], why, by, as_json, settings, topic=media_topic(category))


@command.command(
    epilog=examples(
        'ticker correct withdraw 3f9a1c0de45b7a210c88-3 --why "a test page of the site"',
    )
)
@click.argument("headline", metavar="ID|TEXT")
@_saying
def withdraw(headline: str, why: str, by: str | None, as_json: bool, settings: Settings) -> None:
    """Publish a headline no more, whoever shows it."""
    _say("withdraw", [headline], why, by, as_json, settings)


@command.command(
    epilog=examples(
        "ticker corrections list",
        'ticker correct undo 0c2e5f7a9b1d3e5f7a9b --why "they were one after all"',
    )
)
@click.argument("identity", metavar="ID")
@_saying
def undo(identity: str, why: str, by: str | None, as_json: bool, settings: Settings) -> None:
    """Let a correction hold no longer (`ticker corrections list` has the ids)."""
    from schemas.instants import format_instant
    from streams.corrections.register import read

    if not _ID.fullmatch(identity):
        raise click.UsageError(f"{identity!r} is no correction's id; `ticker corrections list` has them")
    held = asyncio.run(
        read(settings.connection(), prefix=settings[TOPIC_PREFIX], patience=settings[PATIENCE])
    )
    found = next((each for each in held if each.id == identity), None)
    if found is None:
        raise SettingsError(f"no correction {identity} holds; `ticker corrections list` shows those that do")
    now = format_instant(time.time_ns() // 1_000_000)
    _submit(
        replace(found, undone=True, by=by or getpass.getuser(), why=why, corrected_at=now, chains=()),
        as_json,
        settings,
    )


def _say(
    kind: "Kind",
    headlines: Sequence[str],
    why: str,
    by: str | None,
    as_json: bool,
    settings: Settings,
    topic: str | None = None,
) -> None:
    from streams.corrections.statement import correction

    if not all(text.strip() for text in headlines):
        raise click.UsageError("a headline is empty; give its id or its text")
    texts = _texts(headlines, settings)
    now = time.time_ns() // 1_000_000
    _submit(
        correction(kind, texts, by=by or getpass.getuser(), why=why, at=now, topic=topic), as_json, settings
    )


def _texts(headlines: Sequence[str], settings: Settings) -> list[str]:
    """The texts of headlines; those given by id are looked up on the cluster."""
    from streams.explain.explanation import is_id
    from streams.explain.gather import from_cluster

    if not any(map(is_id, headlines)):
        return list(headlines)
    evidence = asyncio.run(
        from_cluster(settings.connection(), prefix=settings[TOPIC_PREFIX], patience=settings[PATIENCE])
    )
    known = {each.id: each.text for each in evidence.swallowed}
    known |= {each.id: each.text for each in evidence.published}
    if unknown := [each for each in headlines if is_id(each) and each not in known]:
        raise SettingsError(f"no headline {unknown[0]} is known on this cluster; give its text instead")
    return [known.get(each, each) for each in headlines]


def _submit(correction: "Correction", as_json: bool, settings: Settings) -> None:
    from streams.corrections.register import submit

    honoured = asyncio.run(
        submit(
            correction,
            settings.connection(),
            prefix=settings[TOPIC_PREFIX],
            patience=settings[PATIENCE],
            wait=_WAIT_S,
        )
    )
    if wants_json(as_json):
        write_json(honoured or correction)
    else:
        verb = "undone" if correction.undone else "holds"
        click.echo(f"{correction.id}  {correction.kind} {verb}")
        for chain in honoured.chains if honoured else ():
            click.echo(f"  ended: {chain}; what is still shown of it is published anew")
    if honoured is None:
        click.echo(
            f"ticker: written, but no worker has honoured it within {_WAIT_S:.0f} s; it will when one runs",
            err=True,
        )
