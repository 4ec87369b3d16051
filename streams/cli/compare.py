"""`ticker compare`: whether two headlines are duplicates, an update or distinct, and why."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from schemas.events import UNREADABLE
from streams.cli.output import examples, isolate, json_option, wants_json, write_json
from streams.errors import InputError

if TYPE_CHECKING:
    from streams.process.dedup.align import Alignment, Step
    from streams.process.dedup.compare import Comparison

_STDIN: Final = "-"
_COLOURS: Final = {"duplicate": "green", "update": "yellow", "distinct": "red"}


@click.command(
    name="compare",
    epilog=examples(
        "ticker compare '3 dead in ferry fire' '17 dead in ferry fire'",
        "ticker compare 'عاجل: حريق بميناء آسفي' 'حريق بميناء أسفي | أنباء'",
        """echo '{"a": "Port reopens", "b": "Port reopens today"}' | ticker compare --json -""",
    ),
)
@json_option
@click.argument("one", metavar="A")
@click.argument("other", metavar="B", required=False)
def command(one: str, other: str | None, as_json: bool) -> None:
    """Compare headlines A and B: a duplicate, an update or distinct, by which rule, word by word.

    With - for A, reads a JSON object with the headlines "a" and "b" from every line of standard input,
    and writes one with "relation", "rule" and "detail" for each.
    """
    if one == _STDIN and other is None:
        _compare_lines()
        return
    if other is None:
        raise click.UsageError("Name two headlines, or - to read pairs from standard input.")
    if not one.strip() or not other.strip():
        raise click.UsageError("A headline is empty.")
    from streams.process.dedup.compare import explain

    comparison = explain(one, other)
    if wants_json(as_json):
        write_json(_row(comparison))
    else:
        _draw(comparison)


def _compare_lines() -> None:
    """Compare the pairs of standard input. Invalid lines are reported, and the exit code is then 1."""
    from streams.process.dedup.compare import explain

    failed = False
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            one, other = _pair(line, f"standard input, line {number}")
        except InputError as error:
            failed = True
            click.echo(f"ticker: {error}", err=True)
            continue
        write_json(_row(explain(one, other)), at_once=True)
    if failed:
        sys.exit(1)


def _pair(line: bytes, place: str) -> tuple[str, str]:
    import msgspec

    try:
        pair = msgspec.json.decode(line, type=dict[str, Any])
    except UNREADABLE as error:
        raise InputError(place, f'no JSON object with "a" and "b" ({error})') from error
    for name in ("a", "b"):
        if not isinstance(pair.get(name), str) or not pair[name].strip():
            raise InputError(place, f'"{name}" must be a headline, a text that is not empty')
    return pair["a"], pair["b"]


def _row(comparison: "Comparison") -> dict[str, Any]:
    relation = comparison.relation
    row: dict[str, Any] = {
        "relation": relation.relation,
        "rule": relation.rule,
        "detail": relation.detail,
        "score": relation.score,
    }
    if relation.changes:
        row["changes"] = relation.changes
    return row


def _draw(comparison: "Comparison") -> None:
    """Draw the relation, then a line for each stretch of the alignment; texts keep their own direction."""
    from rich.table import Table
    from rich.text import Text

    from streams.cli.console import Console

    relation = comparison.relation
    console = Console(highlight=False)
    headline = Text(relation.relation, style=f"bold {_COLOURS[relation.relation]}")
    detail = f" ({isolate(relation.detail)})" if relation.detail else ""
    console.print(
        Text.assemble(headline, f" by the rule {relation.rule}", detail, f", score {relation.score}")
    )
    if comparison.alignment is None:
        return
    table = Table(box=None, pad_edge=False)
    for column in ("A", "", "B"):
        table.add_column(column)
    for how, before, after in _stretches(comparison.alignment):
        style = "" if how == "=" else "bold"
        table.add_row(
            Text(isolate(before or "∅"), style), Text(how, "dim"), Text(isolate(after or "∅"), style)
        )
    console.print(table)


def _stretches(alignment: "Alignment") -> Iterator[tuple[str, str, str]]:
    """Each stretch of the alignment: how it matches (`=` for equal words), and the words on either side."""
    same: list[str] = []
    for step in alignment.steps:
        before, after = _sides(alignment, step)
        if step.how == "same":
            same.append(before)
            continue
        if same:
            yield "=", " ".join(same), " ".join(same)
            same.clear()
        yield _name(alignment, step), before, after
    if same:
        yield "=", " ".join(same), " ".join(same)


def _sides(alignment: "Alignment", step: "Step") -> tuple[str, str]:
    sides = (step.after, step.before) if alignment.swapped else (step.before, step.after)
    before, after = (" ".join(token.written for token in side) for side in sides)
    return before, after


def _name(alignment: "Alignment", step: "Step") -> str:
    """The name of the licence that excuses a difference, or `≠`."""
    from streams.process.dedup.licences import licence

    if step.how != "gap":
        return step.how
    return licence(alignment, step) or "≠"
