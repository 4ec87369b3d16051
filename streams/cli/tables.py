"""Headlines as tables on a terminal: right-to-left text stands at the right of its column, and stays in it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from schemas.mediatopics import slug_of
from streams.cli.output import isolate

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from streams.engine.local.run import Dropped, Published

_RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
_OTHER_COLUMNS: Final = 46
"""Cells that the columns beside a headline take."""


def headline_cell(text: str, language: str, width: int, console: "Console") -> "Text":
    """A headline wrapped to `width` cells, each line isolated in its own direction (UAX #9)."""
    from rich.text import Text

    justify: Final = "right" if language in _RIGHT_TO_LEFT else "left"
    lines = Text(text).wrap(console, width)
    return Text("\n".join(isolate(line.plain.rstrip()) for line in lines), justify=justify)


def print_headlines(rows: Iterable["Published"]) -> None:
    """Published headlines, the first seen first."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    width = max(20, console.width - _OTHER_COLUMNS)
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("slot", justify="right")
    table.add_column("category", style="cyan")
    table.add_column("lang")
    table.add_column("seen", justify="right")
    table.add_column("headline", width=width)
    table.add_column("id", style="dim", no_wrap=True)
    for row in rows:
        headline = headline_cell(row.text, row.language, width, console)
        if row.updates:
            changes = ", ".join(f"{isolate(c.before)} → {isolate(c.after)}" for c in row.changes)
            headline.append(f"\nupdates {row.updates}: {changes}", style="yellow")
        table.add_row(str(row.slot), slug_of(row.topic), row.language, f"{row.sightings}×", headline, row.id)
    console.print(table)


def print_dropped(rows: Iterable["Dropped"]) -> None:
    """What was not published: the headline, the rule, and the headline that won."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    width = max(20, (console.width - _OTHER_COLUMNS) // 2)
    table = Table(box=None, padding=(0, 1), header_style="bold", title="not published", title_justify="left")
    table.add_column("dropped", width=width)
    table.add_column("rule", style="yellow")
    table.add_column("because of", width=width)
    table.add_column("winner", style="dim", no_wrap=True)
    for row in rows:
        table.add_row(
            headline_cell(row.text, row.language, width, console),
            row.rule,
            headline_cell(row.winner_text, row.language, width, console),
            row.winner,
        )
    console.print(table)
