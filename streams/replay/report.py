"""Renders a difference: as JSON Lines for programs, Markdown for a pull request, and an HTML page with every cause.

Headlines come from outside, so they are escaped everywhere: no tag, link, mention or image in them takes effect.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.counted import counted
from streams.replay.causes import UNEXPLAINED, Cause, Key, Row, by_cause
from streams.replay.diff import KINDS, Difference, Flip, Merged, Relinked, Shown, SlotChange

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")
_MENTION: Final = re.compile(r"@(?=\w)")
_WORD_JOINER: Final = "\u2060"
"""Invisible; after an @ it prevents a mention, and in `://` a link."""
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters, and those that override the direction of text."""
_TITLES: Final = {
    "gained": "Headlines gained",
    "lost": "Headlines lost",
    "merges_gained": "Merges gained",
    "merges_lost": "Merges lost",
    "flips": "Flips",
    "relinked": "News or update",
    "slots_gained": "Slots gained",
    "slots_lost": "Slots lost",
    "slots_changed": "Slots changed",
}


class Report(Struct, frozen=True, kw_only=True):
    """A difference, the cause of each row, and facts about what was compared, as names and values."""

    difference: Difference
    causes: Mapping[Key, Cause] = {}
    facts: tuple[tuple[str, str], ...] = ()

    def cause(self, kind: str, identity: str) -> Cause:
        """Why a row differs."""
        return self.causes.get((kind, identity), UNEXPLAINED)


def summary(difference: Difference) -> str:
    """The difference in one sentence."""
    if difference.is_of_nothing:
        return "Nothing to compare: neither A nor B has a headline"
    old, new = difference.headlines
    slots = tuple(len(getattr(difference, f"slots_{kind}")) for kind in ("gained", "lost", "changed"))
    return (
        f"{counted(len(difference.flips), 'category flip')} of {counted(difference.common, 'headline')} of both"
        f" ({difference.flip_share:.2%}); headlines {old:,} → {new:,}:"
        f" {len(difference.gained):,} gained, {len(difference.lost):,} lost; merges"
        f" {len(difference.merges_gained):,} gained, {len(difference.merges_lost):,} lost"
        + (f"; {len(difference.relinked):,} news or update otherwise" if difference.relinked else "")
        + ("; slots {:,} gained, {:,} lost, {:,} changed".format(*slots) if any(slots) else "")
    )


def rows(report: Report) -> Iterator[dict[str, Any]]:
    """The rows of the difference, for JSON Lines, after a summary."""
    difference = report.difference
    yield {
        "kind": "summary",
        "headlines": difference.headlines,
        "common": difference.common,
        **{kind: len(getattr(difference, kind)) for kind in KINDS},
        "flip_share": round(difference.flip_share, 6),
        "causes": dict(by_cause(report.causes)),
    }
    for kind in KINDS:
        for row in getattr(difference, kind):
            told = {"kind": kind, **msgspec.structs.asdict(row)}
            if report.causes:
                cause = report.cause(kind, row.id)
                told |= {"cause": cause.name, "why": cause.detail, "follows": cause.follows}
            yield told


def markdown(report: Report, *, most: int = 50) -> str:
    """The difference as Markdown, with at most `most` rows in each table."""
    difference = report.difference
    first, of, rest = summary(difference).partition(" of ")
    parts = [f"**{first}**{of}{rest}.", ""]
    for title, columns, lines in _counts(report):
        parts.append(_table(title, columns, lines, most))
    for kind in KINDS:
        found = getattr(difference, kind)
        lines = [(*_cells(row), *_told(report, kind, row)) for row in found]
        columns = (*_columns(kind), *(("why",) if report.causes else ()))
        parts.append(_table(_TITLES[kind], columns, lines, most))
    return "\n".join(part for part in parts if part or part == "")


