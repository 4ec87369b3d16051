"""`ticker replay diff`: the differences between the results of two builds for the same input."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from schemas.instants import parse_instant
from streams.cli.clusters import TARGET_FLAGS, Target, target_options
from streams.cli.combinations import Refused, refusing
from streams.cli.moments import parse_moment
from streams.cli.options import KAFKA_FLAGS, kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.ends import planned_ends
from streams.cli.rules import read_rules, rules_option
from streams.counted import counted
from streams.errors import InputError
from streams.settings import Settings
from streams.settings.connection import PATIENCE

if TYPE_CHECKING:
    from streams.replay.diff import Collector, Difference, Result
    from streams.replay.plan import Plan
    from streams.replay.report import Report
    from streams.replay.results import Compared


_RESULTS: Final = frozenset({".json", ".jsonl", ".ndjson", ".gz", ".txt"})
"""Suffixes of files that a user may have written a result into."""


class _Share(click.ParamType):
    """A share from 0 to 1, or in percent: 0.005, 0.5%."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"{value!r} is no share: give 0 to 1, or 0% to 100%", param, ctx)
        return share


SHARE: Final = _Share()


def _there(_context: click.Context, _option: click.Parameter, command: str | None) -> str | None:
    """The command of a build, which is there: known before anything is replayed or compared."""
    if command is not None:
        from streams.replay.builds import OtherBuild

        OtherBuild(command)
    return command


def build_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name the builds to ask for explanations."""
    command = rules_option(command)
    command = click.option(
        "--new-build",
        callback=_there,
        metavar="TICKER",
        help="The command of the build that made B (default: this one).",
    )(command)
    return click.option(
        "--old-build",
        callback=_there,
        metavar="TICKER",
        help="The command of the build that made A, such as /opt/ticker-1.4/bin/ticker: tells what it decided by.",
    )(command)


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
    "--max-flips", type=SHARE, help="Exit code 1 above this share of category flips: 0.5% or 0.005."
)
@click.option("--canary", is_flag=True, help="Also what the canary showed, which measures and is no news.")
@build_options
@click.option("--markdown", "as_markdown", is_flag=True, help="Tables for a pull request.")
@json_option
@target_options
@kafka_options()
@refusing(
    Refused(
        ("--json",), lambda given: given["as_markdown"], "and --markdown exclude each other; leave one out"
    ),
    Refused(
        ("--rules",),
        lambda given: given["old_build"] and given["new_build"],
        "is for this build, and both others are named; leave it out",
    ),
    Refused(
        TARGET_FLAGS,
        lambda given: given["new"] is not None and _is_file(given["new"]),
        "is of B's cluster, and B is a file; leave it out",
    ),
    Refused(
        KAFKA_FLAGS,
        lambda given: given["new"] is not None and _is_file(given["old"]) and _is_file(given["new"]),
        "is of a cluster, and both results are files; leave it out",
    ),
)
def diff(
    old: str,
    new: str | None,
    since: str | None,
    until: str | None,
    max_flips: float | None,
    canary: bool,
    old_build: str | None,
    new_build: str | None,
    rules_path: Path | None,
    as_markdown: bool,
    as_json: bool,
    settings: Settings,
    target: Target,
) -> None:
    """What B made of the same input otherwise than A: headlines, merges, categories.

    PLAN compares the build that was recorded with the one on the plan's target, over the plan's window without its
    warm-up. A and B are each a file of `ticker run --dropped --json` (or of `ticker tail --json`), - for standard
    input, or a topic prefix; a prefix in B is read from the cluster of the --to-… options. Differences are no failure:
    exit code 1 only past --max-flips, or where that cannot be told because B has nothing of A.
    """
    from streams.replay.diff import Collector
    from streams.replay.report import markdown, rows
    from streams.replay.results import Compared, of_replay

    first = parse_moment("--since", since) if since else None
    end = parse_moment("--until", until) if until else None
    if new is None:
        made, plan_window = _planned(old)
        first, end = first or plan_window[0], end or plan_window[1]

    def collect() -> Collector:
        return Collector(since=first, until=end, canary=canary)

    if new is None:
        compared = asyncio.run(of_replay(made, planned_ends(made, settings, target), collect))
    elif old == new == "-":
        raise click.UsageError("standard input is A or B, not both")
    else:
        _check_result(old)
        _check_result(new)
        compared = Compared(
            old=_result(old, settings, collect()), new=_result(new, target.settings(settings), collect())
        )
    report = reported(compared, old_build=old_build, new_build=new_build, rules_path=rules_path)
    found = report.difference
    if as_markdown:
        click.echo(markdown(report))
    elif wants_json(as_json):
        for row in rows(report):
            write_json(row)
    else:
        print_markdown(markdown(report))
    if advice := _advice(found, made.target.prefix if new is None else None):
        click.echo(f"ticker: {advice}", err=True)
    if too_many := past_limit(found, max_flips):
        click.echo(f"ticker: {too_many}", err=True)
        sys.exit(1)


def reported(
    compared: "Compared", *, old_build: str | None, new_build: str | None, rules_path: Path | None
) -> "Report":
    """Compare both results and explain every row; this build answers for B if that is not named, else for A."""
    from streams.replay.builds import OtherBuild, ThisBuild
    from streams.replay.causes import Sides, explained
    from streams.replay.diff import compare
    from streams.replay.report import Report

    old, new = compared.old, compared.new
    difference = compare(old, new, compared.slots)
    if difference.is_none:
        return Report(difference=difference)
    this = ThisBuild(read_rules(rules_path))
    sides = Sides(
        old=old,
        new=new,
        old_build=OtherBuild(old_build) if old_build else this if new_build else None,
        new_build=OtherBuild(new_build) if new_build else this,
    )
    return Report(difference=difference, causes=explained(difference, sides))


def _advice(found: "Difference", prefix: str | None) -> str | None:
    """What to look at where a result has no headline; None if both have some. `prefix` is a plan target's."""
    if found.is_of_nothing:
        return "nothing to compare: neither A nor B has a headline; are they the right ones?"
    if found.headlines[0] and not found.headlines[1]:
        doubt = f"has `ticker worker --topic-prefix {prefix}` run?" if prefix else "is it the right one?"
        return f"B has none of {counted(found.headlines[0], 'headline')} of A: {doubt}"
    return None


