"""`ticker deadletters`: lists records that could not be processed, tries them with this build, sends them back."""

import asyncio
import base64
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click
import msgspec
from msgspec import Struct

from streams.cli.moments import minute, parse_moment
from streams.cli.options import kafka_options
from streams.cli.output import (
    Commands,
    check_writable,
    examples,
    isolate,
    json_option,
    meant,
    wants_json,
    write_json,
)
from streams.counted import counted
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.deadletters.letters import Choice, Group, Letter
    from streams.deadletters.redrive import Sorting
    from streams.kafka.topics import TopicDescription

_SHOWN: Final = 160
_PLACE: Final = re.compile(r"\d{1,9}/\d{1,18}", re.ASCII)


class _Read(Struct, frozen=True):
    """The dead letters of a cluster."""

    all: "list[Letter]"
    chosen: "list[Letter]"
    redriven: set[str]
    strange: int
    """Records among them whose headers have no reason."""
    topics: "dict[str, TopicDescription]"


_stage_option = click.option(
    "--stage", type=click.Choice(["produce", "deduplicate", "categorize"]), help="Of this stage."
)


def _choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select letters; the command gets `choice: Choice`."""

    @wraps(command)
    def run(
        places: tuple[str, ...],
        stage: str | None,
        reason: str | None,
        source: str | None,
        since: str | None,
        **arguments: Any,
    ) -> None:
        from streams.deadletters.letters import Choice

        if strange := [place for place in places if not _PLACE.fullmatch(place)]:
            raise click.UsageError(
                f"{strange[0]!r} is no place of a dead letter: give PARTITION/OFFSET, such as 0/17; `list` shows them"
            )
        choice = Choice(
            stage=stage,
            fingerprint=reason,
            source=source,
            since=parse_moment("--since", since) if since else None,
            places=frozenset(places),
        )
        command(choice=choice, **arguments)

    decorated = click.argument("places", metavar="[PARTITION/OFFSET]...", nargs=-1)(run)
    decorated = click.option("--since", help="Rejected since then: 2h, 3d ago, or an RFC 3339 time.")(
        decorated
    )
    decorated = click.option("--source", help="Of this source.")(decorated)
    decorated = click.option("--reason", help="With this reason: a fingerprint that `list` shows.")(decorated)
    return _stage_option(decorated)


@click.group(
    cls=Commands,
    epilog=examples(
        "ticker deadletters list",
        "ticker deadletters try --reason 3f2a9c1e",
        "ticker deadletters redrive --reason 3f2a9c1e --yes",
    ),
)
def command() -> None:
    """Records that could not be processed: see why, try them with this build, send them back once."""


@command.command(
    name="list", epilog=examples("ticker deadletters list --since 24h", "ticker deadletters list --json")
)
@_choice_options
@json_option
@kafka_options()
def list_(choice: "Choice", as_json: bool, settings: Settings) -> None:
    """Dead letters grouped by stage, reason and source, the largest groups first.

    A reason is a fingerprint of the error without what it quotes: numbers, ids, texts.
    """
    from streams.deadletters.letters import grouped

    read = asyncio.run(_read(settings, choice))
    groups = grouped(read.chosen, read.redriven)
    if wants_json(as_json):
        for group in groups:
            write_json(group)
    else:
        _print_groups(groups)
    _say_strange(read)


@command.command(
    epilog=examples("ticker deadletters show 0/17", "ticker deadletters show --reason 3f2a9c1e --json")
)
@_choice_options
@json_option
@kafka_options()
def show(choice: "Choice", as_json: bool, settings: Settings) -> None:
    """Single dead letters with all that is known of them: record, reason, stack."""
    read = asyncio.run(_read(settings, choice))
    if not read.chosen:
        raise SettingsError("there is no such dead letter; `ticker deadletters list` shows what there is")
    for letter in read.chosen:
        row = _row(letter, redriven=letter.place in read.redriven)
        if wants_json(as_json):
            write_json(row)
        else:
            _print_letter(row, letter)


@command.command(
    name="try", epilog=examples("ticker deadletters try", "ticker deadletters try --stage deduplicate")
)
@_choice_options
@json_option
@kafka_options()
def try_(choice: "Choice", as_json: bool, settings: Settings) -> None:
    """Run dead letters through this build, writing nothing. Exit code 1 unless all pass.

    Letters that were sent back already are left out.
    """
    from streams.deadletters.trial import Trial

    read = asyncio.run(_read(settings, choice))
    letters = [letter for letter in read.chosen if letter.place not in read.redriven]
    rejected: Counter[tuple[str, str]] = Counter()
    passing = Trial().passing(
        letters, lambda letter, error: rejected.update([(letter.reason.stage, str(error)[:_SHOWN])])
    )
    if wants_json(as_json):
        still = [
            {"stage": stage, "message": message, "letters": n}
            for (stage, message), n in rejected.most_common()
        ]
        write_json({"letters": len(letters), "passing": len(passing), "rejected": still})
    else:
        click.echo(f"now passes {len(passing):,} of {len(letters):,}")
        for (stage, message), count in rejected.most_common():
            click.echo(f"  {count:,} × {stage}: {isolate(message)}")
    _say_strange(read)
    if rejected:
        sys.exit(1)


@command.command(
    epilog=examples(
        "ticker deadletters redrive", "ticker deadletters redrive --reason 3f2a9c1e --passing --yes"
    )
)
@_choice_options
@click.option("--passing", is_flag=True, help="Only those that this build processes (as `try` says).")
@click.option(
    "--max-attempts", type=click.IntRange(min=1), default=3, show_default=True, help="No more tries after."
)
@click.option("--yes", is_flag=True, help="Do it; without, it is only said.")
@json_option
@kafka_options()
def redrive(
    choice: "Choice", passing: bool, max_attempts: int, yes: bool, as_json: bool, settings: Settings
) -> None:
    """Send dead letters back to the topic and partition that they came from, each exactly once.

    Says what it would do; --yes does it. A letter is rejected again at most --max-attempts times in all.
    """
    from streams.deadletters.redrive import redrive as send
    from streams.deadletters.redrive import sort
    from streams.deadletters.trial import Trial

    read = asyncio.run(_read(settings, choice))
    prefix = settings[TOPIC_PREFIX]
    sorting = sort(
        read.chosen, redriven=read.redriven, prefix=prefix, topics=read.topics, max_attempts=max_attempts
    )
    ready = Trial().passing(sorting.ready, lambda _letter, _error: None) if passing else sorting.ready
    sent = 0
    if yes and ready:
        sent = asyncio.run(send(settings.connection().aiokafka_options(), prefix, ready, read.all))
    row = _summary(sorting, len(ready), sent if yes else None)
    if wants_json(as_json):
        write_json(row)
    else:
        click.echo("\n".join(f"{value:>8,}  {name}" for name, value in row.items() if isinstance(value, int)))
    for place, problem in sorting.unreturnable:
        click.echo(f"ticker: {place} cannot go back: {problem}", err=True)
    if not yes:
        click.echo("nothing was sent; --yes does it" if ready else "there is nothing to send", err=True)


def _summary(sorting: "Sorting", ready: int, sent: int | None) -> dict[str, Any]:
    return {
        "ready": ready,
        "refused_by_this_build": len(sorting.ready) - ready,
        "sent_before": sorting.already,
        "capped": sorting.capped,
        "cannot_go_back": len(sorting.unreturnable),
        "sent": sent,
    }


@command.command(
    epilog=examples("ticker deadletters export letters.jsonl --since 24h", "ticker deadletters export -")
)
@click.argument("file", metavar="FILE|-")
@_stage_option
@click.option("--reason", help="With this reason: a fingerprint that `list` shows.")
@click.option("--source", help="Of this source.")
@click.option("--since", help="Rejected since then: 2h, 3d ago, or an RFC 3339 time.")
@kafka_options()
def export(
    file: str,
    stage: str | None,
    reason: str | None,
    source: str | None,
    since: str | None,
    settings: Settings,
) -> None:
    """Write dead letters as JSON Lines: bytes in Base64, so that nothing is lost; text beside, to read."""
    from streams.deadletters.letters import Choice

    choice = Choice(
        stage=stage,
        fingerprint=reason,
        source=source,
        since=parse_moment("--since", since) if since else None,
    )
    if file != "-":
        check_writable(Path(file), "the file")
    read = asyncio.run(_read(settings, choice))
    with _output(file) as out:
        for letter in read.chosen:
            out.write(msgspec.json.encode(_row(letter, redriven=letter.place in read.redriven)) + b"\n")
    click.echo(f"{counted(len(read.chosen), 'dead letter')} written", err=True)


def _output(file: str) -> Any:
    if file == "-":
        return nullcontext(sys.stdout.buffer)
    try:
        opened: BinaryIO = Path(file).open("wb")  # noqa: SIM115 (the caller closes it)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from None
    return opened


async def _read(settings: Settings, choice: "Choice") -> _Read:
    from schemas.topics import DEADLETTERS, POSITIONS
    from streams.deadletters.letters import Choice, read_letters
    from streams.deadletters.redrive import read_redriven
    from streams.kafka.connect import administration
    from streams.kafka.topics import describe

    connection, prefix = settings.connection(), settings[TOPIC_PREFIX]
    async with administration(connection, patience=settings[PATIENCE]) as client:
        names = set(await client.list_topics())
        topics = await describe(client, {name for name in names if name.startswith(f"{prefix}.")})
    for needed in (DEADLETTERS.on(prefix), POSITIONS.on(prefix)):
        if needed not in topics:
            raise SettingsError(
                f"there is no {needed}: is --topic-prefix right? On a new cluster `ticker topics create` makes them"
            )
    options = connection.aiokafka_options()
    letters, strange = await read_letters(
        options, prefix, topics[DEADLETTERS.on(prefix)].partitions, Choice()
    )
    reachable = [
        letter for letter in letters if letter.reason.partition < topics[POSITIONS.on(prefix)].partitions
    ]
    redriven = await read_redriven(options, prefix, reachable)
    chosen = [letter for letter in letters if choice.takes(letter)]
    if letters and not chosen:
        click.echo(f"ticker: {_none_chosen(choice, letters)}", err=True)
    return _Read(letters, chosen, redriven, strange, topics)


def _none_chosen(choice: "Choice", letters: "Sequence[Letter]") -> str:
    """The message where none of the letters that there are was asked for; a name that none has is the likely reason."""
    text = f"none of {counted(len(letters), 'dead letter')} is such a one"
    for flag, name, known in (
        ("--reason", choice.fingerprint, {letter.fingerprint for letter in letters}),
        ("--source", choice.source, {letter.source for letter in letters if letter.source}),
    ):
        if name is not None and name not in known:
            text += f"; {flag} {isolate(name)}: {isolate(meant(name, known))}"
    return text


def _row(letter: "Letter", *, redriven: bool) -> dict[str, Any]:
    """A letter as JSON: bytes in Base64, and also as text if they are UTF-8."""
    return {
        "partition": letter.partition,
        "offset": letter.offset,
        "reason": letter.fingerprint,
        "source": letter.source,
        "redriven": redriven,
        "event_time": letter.event_time,
        "key": _base64(letter.key),
        "value": _base64(letter.value),
        "headers": [[name, _base64(value)] for name, value in letter.headers],
        "value_text": None if letter.value is None else letter.value.decode("utf-8", "replace"),
        "error": letter.reason,
    }


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _print_letter(row: dict[str, Any], letter: "Letter") -> None:
    why = letter.reason
    click.echo(f"{letter.place}  reason {letter.fingerprint}  attempt {why.attempt}  {why.time}")
    click.echo(f"  from   {why.topic}/{why.partition}/{why.offset}, source {letter.source or 'not known'}")
    click.echo(f"  stage  {why.stage}: {why.exception}: {isolate(why.message)}")
    click.echo(f"  key    {isolate((letter.key or b'').decode('utf-8', 'replace'))}")
    click.echo(f"  value  {isolate(row['value_text'] or 'none')}")
    for name, value in letter.headers:
        click.echo(f"  header {name} = {isolate(value.decode('utf-8', 'replace'))}")
    click.echo("".join(f"    {line}\n" for line in why.stacktrace.splitlines()))


def _print_groups(groups: "Sequence[Group]") -> None:
    """Print each group in lines of the terminal's width, with ids and times never cut."""
    if not groups:
        click.echo("no dead letters")
    for group in groups:
        attempts = f", tried {group.attempts} times" if group.attempts > 1 else ""
        click.echo(f"{group.reason}  {group.stage}, {isolate(group.source or 'no source')}")
        click.echo(f"  {group.letters:,} letters, {group.redriven:,} of them redriven{attempts}")
        click.echo(
            f"  {minute(group.first_seen)} to {minute(group.last_seen)} UTC, for example {group.example}"
        )
        click.echo(f"  {isolate(group.message)}")


def _say_strange(read: _Read) -> None:
    if read.strange:
        click.echo(
            f"ticker: among the dead letters {counted(read.strange, 'record tells', 'records tell')} no reason",
            err=True,
        )
