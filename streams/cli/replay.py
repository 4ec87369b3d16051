"""`ticker replay`: run recorded topics through another build, and compare what comes out."""

import asyncio
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec.structs import replace

from streams.cli.clusters import Target, production, target_options
from streams.cli.logs import log_to_stderr
from streams.cli.moments import parse_moment
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import BOOTSTRAP_SERVERS, PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.replay.apply import Closing, Ends
    from streams.replay.checks import Check
    from streams.replay.diff import Result
    from streams.replay.plan import Place, Plan

_TELL_EVERY_S: Final = 5.0
_OFFSETS: Final = re.compile(r"(\d+):(\d+)-(\d+)", re.ASCII)


@click.group(
    epilog=examples(
        "ticker replay plan sightings --since 24h --to-topic-prefix staging --create --speed 10x -o day.json",
        "ticker replay apply day.json",
        "ticker replay diff ticker staging --markdown",
        "ticker replay clean day.json",
    )
)
def command() -> None:
    """Run what was recorded through another build: plan, look at the plan, apply, compare, clean."""


@command.command(
    epilog=examples(
        "ticker replay plan sightings --since 24h --to-topic-prefix staging --create",
        "ticker replay plan headlines --language ar --text 'المغرب' --to-config staging.toml --speed 10x",
        "ticker replay plan sightings --offsets 0:1000-5000 --to-bootstrap-servers staging:9092 --speed max",
    )
)
@click.argument("topic")
@click.option("--since", help="Begin there, by event time: 2h, 3d ago, or an RFC 3339 time.")
@click.option("--until", help="End before that event time.")
@click.option("--offsets", multiple=True, help="PARTITION:FIRST-END, END excluded; for some partitions only.")
@click.option("--source", "sources", multiple=True, help="Only of this source; several may be named.")
@click.option("--language", "languages", multiple=True, help="Only in this language (ISO 639).")
@click.option(
    "--category", "categories", multiple=True, help="Only of this category (categorized headlines)."
)
@click.option("--key", "keys", multiple=True, help="Only with this key.")
@click.option("--header", "headers", multiple=True, help="Only with this header: NAME or NAME=VALUE.")
@click.option("--text", help="Only where this regular expression is found in the text.")
@click.option("--speed", default="1x", show_default=True, help="1x, 10x, records a second (500/s), or max.")
@click.option(
    "--group", "groups", multiple=True, help="A consumer group of the target (default: its worker's)."
)
@click.option("--max-lag", type=click.IntRange(min=0), help="Wait while a group is more records behind.")
@click.option("--create", is_flag=True, help="Make the target's topics that are missing, kept without limit.")
@click.option("--accept", multiple=True, metavar="CHECK", help="Go on though this check refuses.")
@click.option("--id", "replay", help="A name for the replay: small letters, digits, - (default: made up).")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The plan (default: replay-ID.json).")
@json_option
@target_options
@kafka_options()
def plan(
    topic: str, output: Path | None, as_json: bool, settings: Settings, target: Target, **given: Any
) -> None:
    """Say what a replay of TOPIC would do, and write it to a file; changes nothing on the clusters.

    TOPIC is one of the pipeline's (sightings, strips, headlines …). Reads the window once to count what it
    holds. Exit code 1 where a check refuses; the plan is not written then.
    """
    from streams.replay.checks import refusals
    from streams.replay.plan import write_plan

    log_to_stderr()
    made, checks = _draft(topic, settings, target, given)
    refused = refusals(checks)
    path = output or Path(f"replay-{made.id}.json")
    if not refused:
        write_plan(made, path)
    if wants_json(as_json):
        write_json({"plan": made, "seconds": made.duration, "checks": checks})
    else:
        _print_plan(made, checks)
    if refused:
        click.echo(f"ticker: {len(refused)} check(s) refuse this replay; no plan was written", err=True)
        sys.exit(1)
    click.echo(f"{path}: look at it, then `ticker replay apply {path}`", err=True)


