"""`ticker topics teach|shadow|switch-on|switch-off`: topics by example, from the examples to the rules file."""

import asyncio
import contextlib
import os
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from schemas.events import UNREADABLE
from schemas.instants import format_instant
from schemas.mediatopics import TOPIC_BY_SLUG, UNCATEGORISED, slug_of
from streams.cli.combinations import Refused, refusing
from streams.cli.lines import Failures, headlines
from streams.cli.moments import parse_moment
from streams.cli.options import KAFKA_FLAGS, kafka_options
from streams.cli.output import examples, isolate, json_option, meant, wants_json, write_json
from streams.cli.rules import (
    LARGEST_RULES,
    TAUGHT_SUFFIX,
    read_file,
    read_rules,
    read_taught_file,
    rules_option,
)
from streams.counted import counted
from streams.errors import InputError, SettingsError
from streams.replacing import replace_file
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.process.categorize.shadow import Shadow, Shadowing
    from streams.process.categorize.taught import Taught, TaughtTopic
    from streams.process.categorize.teach import Example

_LARGEST_EXAMPLES: Final = 16 << 20
_PATH: Final = click.Path(path_type=Path, dir_okay=False)
_FEW: Final = 50
"""With fewer examples on either side, leave-one-out cross-validation says little."""

_rules_file = click.option(
    "--rules", "rules_path", type=_PATH, envvar="TICKER_RULES", required=True, help="The workers' rules file."
)
_since = click.option(
    "--since", help="From this event time on: an RFC 3339 time, or 2h, 3d ago (default: from now on)."
)


@click.command(
    epilog=examples(
        "ticker topics teach harbours --for harbours.txt --against others.txt",
        "# Again: one more version in the file.",
        "ticker topics teach harbours --for more.txt --against others.txt",
    )
)
@click.argument("slug")
@click.option("--for", "file_for", type=_PATH, required=True, help="Headlines of the topic, one a line.")
@click.option("--against", "file_against", type=_PATH, required=True, help="Headlines that are not of it.")
@click.option("-o", "--output", type=_PATH, help=f"The topic's file (default: SLUG{TAUGHT_SUFFIX}).")
@rules_option
@json_option
def teach(
    slug: str, file_for: Path, file_against: Path, output: Path | None, rules_path: Path | None, as_json: bool
) -> None:
    """Teach a topic of your own by ten headlines or more of it and ten or more that are not, in any languages.

    Writes a small text file to review and keep in git; teaching again adds a version to it. Choose those against
    from what comes near: headlines that a reader would not want there. The same examples give the same file.
    """
    from streams.process.categorize.taught import encode_taught
    from streams.process.categorize.teach import teach as learn

    output = output or Path(f"{slug}{TAUGHT_SUFFIX}")
    _check_slug(slug, output, rules_path)
    before = read_taught_file(output) if output.exists() else None
    if before is not None and before.topic != slug:
        raise InputError(str(output), f"is of the topic {before.topic}; name another file with --output")
    topic = learn(slug, _examples(file_for), _examples(file_against), before)
    last = topic.versions[-1]
    if topic != before:
        _write(output, encode_taught(topic))
    if wants_json(as_json):
        write_json({"file": str(output), "version": last.version, "new": topic != before} | _summary(last))
        return
    told = "holds" if topic != before else "had already"
    click.echo(f"{output} {told} version {last.version} of {slug}, taught by {_taught_by(last)}.")
    click.echo(_measured(last))
    click.echo(f"See what it would take: ticker topics shadow {output}")


def _check_slug(slug: str, output: Path, rules_path: Path | None) -> None:
    from streams.process.categorize.rules import is_name

    if slug in TOPIC_BY_SLUG or slug == UNCATEGORISED:
        raise SettingsError(f"{slug!r} exists: it is one of the pipeline's own; choose another name")
    if not is_name(slug):
        raise SettingsError(
            f"{slug!r}: a name is up to 49 lower-case letters, digits and hyphens, a letter first"
        )
    rule = next((rule for rule in read_rules(rules_path) if rule.name == slug), None)
    if rule is not None and not rule.switches:
        raise SettingsError(f"{slug!r} exists: {rules_path} has it as a rule by words, source or pattern")
    if rule is not None and not output.exists():
        raise SettingsError(f"{slug!r} exists: {rules_path} names its file; give that as --output")


def _examples(path: Path) -> "list[Example]":
    from streams.process.categorize.teach import read_examples

    return read_examples(read_file(path, _LARGEST_EXAMPLES), str(path))


