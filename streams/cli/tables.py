"""Prints headlines as tables on a terminal; right-to-left text is aligned right and stays in its column."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from schemas.mediatopics import slug_of
from streams.cli.output import isolate

if TYPE_CHECKING:
    from rich.text import Text

    from streams.cli.console import Console
    from streams.run.local import Published

DroppedText = tuple[str, str, str, str]
"""Language, text, rule and winner's text of a sighting that was not published."""

_RIGHT_TO_LEFT: Final = frozenset({"ar", "he"})
_PADDING: Final = 2
"""Cells around each cell's text."""
_OPTIONAL: Final = {"slot": 20, "category": 20, "id": 40}
"""Columns that are left out if the headline beside them would get fewer cells than this."""
_ORDER: Final = ("slot", "category", "lang", "seen", "headline", "id")
_NUMBERS: Final = frozenset({"slot", "seen"})
_STYLES: Final = {"category": "cyan", "id": "dim"}


def headline_cell(text: str, language: str, width: int, console: "Console") -> "Text":
    """A headline wrapped to `width` cells, each line isolated in its own direction (UAX #9)."""
    from rich.text import Text

    justify: Final = "right" if language in _RIGHT_TO_LEFT else "left"
    lines = Text(text).wrap(console, width)
    return Text("\n".join(isolate(line.plain.rstrip()) for line in lines), justify=justify)


def print_structs(rows: Sequence[Struct]) -> None:
    """Print structs of one kind as a table, with the names of their fields as headings."""
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    table = Table(*rows[0].__struct_fields__)
    for row in rows:
        table.add_row(*(Text(str(getattr(row, name))) for name in row.__struct_fields__))
    Console().print(table)


def print_headlines(rows: Sequence["Published"]) -> None:
    """Print published headlines, the first seen first."""
    from rich.table import Table

    from streams.cli.console import Console

    console = Console()
    beside, width = _fitting(
        {
            "lang": [row.language for row in rows],
            "seen": [f"{row.sightings}×" for row in rows],
            "slot": [str(row.slot) for row in rows],
            "category": [slug_of(row.topic) for row in rows],
            "id": [row.id for row in rows],
        },
        console.width,
    )
    columns = [name for name in _ORDER if name == "headline" or name in beside]
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for name in columns:
        table.add_column(
            name,
            style=_STYLES.get(name),
            justify="right" if name in _NUMBERS else "left",
            no_wrap=name != "headline",
            width=width if name == "headline" else None,
        )
    for number, row in enumerate(rows):
        headline = headline_cell(row.text, row.language, width, console)
        if row.updates:
            changes = ", ".join(f"{isolate(c.before)} → {isolate(c.after)}" for c in row.changes)
            headline.append(f"\nupdates {row.updates}: {changes}", style="yellow")
        table.add_row(*(headline if name == "headline" else beside[name][number] for name in columns))
    console.print(table)


def _fitting(columns: Mapping[str, Sequence[str]], width: int) -> tuple[dict[str, Sequence[str]], int]:
    """The columns that fit beside a headline, and the cells that are left for the headline."""
    room = width - _PADDING
    fitting: dict[str, Sequence[str]] = {}
    for name, cells in columns.items():
        needed = max(map(len, (name, *cells))) + _PADDING
        if room - needed >= _OPTIONAL.get(name, 0):
            room -= needed
            fitting[name] = cells
    return fitting, max(1, room)


def print_dropped(counts: Mapping[DroppedText, int]) -> None:
    """Print sightings that were not published: how often, by which rule, and the winning headline."""
    from rich.table import Table

    from streams.cli.console import Console

    console = Console()
    seen = max(map(len, ("seen", *(f"{count}×" for count in counts.values()))))
    rules = max(map(len, ("rule", *(rule for _, _, rule, _ in counts))))
    width = max(1, (console.width - seen - rules - 4 * _PADDING) // 2)
    table = Table(box=None, padding=(0, 1), header_style="bold", title="not published", title_justify="left")
    table.add_column("seen", justify="right", no_wrap=True)
    table.add_column("dropped", width=width)
    table.add_column("rule", style="yellow", no_wrap=True)
    table.add_column("because of", width=width)
    for (language, text, rule, winner), count in counts.items():
        because = "the same" if text == winner else headline_cell(winner, language, width, console)
        table.add_row(f"{count}×", headline_cell(text, language, width, console), rule, because)
    console.print(table)
