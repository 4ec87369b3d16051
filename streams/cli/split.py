"""`ticker split`: shows the slots of a strip, to see how a page is split before it becomes a source."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click
from rich.markup import escape

from streams.cli.combinations import Refused, refusing
from streams.cli.output import examples, isolate, json_option, wants_json, write_json
from streams.cli.pins import selector_option, separator_option
from streams.cli.standard import or_standard_input
from streams.counted import counted
from streams.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.produce.extract import Found, Rival
    from streams.produce.observation import Format, Observation
    from streams.produce.split import Slot, Split

_STANDARD_INPUT: Final = "-"


@click.command(
    epilog=examples(
        "ticker split page.html",
        "ticker split page.txt --separator ' | ' --json",
        "ticker split page.html --all",
        "ticker split page.html --selector '.breaking li'",
        "curl -s https://example.org/ | ticker split",
    )
)
@click.argument("file", metavar="[FILE|-]", required=False, callback=or_standard_input)
@separator_option
@selector_option
@click.option(
    "--format",
    "written_in",
    type=click.Choice(["auto", "text", "html", "feed"]),
    default="auto",
    show_default=True,
    help="What the page is written in.",
)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="List all that could be the strip, with scores, and what was passed over, with why.",
)
@json_option
@refusing(
    Refused(
        ("--selector",),
        lambda given: given["everything"],
        "picks a strip, and --all looks at the whole page; leave --selector out",
    ),
)
def command(
    file: str,
    separator: str | None,
    selector: str | None,
    written_in: Literal["auto", "text", "html", "feed"],
    everything: bool,
    as_json: bool,
) -> None:
    """Split the strip of a page into its slots, or those of JSON Lines, as `ticker run` and `produce` do.

    FILE is a page as text or HTML in any usual encoding, or strips ({"source", "observed_at", "text"} a line);
    standard input when it is left out or -. Where a page shows several strips, the surest is split; where two are
    as sure, none is. What cannot be split is said and the rest goes on.
    """
    from streams.produce.read import read

    if file != _STANDARD_INPUT and Path(file).is_dir():
        raise InputError(file, "a directory; give one page at a time")
    failures = 0

    def failed(error: InputError) -> None:
        nonlocal failures
        failures += 1
        click.echo(f"ticker: {error}", err=True)

    form = None if written_in == "auto" else written_in
    for observation in read([file], failed=failed):
        try:
            if everything:
                _list_all(observation, form, separator, as_json=wants_json(as_json))
            elif observation.is_page:
                _split_page(observation, form, selector, separator, as_json=wants_json(as_json))
            else:
                _split_strip(observation, separator, as_json=wants_json(as_json))
        except InputError as error:
            failed(error)
    if failures:
        sys.exit(1)


def _list_all(page: "Observation", form: "Format | None", separator: str | None, *, as_json: bool) -> None:
    from streams.produce.extract import survey

    if not page.is_page:
        raise InputError(page.place, "--all looks at a page, and this is a strip")
    _list(survey(page.text, page.place, format=form, separator=separator), as_json=as_json)


def _split_page(
    page: "Observation", form: "Format | None", selector: str | None, separator: str | None, *, as_json: bool
) -> None:
    from streams.produce.extract import find_strips

    strips = find_strips(page.text, page.place, format=form, selector=selector, separator=separator)
    if as_json:
        _write(strips[0].split.slots)
    else:
        _show(strips[0].split, len(strips))


def _split_strip(strip: "Observation", separator: str | None, *, as_json: bool) -> None:
    from streams.produce.split import Split
    from streams.produce.strips import strip_of

    found, slots = strip_of(strip, separator=separator)
    if as_json:
        _write(slots, strip=strip.place)
    else:
        click.echo(f"{strip.place}:")
        _show(Split(slots, found.separator, found.confidence), 1)


def _write(slots: "Sequence[Slot]", **strip: str) -> None:
    for position, slot in enumerate(slots):
        write_json(strip | _as_row(position, slot))


def _as_row(position: int, slot: "Slot") -> dict[str, object]:
    """A slot as a row of JSON; with `link` and `published_at` only if the page has them."""
    row: dict[str, object] = {"slot": position, "text": slot.text, "truncated": slot.truncated}
    row |= {"link": slot.link} if slot.link else {}
    return row | ({"published_at": slot.published_at} if slot.published_at else {})


def _list(rivals: "Sequence[Rival]", *, as_json: bool) -> None:
    """Print all candidates for the strip, as a table or as lines of JSON."""
    from rich.table import Table

    from streams.cli.console import Console

    if as_json:
        for rival in rivals:
            write_json(
                {
                    "element": rival.element,
                    "strip": rival.found is not None,
                    "score": rival.score,
                    "headlines": len(_headlines(rival.found)),
                    "first": next(iter(_headlines(rival.found)), ""),
                    "why": rival.why,
                }
            )
        return
    table = Table("score", "element", "headlines", "first", "why", box=None, pad_edge=False)
    for rival in rivals:
        first = next(iter(_headlines(rival.found)), "")
        score = f"{rival.score:.2f}" if rival.found else "-"
        table.add_row(
            score,
            escape(rival.element),
            str(len(_headlines(rival.found))),
            escape(isolate(first)),
            escape(rival.why),
        )
    Console().print(table)


def _headlines(strip: "Found | None") -> list[str]:
    return [slot.text for slot in strip.split.slots if slot.text] if strip else []


def _show(split: "Split", strips: int) -> None:
    """Print a table of the slots, and how the strip was split."""
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    table = Table(box=None, pad_edge=False)
    table.add_column("slot", justify="right", style="dim")
    table.add_column("headline")
    for position, slot in enumerate(split.slots):
        shown = Text(isolate(slot.text)) if slot.text else Text("(empty)", style="dim")
        if slot.truncated:
            shown.append(" (cut)", style="yellow")
        table.add_row(str(position), shown)
    console = Console()
    console.print(table)
    separator = split.separator
    between = "markup or a mark of their own" if separator is None else repr(separator)
    headlines = sum(1 for slot in split.slots if slot.text)
    console.print(
        f"\n{counted(headlines, 'headline')} in {counted(len(split.slots), 'slot')}, between them {between}, "
        f"confidence {split.confidence:.2f}",
        markup=False,
        highlight=False,
    )
    if strips > 1:
        console.print(f"{strips - 1} more on the page: --all lists them, --selector picks one", markup=False)