def _counts(report: Report) -> Iterator[tuple[str, tuple[str, ...], Sequence[tuple[Any, ...]]]]:
    """Tables of counts: title, columns, rows."""
    yield "Causes", ("cause", "rows"), by_cause(report.causes)
    yield "Flips by category", ("old", "new", "headlines"), report.difference.flips_by_topic()
    yield "Flips by source", ("source", "headlines"), report.difference.flips_by_source()


def _told(report: Report, kind: str, row: Row) -> tuple[str, ...]:
    if not report.causes:
        return ()
    cause = report.cause(kind, row.id)
    return (f"{cause.name}: {cause.detail}" if cause.detail else cause.name,)


def _columns(kind: str) -> tuple[str, ...]:
    match kind:
        case "flips" | "relinked":
            return "headline", "source", "old", "new"
        case "slots_gained" | "slots_lost" | "slots_changed":
            return "slot", "source", "old", "new"
        case "gained" | "lost":
            return "headline", "source", "category"
        case _:
            return "swallowed", "by", "rule"


def _cells(row: Row) -> tuple[str, ...]:
    match row:
        case Flip():
            return row.text, row.source, row.old, row.new
        case Relinked():
            return row.text, row.source, row.old or "news", row.new or "news"
        case Merged():
            return row.text, row.winner_text, row.rule
        case SlotChange():
            return row.id, row.source, row.old or "", row.new or ""
        case Shown():
            return row.text, row.source, row.category


def _plain(text: str) -> str:
    """A text on one line, with control characters replaced."""
    return _CONTROLS.sub("\ufffd", " ".join(text.split()))


def escaped(text: str) -> str:
    """A text escaped for Markdown, so that nothing in it is markup, a mention, a link or a table border."""
    plain = _MARKUP.sub(r"\\\1", _plain(text))
    return _MENTION.sub(f"@{_WORD_JOINER}", plain).replace("://", f":{_WORD_JOINER}//")


def _table(title: str, columns: tuple[str, ...], lines: Iterable[tuple[Any, ...]], most: int) -> str:
    """A Markdown table; empty without lines."""
    found = list(lines)
    if not found:
        return ""
    cells = [" | ".join(escaped(str(cell)) for cell in line) for line in found[:most]]
    more = [f"\n… and {len(found) - most:,} more"] if len(found) > most else []
    rule = " | ".join("---" for _ in columns)
    return "\n".join(
        [
            f"#### {title}",
            "",
            f"| {' | '.join(columns)} |",
            f"| {rule} |",
            *(f"| {c} |" for c in cells),
            *more,
            "",
        ]
    )


_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; }
table { border-collapse: collapse; margin: 0 0 2rem; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: .35rem .5rem; text-align: start; vertical-align: top; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; } code { font-size: .85em; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }
"""


def page(report: Report, title: str) -> str:
    """A self-contained HTML page with the facts, the counts, and every row with its cause."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>",
        f"<p>{escape(summary(report.difference))}.</p>",
        "<dl>",
        *(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.facts),
        "</dl>",
    ]
    for heading, columns, lines in _counts(report):
        parts += _html_table(heading, columns, [tuple(map(str, line)) for line in lines])
    for kind in KINDS:
        lines = []
        for row in getattr(report.difference, kind):
            cause = report.cause(kind, row.id)
            lines.append((*_cells(row), cause.name, cause.detail, row.id))
        parts += _html_table(_TITLES[kind], (*_columns(kind), "cause", "why", "id"), lines)
    return "\n".join([*parts, "</body></html>", ""])


def _html_table(title: str, columns: Sequence[str], lines: Sequence[Sequence[str]]) -> Iterator[str]:
    if not lines:
        return
    yield f"<h2>{escape(title)} ({len(lines):,})</h2><table><thead><tr>"
    yield "".join(f"<th>{escape(column)}</th>" for column in columns)
    yield "</tr></thead><tbody>"
    for line in lines:
        cells = (
            f"<td><code>{escape(_plain(cell))}</code></td>"
            if column == "id"
            else f'<td dir="auto">{escape(_plain(cell))}</td>'
            for column, cell in zip(columns, line, strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"
