"""`ticker replay diff`: what one build made of the same input otherwise than another."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from schemas.instants import parse_instant
from streams.cli.clusters import Target, target_options
from streams.cli.moments import parse_moment
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.ends import planned_ends
from streams.settings import Settings
from streams.settings.connection import PATIENCE

if TYPE_CHECKING:
    from streams.replay.diff import Collector, Result
    from streams.replay.plan import Plan


@click.command(
    epilog=examples(
        "ticker replay diff day.json",
        "ticker run strips.jsonl --dropped --json > new.jsonl && ticker replay diff old.jsonl new.jsonl",
        "ticker replay diff day.json --markdown --max-flips 0.01 > comment.md",
    )
)
@click.argument("old", metavar="PLAN|A")
@click.argument("new", metavar="[B]", required=False)
@click.option("--since", help="Only headlines observed since then: 2h, 3d ago, or an RFC 3339 time.")
@click.option("--until", help="Only headlines observed before then.")
@click.option(
    "--max-flips", type=click.FloatRange(0, 1), help="Exit code 1 above this share of category flips."
)
@click.option("--canary", is_flag=True, help="Also what the canary showed, which measures and is no news.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Tables for a pull request.")
@json_option
@target_options
@kafka_options()
def diff(
    old: str,
    new: str | None,
    since: str | None,
    until: str | None,
    max_flips: float | None,
    canary: bool,
    as_markdown: bool,
    as_json: bool,
    settings: Settings,
    target: Target,
) -> None:
    """What B made of the same input otherwise than A: headlines, merges, categories.

    PLAN compares the build that was recorded with the one on the plan's target, over the plan's window without its
    warm-up. A and B are each a file of `ticker run --dropped --json` (or of `ticker tail --json`), - for standard
    input, or a topic prefix; a prefix in B is read from the cluster of the --to-… options.
    """
    from streams.replay.diff import Collector, compare, markdown, rows
    from streams.replay.results import of_replay

    first = parse_moment("--since", since) if since else None
    end = parse_moment("--until", until) if until else None
    if new is None:
        made, plan_window = _planned(old)
        first, end = first or plan_window[0], end or plan_window[1]

    def collect() -> Collector:
        return Collector(since=first, until=end, canary=canary)

    if new is None:
        results = asyncio.run(of_replay(made, planned_ends(made, settings, target), collect))
    else:
        results = (_result(old, settings, collect()), _result(new, target.settings(settings), collect()))
    found = compare(*results)
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


def _planned(name: str) -> "tuple[Plan, tuple[int | None, int | None]]":
    """A plan, and the window that it says."""
    from streams.replay.plan import read_plan

    if not Path(name).is_file():
        raise click.UsageError(f"{name} is no plan; give one, or two results to compare")
    made = read_plan(Path(name))
    return made, (made.begins, parse_instant(made.until) if made.until else None)


def _result(name: str, settings: Settings, collector: "Collector") -> "Result":
    from streams.replay.results import STANDARD_INPUT, from_file, from_topics

    if name == STANDARD_INPUT or (Path(name).exists() and not Path(name).is_dir()):
        return from_file(name, collector)
    return asyncio.run(from_topics(settings.connection(), name, collector, patience=settings[PATIENCE]))


def _print_markdown(text: str) -> None:
    from rich.markdown import Markdown

    from streams.cli.console import Console

    Console().print(Markdown(text))