def _summary(taught: "Taught") -> dict[str, Any]:
    return {
        "for": taught.examples_for,
        "against": taught.examples_against,
        "precision": taught.leave_one_out.precision,
        "recall": taught.leave_one_out.recall,
        "digest": taught.digest,
    }


def _taught_by(taught: "Taught") -> str:
    return f"{counted(taught.examples_for, 'headline')} for and {taught.examples_against} against it"


def _measured(taught: "Taught") -> str:
    measured = taught.leave_one_out
    said = (
        f"Each left out in turn: precision {measured.precision:.2f}, recall {measured.recall:.2f}, "
        "among these examples."
    )
    few = min(taught.examples_for, taught.examples_against)
    if few < _FEW:
        said += f" {few} examples are few: expect less of headlines that differ from them, and look at the shadow."
    return said


@click.command(
    epilog=examples(
        "ticker topics shadow harbours.taught.json --since 7d",
        "ticker topics shadow harbours.taught.json headlines.txt --json | jq .overlap",
        "# Until Ctrl-C:",
        "ticker topics shadow harbours.taught.json --since 1h --follow",
    )
)
@click.argument("file", type=_PATH)
@click.argument("places", metavar="[HEADLINES|-]...", nargs=-1)
@click.option("--version", "number", type=click.IntRange(1), help="Which version (default: the last).")
@click.option("--since", default="7d", show_default=True, help="On Kafka: from then on.")
@click.option("--follow", is_flag=True, help="On Kafka: go on with what comes, and tell at the end.")
@rules_option
@json_option
@kafka_options()
@refusing(
    Refused(
        ("--since", "--follow", *KAFKA_FLAGS),
        lambda given: bool(given["places"]),
        "is for headlines on Kafka, and files are read; leave it out, or the files",
    ),
    Refused(
        ("--rules",),
        lambda given: not given["places"],
        "is for headlines of files, and those on Kafka are categorized; leave it out, or name files",
    ),
)
def shadow(
    file: Path,
    places: tuple[str, ...],
    number: int | None,
    since: str,
    follow: bool,
    rules_path: Path | None,
    as_json: bool,
    settings: Settings,
) -> None:
    """What a taught topic would take: how many a day, from which categories, and what it is in doubt about.

    Reads the headlines that are published (PREFIX.headlines), or files with a headline a line. Changes nothing.
    """
    from streams.process.categorize.shadow import Shadowing

    topic = read_taught_file(file)
    shadowing = Shadowing(topic.topic, _version(topic, number, file))
    failures = Failures()
    if places:
        _see_files(shadowing, places, rules_path, failures)
    else:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_see_published(shadowing, settings, parse_moment("--since", since), follow=follow))
    result = shadowing.result()
    if wants_json(as_json):
        write_json(result)
    else:
        _tell(result)
    failures.exit()


def _version(topic: "TaughtTopic", number: int | None, file: Path) -> "Taught":
    if number is None:
        return topic.versions[-1]
    found = topic.version(number)
    if found is None:
        raise SettingsError(f"{file} has versions 1 to {len(topic.versions)}, not {number}")
    return found


def _see_files(
    shadowing: "Shadowing", places: tuple[str, ...], rules_path: Path | None, failures: Failures
) -> None:
    from streams.process.categorize.model import Categorizer
    from streams.process.fold import fold
    from streams.process.language import detect

    categorizer = Categorizer(rules=read_rules(rules_path))
    for place in places:
        for text in headlines(place, failures):
            folded = fold(text)
            language = detect(folded)
            shadowing.see(text, language, slug_of(categorizer.categorize(text, folded, language).topic))


async def _see_published(shadowing: "Shadowing", settings: Settings, since: int, *, follow: bool) -> None:
    import msgspec

    from schemas.events import CategorizedHeadline
    from schemas.topics import HEADLINES
    from streams.kafka.connect import administration
    from streams.kafka.merge import merged
    from streams.kafka.topics import partitions_of

    decode = msgspec.json.Decoder(CategorizedHeadline).decode
    connection = settings.connection()
    async with administration(connection, patience=settings[PATIENCE]) as client:
        partitions = await partitions_of(client, [HEADLINES.on(settings[TOPIC_PREFIX])])
    records = merged(connection.aiokafka_options(), partitions, since=since, follow=follow)
    async with contextlib.aclosing(records):
        async for record in records:
            try:
                event = decode(record.value or b"")
            except UNREADABLE:
                continue  # `ticker tail` says so
            shadowing.see(event.text, event.language, event.category, event.observed_at)


