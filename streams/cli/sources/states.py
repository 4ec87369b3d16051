"""`ticker sources list`: the states of all sources at a glance."""

import asyncio
import time
from typing import TYPE_CHECKING, Final

import click

from streams.cli.options import kafka_options
from streams.cli.output import examples, isolate, json_option, wants_json, write_json
from streams.settings import Settings
from streams.settings.connection import PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from schemas.events import SourceState

_STYLES: Final = {"well": "green", "learning": "dim"}
_HELD: Final = "held"
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0


@click.command(
    "list", epilog=examples("ticker sources", "ticker sources list --json | jq 'select(.state != \"well\")'")
)
@json_option
@kafka_options()
def show(as_json: bool, settings: Settings) -> None:
    """How every source fares: state, last change, rhythm, share of visits without news (304 included), errors.

    Rhythm is how long a source may show nothing new at this hour and weekday before it counts as silent. What is
    wrong with a source, and the selector or separator that would read it rightly again, stand below the table.
    """
    from streams.sources.states import read_states

    states = asyncio.run(
        read_states(settings.connection(), prefix=settings[TOPIC_PREFIX], patience=settings[PATIENCE])
    )
    if wants_json(as_json):
        for state in states:
            write_json(state)
    elif not states:
        click.echo("No source was visited yet: `ticker produce --sources sources.toml` does.", err=True)
    else:
        print_states(states)


def print_states(states: "list[SourceState]") -> None:
    """Print a table of all sources, and the details of problems below it."""
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    console = Console()
    table = Table(box=None, padding=(0, 1), header_style="bold")
    width = max(12, console.width - 58)
    table.add_column("source", no_wrap=True)
    for name in ("state", "since"):
        table.add_column(name, no_wrap=True)
    for name in ("news", "rhythm", "same", "errors"):
        table.add_column(name, no_wrap=True, justify="right")
    for state in states:
        called = f"{state.state} {_HELD}" if state.held else state.state
        table.add_row(
            Text(isolate(state.source if len(state.source) <= width else f"{state.source[: width - 1]}…")),
            Text(called, style=_STYLES.get(state.state, "red")),
            _ago(state.since),
            _ago(state.last_change),
            _span(state.rhythm),
            f"{state.unchanged:.0%}",
            f"{state.failed:.0%}",
        )
    console.print(table)
    for state in states:
        if state.state not in _STYLES and state.detail:
            click.echo(f"\n{isolate(state.source)}: {isolate(state.detail)}")
        if state.pin is not None:
            pins = (("selector", state.pin.selector), ("separator", state.pin.separator))
            told = ", ".join(f"{name} = {text!a}" for name, text in pins if text is not None)
            click.echo(f"  it could be read with {told}: {isolate(state.pin.evidence)}")


def _ago(instant: str | None) -> str:
    from schemas.instants import parse_instant

    return "-" if instant is None else _span(time.time() - parse_instant(instant) / 1000)


def _span(seconds: float | None) -> str:
    """A duration with two or three digits."""
    if seconds is None:
        return "-"
    for unit, length in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
