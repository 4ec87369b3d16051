"""Headlines as tables on a terminal: right-to-left text stands at the right of its column, and stays in it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from schemas.mediatopics import slug_of
from streams.cli.output import isolate

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from streams.run.local import Published

DroppedText = tuple[str, str, str, str]
"""Language, text, rule and the winner's text of what was not published."""

_RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
_BESIDE: Final = 40
"""Cells of slot, category, language and count beside a headline."""
_ID: Final = 27
"""Cells of an id; it is left out where headlines would get less than `_LEAST`."""
_LEAST: Final = 40


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
    with_id = console.width - _BESIDE - _ID >= _LEAST
    width = max(_LEAST, console.width - _BESIDE - (_ID if with_id else 0))
    table = Table(box=None, padding=(0, 1), header_style="bold")
    table.add_column("slot", justify="right", no_wrap=True)
    table.add_column("category", style="cyan", no_wrap=True)
    table.add_column("lang", no_wrap=True)
    table.add_column("seen", justify="right", no_wrap=True)
    table.add_column("headline", width=width)
    if with_id:
        table.add_column("id", style="dim", no_wrap=True)
    for row in rows:
        headline = headline_cell(row.text, row.language, width, console)
        if row.updates:
            changes = ", ".join(f"{isolate(c.before)} → {isolate(c.after)}" for c in row.changes)
            headline.append(f"\nupdates {row.updates}: {changes}", style="yellow")
        table.add_row(str(row.slot), slug_of(row.topic), row.language, f"{row.sightings}×", headline, row.id)
    console.print(table)


def print_dropped(counts: Mapping[DroppedText, int]) -> None:
    """What was not published, how often, by which rule, and the headline that won."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    width = max(_LEAST // 2, (console.width - _BESIDE) // 2)
    table = Table(box=None, padding=(0, 1), header_style="bold", title="not published", title_justify="left")
    table.add_column("seen", justify="right", no_wrap=True)
    table.add_column("dropped", width=width)
    table.add_column("rule", style="yellow", no_wrap=True)
    table.add_column("because of", width=width)
    for (language, text, rule, winner), count in counts.items():
        because = "the same" if text == winner else headline_cell(winner, language, width, console)
        table.add_row(f"{count}×", headline_cell(text, language, width, console), rule, because)
    console.print(table)
