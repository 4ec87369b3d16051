"""`ticker replay apply`: carries out a plan, and verifies that the target has all records."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from streams.cli.clusters import Target, target_options
from streams.cli.options import kafka_options
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.replay.ends import planned_ends
from streams.cli.replay.measured import measured
from streams.cli.replay.progress import Bars, ReplayProgress, duration
from streams.settings import Settings
from streams.settings.replay import REPLAY_LISTEN

if TYPE_CHECKING:
    from streams.replay.apply import Closing, Ends
    from streams.replay.metrics import ReplayMetrics
    from streams.replay.plan import Plan


@click.command(
    epilog=examples("ticker replay apply day.json", "ticker replay apply day.json --json | jq .lost")
)
@click.argument("path", metavar="PLAN", type=click.Path(path_type=Path))
@click.option(
    "--verify/--no-verify", default=True, help="Read back what was written (the default), or trust it."
)
@json_option
@target_options
@kafka_options(REPLAY_LISTEN)
def apply(path: Path, verify: bool, as_json: bool, settings: Settings, target: Target) -> None:
    """Carry out a plan, exactly once; one that was stopped or killed goes on where it was.

    Checks everything again first. Connects as the plan says; flags override that, and give what no plan
    holds (logins). Ends with a report; exit code 1 if anything is lost, doubled or changed.
    """
    from streams.replay.plan import read_plan

    made = read_plan(path)
    ends = planned_ends(made, settings, target)
    with measured(settings[REPLAY_LISTEN]) as metrics:
        metrics.planned(made)
        try:
            closing = _carried_out(made, ends, metrics, verify=verify)
        except KeyboardInterrupt:
            click.echo(f"stopped; `ticker replay apply {path}` goes on where this stopped", err=True)
            sys.exit(130)
        if wants_json(as_json):
            write_json(closing)
        else:
            _print_closing(closing)
    if not closing.whole:
        click.echo("ticker: the target does not hold what was read, see the report", err=True)
        sys.exit(1)


def _carried_out(made: "Plan", ends: "Ends", metrics: "ReplayMetrics", *, verify: bool) -> "Closing":
    from streams.replay.apply import apply as carry_out
    from streams.replay.course import Course

    course = Course(made.records, made.last_due or 0)
    metrics.at("replay")
    metrics.follow(course)
    with Bars() as bars:
        closing = asyncio.run(carry_out(made, ends, ReplayProgress(course, bars), verify=verify))
    metrics.closed(closing)
    metrics.finished(
        f"{closing.written:,} written, {closing.lost:,} lost, {closing.doubled:,} doubled",
        failed=not closing.whole,
    )
    return closing


def _print_closing(closing: "Closing") -> None:
    from rich.table import Table

    from streams.cli.console import Console

    table = Table(box=None, padding=(0, 1), show_header=False)
    rate = f"{closing.written / closing.seconds:,.0f}/s" if closing.seconds else ""
    for name, value in (
        ("read", f"{closing.read:,}"),
        ("filtered", f"{closing.filtered:,}"),
        (
            "written",
            f"{closing.written:,}"
            + (f", {closing.warm_up:,} of it warm-up or run-out" if closing.warm_up else ""),
        ),
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
