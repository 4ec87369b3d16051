"""`ticker run`: the whole pipeline in this process, without a broker."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from streams.cli.combinations import Refused, refusing
from streams.cli.moments import parse_moment
from streams.cli.options import FiniteRange
from streams.cli.output import examples, json_option, wants_json, write_json
from streams.cli.pins import selector_option, separator_option
from streams.cli.progress import Progress
from streams.cli.rules import TAUGHT_ALONE, When, read_rules, rules_option, taught_option
from streams.counted import counted

if TYPE_CHECKING:
    from streams.cli.tables import DroppedText
    from streams.observe.account import Account
    from streams.run.local import Dropped, Published


class _Printer(Protocol):
    def published(self, row: "Published") -> None: ...
    def dropped(self, row: "Dropped") -> None: ...
    def close(self) -> None: ...


class _JsonPrinter:
    """JSON lines; `at_once` flushes each."""

    def __init__(self, at_once: bool) -> None:
        self._at_once = at_once

    def published(self, row: "Published") -> None:
        write_json(row, at_once=self._at_once)

    def dropped(self, row: "Dropped") -> None:
        write_json(row)

    def close(self) -> None:
        sys.stdout.flush()


class _TablePrinter:
    """Tables, printed at the end: a column's width depends on all of its rows."""

    def __init__(self) -> None:
        self._published: list[Published] = []
        self._dropped: Counter[DroppedText] = Counter()
        self.published = self._published.append

    def dropped(self, row: "Dropped") -> None:
        self._dropped[row.language, row.text, row.rule, row.winner_text] += 1

    def close(self) -> None:
        from streams.cli.tables import print_dropped, print_headlines

        print_headlines(self._published)
        if self._dropped:
            print_dropped(self._dropped)


@click.command(
    epilog=examples(
        "ticker run page.html",
        "ticker run strips.jsonl --dropped --json",
        "curl -s https://example.org | ticker run - --source example",
    )
)
@click.argument("places", metavar="[FILES|FOLDERS|-]...", nargs=-1)
@json_option
@click.option("--dropped", is_flag=True, help="Also show what was not published: by which winner and rule.")
@click.option("--stream", is_flag=True, help="Show each headline when it is first seen, not at the end.")
@rules_option
@taught_option
@click.option("--source", help="The source of pages (default: their path without its suffix).")
@click.option(
    "--observed-at",
    help="When pages were observed: 2h, 3d ago, or an RFC 3339 time (default: when last modified).",
)
@separator_option
@selector_option
@click.option(
    "--window", type=FiniteRange(0.2, 87_600), default=72, show_default=True,
    help="Hours after its last sighting in which a headline stays live.",
)  # fmt: skip
@refusing(
    TAUGHT_ALONE,
    Refused(
        ("--stream",),
        lambda given: not wants_json(given["as_json"]),
        "is for lines of JSON, and a table is shown at its end; give --json too",
    ),
)
def command(
    places: tuple[str, ...],
    as_json: bool,
    dropped: bool,
    stream: bool,
    rules_path: Path | None,
    taught: When,
    source: str | None,
    observed_at: str | None,
    separator: str | None,
    selector: str | None,
    window: float,
) -> None:
    """Split, deduplicate and categorize the headlines of pages and strips, without a broker.

    Reads text and HTML pages, JSON Lines of strips ({"source", "observed_at", "text"} a line) and folders
    of them; standard input with - or with nothing named in a pipe. Ends with an account of every slot:
    slots = empty + new + duplicates + updates + dead letters.
    """
    from streams.produce.read import read, size_of
    from streams.run.local import LocalRun

    if not places:
        if sys.stdin.isatty():
            raise click.UsageError("name a file or folder, or - for standard input")
        places = ("-",)
    moment = parse_moment("--observed-at", observed_at) if observed_at else None
    printer: _Printer = _JsonPrinter(stream) if wants_json(as_json) else _TablePrinter()
    with Progress(size_of(places)) as progress:
        run = LocalRun(
            published=printer.published,
            dropped=printer.dropped if dropped else None,
            failed=lambda error: progress.say(f"ticker: {error}"),
            window=round(window * 60 * 60 * 1000),
            at_once=stream,
            rules=read_rules(rules_path, taught),
            separator=separator,
            selector=selector,
        )
        account = run.run(
            read(places, failed=run.fail, source=source, observed_at=moment, progress=progress.advance)
        )
    printer.close()
    click.echo(_sentence(account), err=True)
    if account.failed or account.dead_letters or account.residue:
        sys.exit(1)


def _sentence(account: "Account") -> str:
    """The account as one line, failures first."""
    failed = f"{account.failed:,} could not be read or split. " if account.failed else ""
    terms = (
        f"{account.empty:,} empty + {account.new:,} new + {counted(account.exact + account.near, 'duplicate')}"
        f" + {counted(account.updates, 'update')} + {counted(account.dead_letters, 'dead letter')}"
    )
    lost = f" NOT ACCOUNTED FOR: {account.residue:,}." if account.residue else ""
    return f"{failed}{counted(account.strips, 'strip')}, {counted(account.slots, 'slot')} = {terms}{lost}"