def _tell(result: "Shadow") -> None:
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    console = Console()
    click.echo(
        f"{result.topic}@{result.version} would take {result.taken:,} of {counted(result.headlines, 'headline')}."
    )
    if result.days:
        click.echo(f"{result.taken / result.days:.1f} a day, on {len(result.per_day)} of the calendar:")
        for day, taken in result.per_day.items():
            click.echo(f"  {day}  {taken:,}")
    overlap = Table("category now", "taken", "of", "share")
    for row in result.overlap:
        overlap.add_row(row.category, f"{row.taken:,}", f"{row.of:,}", f"{row.taken / row.of:.1%}")
    doubtful = Table("in doubt", "", "category now", "above the threshold")
    for doubt in result.doubtful:
        doubtful.add_row(Text(isolate(doubt.text)), doubt.language, doubt.category, f"{doubt.above:+.2f}")
    console.print(overlap)
    console.print(doubtful)


@click.command(
    name="switch-on",
    epilog=examples(
        "ticker topics switch-on harbours.taught.json --rules topics.toml",
        "ticker topics switch-on harbours.taught.json --version 1 --rules topics.toml --since 2026-12-01T00:00:00Z",
    ),
)
@click.argument("file", type=_PATH)
@click.option("--version", "number", type=click.IntRange(1), help="Which version (default: the last).")
@_since
@_rules_file
def switch_on(file: Path, number: int | None, since: str | None, rules_path: Path) -> None:
    """Let a version of a taught topic hold from an event time on: adds that to the rules file.

    What was shown before keeps what held then, in replays too (`ticker worker --taught now` decides otherwise). Then
    `ticker topics create --rules` makes its Kafka topic, and workers that are restarted publish to it.
    """
    topic = read_taught_file(file)
    version = _version(topic, number, file)
    _switch(topic.topic, str(version.version), since, rules_path, file)
    click.echo(
        f"{rules_path} has {topic.topic}@{version.version}. Next: ticker topics create --rules {rules_path}"
    )
    click.echo("and restart the workers with it.")


@click.command(name="switch-off", epilog=examples("ticker topics switch-off harbours --rules topics.toml"))
@click.argument("slug")
@_since
@_rules_file
def switch_off(slug: str, since: str | None, rules_path: Path) -> None:
    """Let a taught topic take nothing from an event time on; its Kafka topic and its past stay."""
    _switch(slug, '"off"', since, rules_path, None)
    click.echo(f"{rules_path} has {slug} off. Restart the workers with it.")


def _switch(slug: str, to: str, since: str | None, rules_path: Path, file: Path | None) -> None:
    """Append a switch to the rules file, if the file is still valid with it."""
    from streams.process.categorize.rules import parse_rules

    moment = parse_moment("--since", since) if since else time.time_ns() // 1_000_000
    before = read_file(rules_path, LARGEST_RULES) if rules_path.exists() else b""
    rules = {rule.name: rule for rule in (read_rules(rules_path) if before.strip() else ())}
    text = before.decode()  # read_rules reports a file that is not text
    if slug not in rules:
        if file is None:
            raise SettingsError(
                f"{rules_path} has no topic {slug!r}" + (f": {meant(slug, rules)}" if rules else "")
            )
        name = Path(os.path.relpath(file, rules_path.parent)).as_posix()
        text += f"{_gap(text)}[topics.{slug}]\ntaught = {_quoted(name)}\n"
    elif not rules[slug].switches:
        raise SettingsError(f"{slug!r} exists: {rules_path} has it as a rule by words, source or pattern")
    elif file is not None and (named := _named(text, slug, rules_path)).resolve() != file.resolve():
        raise SettingsError(f"{rules_path} has {slug} from {named}, not {file}: teach its next version there")
    text += f"{_gap(text)}[[topics.{slug}.switched]]\nsince = {format_instant(moment)}\nto = {to}\n"
    data = text.encode()
    parse_rules(data, str(rules_path), lambda name: read_taught_file(rules_path.parent / name))
    _write(rules_path, data)


def _named(text: str, slug: str, rules_path: Path) -> Path:
    """The file of a taught topic, named in a rules file that was validated already."""
    return rules_path.parent / str(tomllib.loads(text)["topics"][slug]["taught"])


def _gap(text: str) -> str:
    if not text:
        return ""
    return "\n" if text.endswith("\n") else "\n\n"


def _quoted(text: str) -> str:
    """A text as a TOML string, which JSON's notation is too."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _write(path: Path, data: bytes) -> None:
    try:
        replace_file(path, data)
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror}") from None


COMMANDS: Final = (teach, shadow, switch_on, switch_off)