def _draft(
    name: str, settings: Settings, target: Target, given: dict[str, Any]
) -> "tuple[Plan, tuple[Check, ...]]":
    from streams.replay.apply import Ends
    from streams.replay.draft import Request, draft
    from streams.replay.select import Selection

    prefix, there = settings[TOPIC_PREFIX], target.settings(settings)
    fields = ("sources", "languages", "categories", "keys", "headers", "text")
    request = Request(
        topic=name.removeprefix(f"{prefix}."),
        source_prefix=prefix,
        target_prefix=there[TOPIC_PREFIX],
        source_settings=_file(settings),
        target_settings=_file(there),
        since=parse_moment("--since", given["since"]) if given["since"] else None,
        until=parse_moment("--until", given["until"]) if given["until"] else None,
        offsets=_offsets(given["offsets"]),
        selection=Selection(**{field: given[field] for field in fields}),
        speed=given["speed"],
        groups=given["groups"],
        max_lag=given["max_lag"],
        create=given["create"],
        accept=given["accept"],
        id=given["replay"],
    )
    ends = Ends(
        source=settings.connection(),
        target=there.connection(),
        production=production(settings, there),
        patience=settings[PATIENCE],
    )
    return asyncio.run(draft(request, ends, progress=_counting()))


def _counting() -> "Callable[[int], None]":
    """Says now and then how many records have been read: a window can be a year."""
    import time

    read, told = 0, time.monotonic()

    def progress(records: int) -> None:
        nonlocal read, told
        read += records
        if time.monotonic() - told > _TELL_EVERY_S:
            told = time.monotonic()
            click.echo(f"{read:,} records read", err=True)

    return progress


def _file(settings: Settings) -> str | None:
    return str(settings.path.absolute()) if settings.path.exists() else None


def _offsets(given: tuple[str, ...]) -> dict[int, tuple[int, int]]:
    windows = {}
    for text in given:
        match = _OFFSETS.fullmatch(text)
        if match is None or int(match[2]) > int(match[3]):
            raise SettingsError(f"--offsets {text!r}: give PARTITION:FIRST-END, such as 0:1000-5000")
        windows[int(match[1])] = (int(match[2]), int(match[3]))
    return windows


@command.command(
    epilog=examples("ticker replay apply day.json", "ticker replay apply day.json --json | jq .lost")
)
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option(
    "--verify/--no-verify", default=True, help="Read back what was written (the default), or trust it."
)
@json_option
@target_options
@kafka_options()
def apply(path: Path, verify: bool, as_json: bool, settings: Settings, target: Target) -> None:
    """Carry out a plan, exactly once; one that was stopped or killed goes on where it was.

    Checks everything again first. Connects as the plan says; flags override that, and give what no plan
    holds (logins). Ends with a report; exit code 1 if anything is lost, doubled or changed.
    """
    from streams.cli.replay_progress import ReplayProgress
    from streams.replay.apply import apply as carry_out
    from streams.replay.plan import read_plan

    log_to_stderr()
    made = read_plan(path)
    times = made.times
    ends = _ends(made, settings, target)
    with ReplayProgress(made.records, times[1] if times else 0) as progress:
        try:
            closing = asyncio.run(carry_out(made, ends, progress, verify=verify))
        except KeyboardInterrupt:
            progress.say(f"stopped; `ticker replay apply {path}` goes on where this stopped")
            sys.exit(130)
    if wants_json(as_json):
        write_json(closing)
    else:
        _print_closing(closing)
    if not closing.whole:
        click.echo("ticker: the target does not hold what was read, see the report", err=True)
        sys.exit(1)


def _ends(made: "Plan", settings: Settings, target: Target) -> "Ends":
    """How to connect to what a plan names; flags win."""
    from streams.replay.apply import Ends

    here = _as_planned(settings, made.source)
    if target.config is None and made.target.settings not in {None, made.source.settings}:
        target = replace(target, config=Path(str(made.target.settings)))
    if target.bootstrap_servers is None:
        target = replace(target, bootstrap_servers=made.target.bootstrap_servers)
    there = target.settings(here)
    return Ends(
        source=here.connection(),
        target=there.connection(),
        production=production(here, there),
        patience=here[PATIENCE],
    )


def _as_planned(settings: Settings, place: "Place") -> Settings:
    """Settings with the address, and without a file of their own also the file, that a plan names."""
    flags = {BOOTSTRAP_SERVERS.name: place.bootstrap_servers, **settings.flags}
    if place.settings and not settings.file and Path(place.settings).exists():
        return Settings.read(flags, config=Path(place.settings))
    return replace(settings, flags=flags)