def past_limit(found: "Difference", max_flips: float | None) -> str | None:
    """The message if more categories flipped than allowed, or none could be compared; None otherwise."""
    if max_flips is None:
        return None
    if found.headlines[0] and not found.common:
        return "no headline is in both results, so no share of flips can be told"
    if found.flip_share <= max_flips:
        return None
    return f"{found.flip_share:.2%} of categories flipped, {max_flips:.2%} are allowed"


def _planned(name: str) -> "tuple[Plan, tuple[int | None, int | None]]":
    """A plan and its window."""
    from streams.replay.plan import read_plan

    if not Path(name).is_file():
        raise click.UsageError(f"{name} is no plan; give one, or two results to compare")
    made = read_plan(Path(name))
    return made, (made.begins, parse_instant(made.until) if made.until else None)


def _check_result(name: str) -> None:
    """Check that a result can be read, as far as that needs no cluster.

    Raises:
        InputError: It is called as a file is, and there is none.
    """
    if ("/" in name or Path(name).suffix in _RESULTS) and not Path(name).exists():
        raise InputError(name, "there is no such file; give one, - for standard input, or a prefix of topics")


def _is_file(name: str) -> bool:
    """Whether a result is in a file or comes from standard input, and not from topics."""
    from streams.replay.results import STANDARD_INPUT

    return name == STANDARD_INPUT or (Path(name).exists() and not Path(name).is_dir())


def _result(name: str, settings: Settings, collector: "Collector") -> "Result":
    from streams.replay.results import from_file, from_topics

    if _is_file(name):
        return from_file(name, collector)
    return asyncio.run(from_topics(settings.connection(), name, collector, patience=settings[PATIENCE]))


def print_markdown(text: str) -> None:
    """Print Markdown, rendered for the terminal."""
    from rich.markdown import Markdown

    from streams.cli.console import Console

    Console().print(Markdown(text))
