"""`ticker replay plan`: plans a replay, counts its records and checks it, without changing anything."""

import asyncio
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from streams.cli.clusters import Target, production, target_options
from streams.cli.combinations import Refused, refusing
from streams.cli.moments import minute, parse_length, parse_moment
from streams.cli.options import kafka_options
from streams.cli.output import check_writable, examples, json_option, meant, wants_json, write_json
from streams.cli.replay.dashboards import from_url
from streams.cli.replay.progress import duration
from streams.counted import counted
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.replay.checks import Check
    from streams.replay.plan import Plan

_TELL_EVERY_S: Final = 5.0
_MINUTE_WIDTH: Final = len("2026-03-11 08:00")
_SELECTED: Final = (
    *("sources", "languages", "categories", "keys", "headers", "text"),
    *("not_sources", "not_categories", "canary"),
)
"""The options that select records of the window."""
_PRODUCTION: Final = re.compile(r"production:[A-Za-z0-9_-]+", re.ASCII)
_OFFSETS: Final = re.compile(r"(\d+):(\d+)-(\d+)", re.ASCII)


def _acceptable(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names given with `--accept`, each of a check whose refusal can be accepted."""
    if not names:
        return names
    from streams.replay.checks import ACCEPTABLE

    for name in names:
        if name not in ACCEPTABLE and not _PRODUCTION.fullmatch(name):
            known = {*ACCEPTABLE, "production:CLUSTER_ID"}
            raise click.UsageError(
                f"--accept {name!r}: no check is accepted by that name: {meant(name, known, lists=True)}"
            )
    return names


_WINDOW_OPTIONS: Final = (
    click.option(
        "--from-url",
        metavar="URL",
        help="The window, source and topic of a dashboard's address (from, to, var-source, var-topic); quote it.",
    ),
    click.option("--since", help="Begin there, by event time: 2h, 3d ago, or an RFC 3339 time."),
    click.option("--until", help="End before that event time."),
    click.option(
        "--warm-up",
        help="How much before --since is replayed first, at full speed, and is no part of the result: 72h, 3d, 0 for"
        " none (default: twice the deduplication window, 144h, of sightings and strips).",
    ),
    click.option(
        "--offsets", multiple=True, help="PARTITION:FIRST-END, END excluded; for some partitions only."
    ),
    click.option("--source", "sources", multiple=True, help="Only of this source; several may be named."),
    click.option("--not-source", "not_sources", multiple=True, help="All but this source."),
    click.option("--language", "languages", multiple=True, help="Only in this language (ISO 639)."),
    click.option(
        "--category", "categories", multiple=True, help="Only of this category (categorized headlines)."
    ),
    click.option("--not-category", "not_categories", multiple=True, help="All but this category."),
    click.option(
        "--canary", is_flag=True, help="Also what the canary showed, which measures and is no news."
    ),
    click.option("--key", "keys", multiple=True, help="Only with this key."),
    click.option("--header", "headers", multiple=True, help="Only with this header: NAME or NAME=VALUE."),
    click.option("--text", help="Only where this regular expression is found in the text."),
    click.option(
        "--group",
        "groups",
        multiple=True,
        help="A consumer group of the target that --max-lag waits for (default: its worker's).",
    ),
    click.option(
        "--accept",
        multiple=True,
        metavar="CHECK",
        callback=_acceptable,
        help="Go on though this check refuses: cleanup, clock, filters, partitions, production:CLUSTER_ID,"
        " retention, size, state, timestamps, window.",
    ),
    click.option(
        "--id", "replay", help="A name for the replay: small letters, digits, - (default: made up)."
    ),
)
"""The options of `plan` and `try` for the window and the checks."""


def window_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options for the window and the checks; `drafted` reads them."""
    for option in reversed(_WINDOW_OPTIONS):
        command = option(command)
    return command


@click.command(
    epilog=examples(
        "ticker replay plan sightings --since 24h --to-topic-prefix staging --create",
        "ticker replay plan sightings --since 24h --not-source ticker-test --to-topic-prefix staging --create",
        "ticker replay plan decisions --language ar --text 'المغرب' --to-config staging.toml --speed 10x",
        "ticker replay plan sightings --from-url 'https://grafana/d/ticker?from=now-6h&to=now' --to-topic-prefix look",
        "ticker replay plan sightings --offsets 0:1000-5000 --to-bootstrap-servers staging:9092 --speed max",
    )
)
@click.argument("topic", required=False)
@window_options
@click.option(
    "--speed",
    default="1x",
    show_default=True,
    help="1x, 10x, a day an hour, 7d/2h, records a second (500/s), or max.",
)
@click.option("--max-lag", type=click.IntRange(min=0), help="Wait while a group is more records behind.")
@click.option("--create", is_flag=True, help="Make the target's topics that are missing, kept without limit.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The plan (default: replay-ID.json).")
@json_option
@target_options
@kafka_options()
@refusing(
    Refused(
        ("--group",),
        lambda given: given["max_lag"] is None,
        "is a group that --max-lag waits for; give that too",
    ),
)
def plan(
    topic: str | None, output: Path | None, as_json: bool, settings: Settings, target: Target, **given: Any
) -> None:
    """Say what a replay of TOPIC would do, and write it to a file; changes nothing on the clusters.

    TOPIC is one of the pipeline's (sightings, strips, decisions …). Reads the window once to count what it
    holds. Exit code 1 where a check refuses; the plan is not written then.
    """
    from streams.replay.checks import refusals
    from streams.replay.plan import write_plan

    name, given = window_of(topic, given)
    if output is not None:
        check_writable(output, "the plan")
    made, checks = drafted(name, settings, target, given)
    refused = refusals(checks)
    path = output or Path(f"replay-{made.id}.json")
    if not refused:
        write_plan(made, path)
    if wants_json(as_json):
        write_json({"plan": made, "seconds": made.duration, "checks": checks})
    else:
        print_plan(made, checks)
    if refused:
        click.echo(
            f"ticker: {counted(len(refused), 'check refuses', 'checks refuse')} this replay; no plan was written",
            err=True,
        )
        sys.exit(1)
    click.echo(f"{path}: look at it, then `ticker replay apply {path}`", err=True)


def window_of(topic: str | None, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The topic and the options; `--from-url` fills in those that were not given.

    Raises:
        click.UsageError: No topic was named.
        SettingsError: The URL has no window.
    """
    url = given["from_url"]
    found = from_url(url) if url else {}
    topic = topic or found.pop("topic", None)
    if topic is None:
        raise click.UsageError("Name a topic: sightings, strips, decisions …")
    found.pop("topic", None)
    return topic, given | {name: value for name, value in found.items() if not given[name]}


def asked_of(given: dict[str, Any]) -> str:
    """The window of the options as a text: `since 24h, sources akhbar`; empty for the whole topic."""
    named = {name: given[name] for name in ("from_url", "since", "until", "warm_up", "offsets", *_SELECTED)}
    return ", ".join(
        f"{name} {' '.join(value) if isinstance(value, tuple) else value}"
        for name, value in named.items()
        if value
    )


def drafted(
    name: str,
    settings: Settings,
    target: Target,
    given: dict[str, Any],
    *,
    own_topics: tuple[str, ...] = (),
    progress: "Callable[[int], None] | None" = None,
) -> "tuple[Plan, tuple[Check, ...]]":
    """Make a plan from the options, and check it; `own_topics` are those of the user's rules."""
    from streams.replay.apply import Ends
    from streams.replay.draft import Request, draft
    from streams.replay.select import Selection

    prefix, there = settings[TOPIC_PREFIX], target.settings(settings)
    request = Request(
        topic=name.removeprefix(f"{prefix}."),
        source_prefix=prefix,
        target_prefix=there[TOPIC_PREFIX],
        source_settings=_file(settings),
        target_settings=_file(there),
        since=parse_moment("--since", given["since"]) if given["since"] else None,
        until=parse_moment("--until", given["until"]) if given["until"] else None,
        warm_up=parse_length("--warm-up", given["warm_up"]) if given["warm_up"] else None,
        offsets=_offsets(given["offsets"]),
        selection=Selection(**{field: given[field] for field in _SELECTED}),
        speed=given["speed"],
        groups=given["groups"],
        max_lag=given["max_lag"],
        create=given["create"],
        own_topics=own_topics,
        accept=given["accept"],
        id=given["replay"],
    )
    ends = Ends(
        source=settings.connection(),
        target=there.connection(),
        production=production(settings, there),
        patience=settings[PATIENCE],
    )
    return asyncio.run(draft(request, ends, progress=progress or _counting()))


def _counting() -> "Callable[[int], None]":
    """Reports now and then how many records were read, as a window can be a year long."""
    read, told = 0, time.monotonic()

    def progress(records: int) -> None:
        nonlocal read, told
        read += records
        if time.monotonic() - told > _TELL_EVERY_S:
            told = time.monotonic()
            click.echo(f"{counted(read, 'record')} read", err=True)

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


def print_plan(made: "Plan", checks: "tuple[Check, ...]") -> None:
    """Print a plan and its checks for people."""
    from rich.table import Table

    from streams.cli.console import Console

    console = Console()
    console.print(
        f"replay {made.id}: {made.source_topic} to {made.target_topic} at {made.speed}", highlight=False
    )
    table = Table(
        *("part", "offsets", "records", "bytes", "from (UTC)", "to (UTC)"),
        box=None,
        padding=(0, 1),
        pad_edge=False,
    )
    for column in table.columns[:4]:
        column.justify = "right"
    for column in table.columns[4:]:
        column.no_wrap, column.min_width = True, _MINUTE_WIDTH
    for span in made.spans:
        table.add_row(
            str(span.partition),
            f"{span.first:,} to {span.end:,}",
            f"{span.records:,}",
            f"{span.bytes:,}",
            minute(span.first_time),
            minute(span.last_time),
        )
    table.add_row("all", "", f"{made.records:,}", f"{made.bytes:,}", style="bold")
    console.print(table)
    warm, out = (sum(getattr(span, kind) for span in made.spans) for kind in ("warm_up", "run_out"))
    if warm:
        told = f"warm-up: {warm:,} of these records, before {made.since}, are replayed first at full speed and are no"
        console.print(f"{told} part of the result", highlight=False)
    if out:
        told = (
            f"run-out: {out:,} of these records stand behind {made.until} and are replayed last at full speed"
        )
        console.print(f"{told}; of the result are those that came late", highlight=False)
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