@command.command(
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

    log_to_stderr()
    if Path(replay).suffix == ".json" or Path(replay).exists():
        made = read_plan(Path(replay))
        connection, prefix, name = _ends(made, settings, target).target, made.target.prefix, made.id
    else:
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


@command.command(
    epilog=examples(
        "ticker replay diff ticker staging --since 24h",
        "ticker run strips.jsonl --dropped --json > new.jsonl && ticker replay diff old.jsonl new.jsonl",
        "ticker replay diff ticker staging --markdown --max-flips 0.01 > comment.md",
    )
)
@click.argument("old", metavar="A")
@click.argument("new", metavar="B")
@click.option("--since", help="Only headlines observed since then: 2h, 3d ago, or an RFC 3339 time.")
@click.option("--until", help="Only headlines observed before then.")
@click.option(
    "--max-flips", type=click.FloatRange(0, 1), help="Exit code 1 above this share of category flips."
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Tables for a pull request.")
@json_option
@target_options
@kafka_options()
def diff(
    old: str,
    new: str,
    since: str | None,
    until: str | None,
    max_flips: float | None,
    as_markdown: bool,
    as_json: bool,
    settings: Settings,
    target: Target,
) -> None:
    """What B made of the same input otherwise than A: headlines, merges, categories.

    A and B are each a file of `ticker run --dropped --json` (or of `ticker tail --json`), - for standard
    input, or a topic prefix; a prefix in B is read from the cluster of the --to-… options.
    """
    from streams.replay.diff import compare, markdown, rows

    window = (
        parse_moment("--since", since) if since else None,
        parse_moment("--until", until) if until else None,
    )
    found = compare(_result(old, settings, window), _result(new, target.settings(settings), window))
    if as_markdown:
        click.echo(markdown(found))
    elif wants_json(as_json):
        for row in rows(found):
            write_json(row)
    else:
        _print_markdown(markdown(found))
    if max_flips is not None and found.flip_share > max_flips:
        click.echo(
            f"ticker: {found.flip_share:.2%} of categories flipped, {max_flips:.2%} are allowed", err=True
        )
        sys.exit(1)


def _result(name: str, settings: Settings, window: tuple[int | None, int | None]) -> "Result":
    from streams.replay.diff import Collector
    from streams.replay.results import STANDARD_INPUT, from_file, from_topics

    collector = Collector(since=window[0], until=window[1])
    if name == STANDARD_INPUT or (Path(name).exists() and not Path(name).is_dir()):
        return from_file(name, collector)
    return asyncio.run(from_topics(settings.connection(), name, collector, patience=settings[PATIENCE]))


def _print_markdown(text: str) -> None:
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))


def _print_plan(made: "Plan", checks: "tuple[Check, ...]") -> None:
    from rich.console import Console
    from rich.table import Table

    from streams.cli.replay_progress import duration

    console = Console()
    console.print(
        f"replay {made.id}: {made.source_topic} to {made.target_topic} at {made.speed}", highlight=False
    )
    table = Table("partition", "offsets", "records", "bytes", "from", "to", box=None, padding=(0, 1))
    for column in table.columns[:4]:
        column.justify = "right"
    for span in made.spans:
        table.add_row(
            str(span.partition),
            f"{span.first:,} to {span.end:,}",
            f"{span.records:,}",
            f"{span.bytes:,}",
            span.first_time or "",
            span.last_time or "",
        )
    table.add_row("all", "", f"{made.records:,}", f"{made.bytes:,}", style="bold")
    console.print(table)
    seconds = made.duration
    console.print(
        "as fast as the clusters go" if seconds is None else f"takes {duration(seconds)}", highlight=False
    )
    rows = Table(box=None, padding=(0, 1), show_header=False)
    for each in checks:
        colour = {"ok": "green", "accepted": "yellow", "refused": "red"}[each.outcome]
        finding = each.finding + (f"; {each.remedy}" if each.remedy else "")
        rows.add_row(f"[{colour}]{each.outcome}[/]", each.name, finding)
    console.print(rows)


def _print_closing(closing: "Closing") -> None:
    from rich.console import Console
    from rich.table import Table

    from streams.cli.replay_progress import duration

    table = Table(box=None, padding=(0, 1), show_header=False)
    rate = f"{closing.written / closing.seconds:,.0f}/s" if closing.seconds else ""
    for name, value in (
        ("read", f"{closing.read:,}"),
        ("filtered", f"{closing.filtered:,}"),
        ("written", f"{closing.written:,}"),
        ("found", "not read back" if closing.found is None else f"{closing.found:,}"),
        ("lost", f"{closing.lost:,}"),
        ("doubled", f"{closing.doubled:,}"),
        (
            "checksum",
            closing.checksum + {True: " as found", False: " BUT OTHERS FOUND", None: ""}[closing.intact],
        ),
        ("took", f"{duration(closing.seconds)} {rate}, {duration(closing.held_seconds)} of it waiting"),
    ):
        table.add_row(name, value)
    if closing.on_time is not None:
        table.add_row("on time", f"{closing.on_time:.1%} within 20 ms, 95 % within {closing.p95_ms} ms")
    Console().print(table, highlight=False)
