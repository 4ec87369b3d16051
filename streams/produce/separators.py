"""Separators: the strings that could separate the slots of a strip, and how to cut a text at one.

A separator is written with its white space: a space at its start or end means that it needs white space, a direction
mark or the end of the text on that side (` | ` does not cut `A|B`, `|` does).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from msgspec import Struct

from streams.produce.openings import OPENING_STRENGTH, openings

MAX_SEPARATOR: Final = 40
"""The longest separator in characters: a longer run is an ornament."""

MARKS: Final = "\u200b\u200e\u200f\u061c\ufeff"
"""Invisible characters that tickers put around separators: direction marks, zero-width spaces."""

EDGE: Final = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008"
    "\u2009\u200a\u2028\u2029\u202f\u205f\u3000" + MARKS
)
"""What is trimmed from both ends of a slot."""

_SPACE: Final = f"[{EDGE}]"

EMOJI: Final = "\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
"""Emoji, arrows and geometric bullets (►, ■, 🔴, ⚽), as a range of a character class."""

_EMOJI_BLOCKS: Final = frozenset({0x21, 0x23, 0x25, 0x26, 0x27, 0x2B, 0xD8})
"""High bytes in UTF-16 of the characters in EMOJI."""

STRENGTH: Final = {
    "|": 7.0, "||": 9.0, "•": 9.0, "·": 7.0, "*": 7.0, "**": 8.0, "-": 4.0, "–": 4.5, "—": 4.5,
    "--": 7.0, "/": 5.0, "//": 7.0, "::": 8.0, "+": 5.0, "++": 7.0, "~": 7.0, ">": 5.0, ">>": 7.0,
    "<<": 7.0, "»": 7.0, "«": 7.0, "‹": 7.0, "›": 7.0, "¦": 9.0, "‖": 9.0, "∙": 9.0, "⋅": 9.0, "●": 9.0,
    "__": 7.0, "==": 8.0, "##": 7.0, "^": 7.0, "#": 6.0, "\\": 7.0, "=": 6.0, "_": 7.0,
    ";;": 8.0, "!!": 7.0, "@": 6.0, "―": 5.0, "‒": 5.0,
    "−": 5.0, "ـ": 7.0,
}  # fmt: skip
"""The evidence of one occurrence that a symbol is the separator: about −log of its rate in headlines.

Measured on 61,807 Arabic, French and English headlines (` - ` stands in one of 44: 3.8; ` | ` in one of
2,400: 7.8), lowered for `|`, which some sites put in every rubric ("press review | …")."""

UNUSUAL_STRENGTH: Final = 7.5
"""Strength of a symbol that no headline was seen with, and of one that is written twice.

It is below `DECISIVE`, so that the symbol must repeat."""

COMPOUND_STRENGTH: Final = 9.0
"""Strength of a word of several symbols (`~*~`, `-|-`, `=>`)."""

TRIPLED: Final = 9.0
"""Strength of a symbol that stands three times or more (`***`, `|||`, `///`, `+++`)."""

DECISIVE: Final = 8.0
"""The strength from which one occurrence is enough; weaker symbols, which occur in headlines, must repeat."""

_DOTS: Final = (" ...", " …")
_DOTS_RUN: Final = re.compile(r" (?:\.{3,}|…+)(?= )")
DOTS_STRENGTH: Final = 5.0
_FEWEST_DOTS: Final = 3
"""Dots separate only with space on both sides, three times or more: headlines have them inside and at their ends."""

EMOJI_STRENGTH: Final = 7.0
WIDE_GAP: Final = 9.0
"""Strength of a tab, of two or more no-break spaces, of three or more spaces."""
NARROW_GAP: Final = 5.0
"""Strength of two spaces, which are typed by mistake as well."""
LINE_BREAK: Final = 8.0

_SPACED: Final = frozenset("-–—―‒−/+><~^#\\=_ـ@")
"""Symbols that separate, alone, only with space on both sides: `Mi-temps`, `23/12/2025`, `C+`, `#NATO`."""

_BESIDE_SPACE: Final = frozenset("*·:/»«-><_=+~#^\\ـ;!@")
"""Symbols that separate, alone or repeated, only with space on one side at least: `f***`, `l·l`."""

_DATED: Final = frozenset("-–—―‒−/")
"""Symbols that stand in dates and scores too: `23 - 12 - 2025`, `2 - 1`."""

_ASSERTED: Final = _DATED | {"//", "»"}
"""Symbols whose pattern asserts more than the spaces beside them."""

_UNUSUAL: Final = (
    "\u01c0-\u01c3\u02d8-\u02dd\u060d-\u060f\u061e\u066d\u06dd\u06de\u06e9\u1427\u16eb-\u16ed\u2017\u2020\u2021\u2023\u2024\u2027"
    "\u2035-\u2038\u203b\u203e-\u2044\u204a-\u205e\u2200-\u2211\u2213-\u22ff\u2500-\u259f\u27c0-\u2aff\u2e00-\u2e7f"
    "\u3003\u3004\u3007\u3012-\u3029\u3030\u303b-\u303f\u30fb\ua78f\ue000-\uf8ff\ufd3e\ufd3f\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff0b"
    "\uff0d\uff0f\uff1c-\uff20\uff3b-\uff40\uff5b-\uff65\uffe4\uffe8-\uffee§¶¤¬°\U000f0000-\U0010ffff"
)
"""Symbols and punctuation of every script that headlines do without, as a range of a character class.

Icons of private use are among them; marks that end sentences, quote, count or pay are not."""

_UNUSUAL_RUNS: Final = re.compile(f"[{_UNUSUAL}][{_UNUSUAL}\ufe0f]*")
_UNUSUAL_ARABIC: Final = "٭۝۞۩؍؞"
_UNUSUAL_LATIN: Final = "§¶¤¬°"
_UNUSUAL_CLICKS: Final = "ǀǁ"
"""Unusual symbols in blocks that most strips have, so each is looked for by itself; clicks (U+01C0) look like bars."""
_UNUSUAL_BLOCKS: Final = frozenset(
    {
        0x14,
        0x16,
        0x22,
        0x25,
        0x27,
        0x28,
        0x29,
        0x2A,
        0x2E,
        0x30,
        0xA7,
        0xDB,
        0xFD,
        0xFE,
        0xFF,
        *range(0xE0, 0xF9),
    }
)
"""High bytes in UTF-16 of the other unusual symbols, those of general punctuation aside."""
_PUNCTUATION_BLOCK: Final = 0x20
_UNUSUAL_PUNCTUATION: Final = re.compile(
    "[\u2000-\u200a\u2017\u2020\u2021\u2023\u2024\u2027\u202f\u2035-\u2038\u203b\u203e-\u2044\u204a-\u205f]"
)
"""Unusual symbols of general punctuation, and its spaces, which the same search finds."""
_USUAL_BLOCKS: Final = bytes(range(0x10))
"""High bytes in UTF-16 of Latin, Greek, Cyrillic, Hebrew, Arabic and Indic letters."""

_WIDE_SPACES: Final = "\u1680\u2000-\u2003\u3000"
_SPACES: Final = f" \xa0{_WIDE_SPACES}\u2004-\u200a\u202f\u205f"
_ANY_GAPS: Final = re.compile(f"[{_WIDE_SPACES}][{_SPACES}]*|[{_SPACES}]{{2,}}")
_WIDE_SPACES_ALONE: Final = "\u1680\u2000\u2001\u2002\u2003\u3000"
_WIDE_RUNS: Final = {wide: re.compile(f"{wide}{wide}*") for wide in _WIDE_SPACES_ALONE}
_OTHER_SPACE: Final = re.compile(f"[{_WIDE_SPACES}\u2004-\u200a\u202f\u205f]")

_COMPOUNDS: Final = re.compile(r" ([-|*~<>=_^#\\/+:.•·–—@&]{2,})(?= )")
_COMPOUND_TRACES: Final = frozenset({*map(ord, "|*~<>=_^#\\+·"), 0x120})
"""Traces of symbols of which a compound mostly has one; U+2022 leaves its block's."""
_FAMILIAR: Final = frozenset("-:./&–—")
"""Symbols that headlines put together by themselves: `..`, `--`, `:-`."""

_SYMBOLS: Final = tuple(dict.fromkeys(symbol[0] for symbol in STRENGTH))
_DOUBLED: Final = {2 * symbol: UNUSUAL_STRENGTH for symbol in _SYMBOLS if symbol not in ":/"}
_FEWEST: Final = {symbol: symbol if symbol in STRENGTH else symbol * 2 for symbol in _SYMBOLS}
"""What must stand in a text for a symbol to be looked at: `::` counts, `:` does not."""
_LATIN: Final = 0x100
_TRACES: Final = {
    symbol: ord(symbol) if ord(symbol) < _LATIN else _LATIN + (ord(symbol) >> 8) for symbol in _SYMBOLS
}
"""What a symbol leaves among a text's traces: its code in Latin-1, else its block."""
_EMOJI_TRACES: Final = frozenset(_LATIN + block for block in _EMOJI_BLOCKS)
_UNUSUAL_TRACE: Final = -1
"""The trace of unusual symbols or spaces whose block has usual characters too, so that the block says nothing."""
_UNUSUAL_TRACES: Final = frozenset(
    {_UNUSUAL_TRACE, *map(ord, _UNUSUAL_LATIN), *(_LATIN + block for block in _UNUSUAL_BLOCKS)}
)
_WIDE_TRACE: Final = -2
"""The trace of ideographic spaces where nothing else of their block stands in the text."""
_SPACE_TRACES: Final = frozenset({_UNUSUAL_TRACE, _WIDE_TRACE, _LATIN + 0x16, _LATIN + 0x30})
_IDEOGRAPHIC_BLOCK: Final = 0x30
_CLICK_BLOCK: Final = 0x01
_ARABIC_BLOCK: Final = 0x06
_IN_NO_SYMBOL: Final = bytes(code for code in range(256) if chr(code) not in {*_FEWEST, *_UNUSUAL_LATIN})
_RUNS: Final = {symbol: re.compile(f"{re.escape(symbol)}{re.escape(symbol)}*") for symbol in _SYMBOLS}
_EMOJI_RUNS: Final = re.compile(f"[{EMOJI}][{EMOJI}\ufe0f\u200d]*")
_NO_BREAK_RUNS: Final = re.compile("\xa0\xa0+")
_SPACE_RUNS: Final = re.compile("  +")
_MIXED_RUNS: Final = re.compile("[ \xa0]+")
_TAB_RUNS: Final = re.compile("\t\t*")
_LINE_ENDS: Final = re.compile("\r\n?|[\u2028\u2029]")
_BLANKS: Final = re.compile("[ \t\n]+")
_BULLET: Final = re.compile(rf"\A[-–—*•·»>+~{EMOJI}]\ufe0f?(?:{_SPACE}+|\Z)")

_BEGINNING: Final = 1_000
"""In so many characters at its start a strip's separator stands at least once: no headline is that long."""

_SHORT_STRIP: Final = 1_000
"""Characters of a strip in which one symbol can be one of two kinds of separator; in a longer one it is a rarity."""

_SPACED_SHARE: Final = 0.8
"""Where at least this share of a symbol's occurrences have space beside them, the space is part of the separator."""

_QUOTED_SHARE: Final = 0.5
"""Where more than this share of « or » are quotation marks, they are no separators."""

_UNIT_SHARE: Final = 0.2
"""Where at least this share of the gaps is one unit wide, wider ones can be empty slots."""

_RAGGED_SHARE: Final = 0.1
"""Where more than this share of the gaps is no multiple of the unit, a wide gap means nothing: no empty slots."""


class Candidate(Struct, frozen=True):
    """A possible separator: how often it occurs, and the evidence of each occurrence.

    `separator` is None for emoji, clocks and the like that differ from slot to slot: no one string stands between
    them, and `starts` says where slots begin. What of `trailing` a slot ends with is no part of it.
    """

    separator: str | None
    occurrences: int
    strength: float
    starts: tuple[int, ...] = ()
    trailing: str = ""


def unify_lines(text: str) -> str:
    r"""Write every line end as `\n`."""
    if "\r" in text or "\u2028" in text or "\u2029" in text:
        return _LINE_ENDS.sub("\n", text)
    return text


def _traces(text: str) -> set[int]:
    """The traces that a text has; a symbol whose trace is missing does not stand in it.

    A trace is the code of a symbol in Latin-1 (`|` is 0x7C), or 0x100 plus the high byte of its code elsewhere (`•`,
    U+2022, is 0x120).

    To look for 25 symbols in an Arabic text takes longer than to cut it, because each of its characters has
    a byte in common with one of them.
    """
    latin = text.encode("latin-1", "ignore").translate(None, _IN_NO_SYMBOL)
    high = text.encode("utf-16-be", "surrogatepass")[::2]
    blocks = set(high.translate(None, _USUAL_BLOCKS))
    traces = {*latin, *(_LATIN + block for block in blocks)}
    if _IDEOGRAPHIC_BLOCK in blocks and high.count(_IDEOGRAPHIC_BLOCK) == text.count("\u3000"):
        traces.remove(_LATIN + _IDEOGRAPHIC_BLOCK)
        traces.add(_WIDE_TRACE)
    begun = text[:_BEGINNING]
    if _ARABIC_BLOCK in high:
        traces.add(_LATIN + _ARABIC_BLOCK)
        if any(symbol in begun for symbol in _UNUSUAL_ARABIC):
            traces.add(_UNUSUAL_TRACE)
    if _CLICK_BLOCK in high and any(symbol in begun for symbol in _UNUSUAL_CLICKS):
        traces.add(_UNUSUAL_TRACE)
    if _PUNCTUATION_BLOCK in blocks and _UNUSUAL_PUNCTUATION.search(begun):
        traces.add(_UNUSUAL_TRACE)
    return traces


def candidates(text: str) -> list[Candidate]:
    """Every possible separator in a text whose line ends are unified, strongest first."""
    traces = _traces(text)
    found = [*_gaps(text, traces), *_lines(text), *_symbols(text, traces), *_dots(text)]
    found += [*_unusual(text, traces), *_compounds(text, traces)]
    if not _EMOJI_TRACES.isdisjoint(traces):
        found += [
            each for each in _emoji(text) if not (each.starts and _parts_as_often(found, len(each.starts)))
        ]
    if starts := (opened := openings(text)).starts:
        found = [each for each in found if not _is_of(each, opened.symbols)]
        if not _parts_as_often(found, len(starts)):
            found.append(Candidate(None, len(starts), OPENING_STRENGTH, starts, _BETWEEN_OPENINGS))
    found.sort(key=lambda candidate: -candidate.occurrences * candidate.strength)
    return found


def _dots(text: str) -> list[Candidate]:
    begun = text[:_BEGINNING]
    if not any(dots in begun for dots in _DOTS):
        return []
    counts = Counter(run for run in _DOTS_RUN.findall(text) if len(run) < MAX_SEPARATOR)
    return [
        Candidate(f"{run} ", count, DOTS_STRENGTH) for run, count in counts.items() if count >= _FEWEST_DOTS
    ]


def _gaps(text: str, traces: set[int]) -> Iterator[Candidate]:
    """Runs of spaces, no-break spaces and tabs inside lines, and single spaces that are wide by themselves."""
    counts = Counter(_gap_runs(text, traces))
    if not counts:
        return
    likely = set(_two_most(counts))
    likely |= {_unit(counts, unit) for unit in likely}
    spaces = [run for run in counts if len(run) > 2 and not run.strip(" ")]  # noqa: PLR2004
    if spaces:
        likely.add(min(spaces))
    for unit in sorted(unit for unit in likely if len(unit) <= MAX_SEPARATOR):
        narrow, single = unit == "  ", len(unit) == 1 and unit != "\t"
        strength = NARROW_GAP if narrow else UNUSUAL_STRENGTH if single else WIDE_GAP
        yield Candidate(unit, _occurrences(counts, unit), strength)


def _two_most(counts: Counter[str]) -> list[str]:
    """The two most frequent, the earlier first among equals; `most_common` takes ten times longer on a few."""
    return sorted(counts, key=counts.__getitem__, reverse=True)[:2]


def _occurrences(counts: Counter[str], unit: str) -> int:
    """How often the unit stands: in whole multiples too, where it is no rarity by itself."""
    if counts[unit] < _UNIT_SHARE * counts.total():
        return counts[unit]
    return sum(count * (len(run) // len(unit)) for run, count in counts.items() if unit in run)


def _gap_runs(text: str, traces: set[int]) -> list[str]:
    """Runs of blanks that are wider than a space, each as it stands; looks before it scans, for speed."""
    if not _SPACE_TRACES.isdisjoint(traces) and (others := set(_OTHER_SPACE.findall(text))):
        return [*_wide_runs(text, others), *_TAB_RUNS.findall(text)]
    runs = _NO_BREAK_RUNS.findall(text) if "\xa0\xa0" in text else []
    if not runs and "\xa0" in text and (" \xa0" in text or "\xa0 " in text):
        runs = [run for run in _MIXED_RUNS.findall(text) if len(run) > 1]
    elif "  " in text:
        runs += _SPACE_RUNS.findall(text)
    return runs + _TAB_RUNS.findall(text) if "\t" in text else runs


def _wide_runs(text: str, others: set[str]) -> list[str]:
    """Runs of blanks where some are neither spaces nor no-break spaces; one kind that stands alone is found sooner."""
    if len(others) == 1 and "  " not in text and "\xa0" not in text:
        (wide,) = others
        if wide in _WIDE_SPACES_ALONE and f" {wide}" not in text and f"{wide} " not in text:
            return _WIDE_RUNS[wide].findall(text)
    return _ANY_GAPS.findall(text)


def _unit(counts: Counter[str], gap: str) -> str:
    """The shortest gap of which `gap` is a multiple, so that many empty slots do not hide it."""
    fitting = [
        run
        for run, count in counts.items()
        if count > 1 and len(gap) % len(run) == 0 and run * (len(gap) // len(run)) == gap
    ]
    return min(fitting, key=len, default=gap)


def _lines(text: str) -> Iterator[Candidate]:
    """Line breaks; two where every second line is blank."""
    if "\n" not in text:
        return
    lines = [line.strip(EDGE) for line in text.strip(EDGE).split("\n")]
    written = sum(1 for line in lines if line)
    if written < 2:  # noqa: PLR2004
        return
    blank = len(lines) - written
    yield Candidate("\n" if 2 * blank < written - 1 else "\n\n", written - 1, LINE_BREAK)


def _is_of(candidate: Candidate, symbols: str) -> bool:
    """Whether a separator is what openings are written with, as the `°` of `n°1`, and stands between no slots."""
    return candidate.separator is not None and candidate.separator.strip(EDGE) in {*symbols, symbols}


def _parts_as_often(found: list[Candidate], begun: int) -> bool:
    """Whether a symbol stands between the openings, which are then only beside it: `10:05 A | 10:02 B`."""
    return any(
        each.occurrences >= begun - 1 and (each.strength > NARROW_GAP or each.separator == "\n")
        for each in found
    )


def _symbols(text: str, traces: set[int]) -> Iterator[Candidate]:
    standing = [symbol for symbol, trace in _TRACES.items() if trace in traces]
    quotes = min(text.count("«"), text.count("»")) if "«" in standing else 0
    for symbol in standing:
        if _FEWEST[symbol] not in text:
            continue
        single = text.count(symbol)
        if single == 1 and STRENGTH.get(symbol, 0) < DECISIVE and len(text) > _SHORT_STRIP:
            continue
        if symbol in "«»" and quotes > _QUOTED_SHARE * single:
            continue
        # Most symbols stand alone wherever they stand, and to look for two takes a tenth of what it takes to list all.
        alone = symbol * 2 not in text
        counts = Counter({symbol: single}) if alone else Counter(_RUNS[symbol].findall(text))
        if "//" in counts:
            counts["//"] -= text.count("://")
        for core in _two_most(counts):
            count = counts[core]
            strength = TRIPLED if len(core) > 2 else STRENGTH.get(core, _DOUBLED.get(core))  # noqa: PLR2004
            if strength is None or len(core) > MAX_SEPARATOR:
                continue
            separator, cuts = _spacing(text, core, count)
            if cuts:
                yield Candidate(separator, cuts, strength)


def _emoji(text: str) -> Iterator[Candidate]:
    counts = Counter(_EMOJI_RUNS.findall(text))
    for core in _two_most(counts):
        count = counts[core]
        if core not in STRENGTH and len(core) <= MAX_SEPARATOR:
            separator, cuts = _spacing(text, core, count)
            yield Candidate(separator, cuts, EMOJI_STRENGTH)
    if len(counts) > 2 and _EMOJI_RUNS.match(text.lstrip(EDGE)):  # noqa: PLR2004
        starts = tuple([match.start() for match in _EMOJI_RUNS.finditer(text)])
        yield Candidate(None, counts.total() - 1, EMOJI_STRENGTH, starts)


def _unusual(text: str, traces: set[int]) -> Iterator[Candidate]:
    """Symbols that headlines do without: what they are does not matter, only that they repeat."""
    if _UNUSUAL_TRACES.isdisjoint(traces):
        return
    counts = Counter(_UNUSUAL_RUNS.findall(text))
    for core in _two_most(counts):
        if core[0] not in _FEWEST and not _EMOJI_RUNS.match(core) and len(core) <= MAX_SEPARATOR:
            separator, cuts = _spacing(text, core, counts[core])
            yield Candidate(separator, cuts, UNUSUAL_STRENGTH)


def _compounds(text: str, traces: set[int]) -> Iterator[Candidate]:
    """Words of several different symbols, such as `~*~` and `=>`."""
    if _COMPOUND_TRACES.isdisjoint(traces) and ".:" not in text and "-:" not in text:
        return
    counts = Counter({core: text.count(f" {core} ") for core in set(_COMPOUNDS.findall(text[:_BEGINNING]))})
    for core in _two_most(counts):
        familiar = len(core) < 3 and _FAMILIAR.issuperset(core)  # noqa: PLR2004
        if len(set(core)) > 1 and counts[core] > 1 and not familiar:
            # It explains each of its symbols, which are candidates by themselves as well.
            yield Candidate(f" {core} ", counts[core], COMPOUND_STRENGTH + UNUSUAL_STRENGTH * (len(core) - 1))


def _spacing(text: str, core: str, count: int) -> tuple[str, int]:
    """The symbol with the spaces that nearly all its occurrences have, and how often it then separates."""
    spaced = f" {core} "
    if core not in _DATED and text.count(spaced) == count:
        return spaced, count
    if core in _SPACED:
        return spaced, len(_pattern(spaced).findall(text))
    before = len(_pattern(f" {core}").findall(text)) >= _SPACED_SHARE * count
    after = len(_pattern(f"{core} ").findall(text)) >= _SPACED_SHARE * count
    if core[0] in _BESIDE_SPACE and not (before or after):
        return core, count if core == _MIDDLE_DOT and _parts_headlines(text) else 0
    separator = f"{' ' if before else ''}{core}{' ' if after else ''}"
    return separator, len(_pattern(separator).findall(text))


_MIDDLE_DOT: Final = "·"
_FEWEST_TIGHT: Final = 4
_SHORTEST_TIGHT: Final = 16


def _parts_headlines(text: str) -> bool:
    """Whether a dot that touches what is beside it stands between headlines, and inside no word ("col·lega")."""
    pieces = text.split(_MIDDLE_DOT)
    inside = any(before[-1:].islower() and after[:1].islower() for before, after in pairwise(pieces))
    return len(pieces) > _FEWEST_TIGHT and min(map(len, pieces)) >= _SHORTEST_TIGHT and not inside


@lru_cache(maxsize=256)
def _pattern(separator: str) -> re.Pattern[str]:
    """What matches a symbol with the spaces that it needs. It begins with the symbol: that scans fastest."""
    core = re.escape(separator.strip(EDGE))
    pattern = core
    if separator[0] in EDGE:
        pattern += rf"(?:(?<={_SPACE}{core})|(?<=\A{core}))"
    if separator[-1] in EDGE:
        pattern += rf"(?={_SPACE}|\Z)"
    if separator.strip(EDGE) in _DATED:
        number_before = rf"(?<!\b\d{_SPACE}{core})(?<!\b\d\d{_SPACE}{core})"
        year_before = rf"(?<!\b\d\d\d\d{_SPACE}{core})"
        rest_of_date = rf"{_SPACE}\d\d?{_SPACE}{core}{_SPACE}\d"
        pattern += rf"(?:{number_before}|(?!{_SPACE}\d))(?:{year_before}|(?!{rest_of_date}))"
    if core == "//":
        pattern += "(?<!://)"
    return re.compile(pattern)


def cut(text: str, separator: str) -> list[str]:
    r"""Cut a text (lines unified) at a separator: the slots, trimmed, '' where one is empty.

    One separator at the start and one at the end belong to the slots beside them and make no slot.
    White space repeated makes empty slots when nearly all gaps are whole multiples of the separator. Line
    breaks at the ends never make slots, and list bullets before lines are dropped.
    """
    if not separator:
        return [_shown(text.strip(EDGE))]
    if not separator.strip(EDGE):
        pieces = _cut_lines(text, separator) if "\n" in separator else _cut_gaps(text, separator)
    elif (core := separator.strip(EDGE)) not in _ASSERTED and text.count(core) == text.count(separator):
        pieces = text.split(core)
    else:
        pieces = _pattern(separator).split(text)
        if core == "»":
            pieces = _rejoin_quotes(pieces)
    slots = [piece.strip(EDGE) for piece in pieces]
    if len(slots) > 1 and not slots[0]:
        del slots[0]
    if len(slots) > 1 and not slots[-1]:
        del slots[-1]
    if "\n" in text or "\t" in text:
        return [_shown(slot) for slot in slots]
    return slots


def _rejoin_quotes(pieces: list[str]) -> list[str]:
    """Put back the » that closes a quotation which stands open before it."""
    whole: list[str] = []
    quoted: list[str] = []
    still_open = 0
    for piece in pieces:
        quoted.append(piece)
        still_open = max(0, still_open + piece.count("«") - piece.count("»"))
        if still_open:
            still_open -= 1
            continue
        whole.append("»".join(quoted))
        quoted = []
    return [*whole, "»".join(quoted)] if quoted else whole


def _cut_gaps(text: str, unit: str) -> list[str]:
    """Whole multiples of the unit hold empty slots, unless gaps come in any width."""
    pieces = text.split(unit)
    blank = unit[-1]
    ragged = [piece for piece in pieces if piece[:1] == blank]
    if len(ragged) > _RAGGED_SHARE * (len(pieces) - pieces.count("")):
        return _wider(unit).split(text)
    return pieces


@lru_cache(maxsize=256)
def _wider(unit: str) -> re.Pattern[str]:
    """What matches the gap and any wider one of its last blank."""
    return re.compile(f"{re.escape(unit)}{re.escape(unit[-1])}*")


def _cut_lines(text: str, separator: str) -> list[str]:
    lines = [line.strip(EDGE) for line in text.strip(EDGE).split("\n")]
    bare = [line if line[:1].isalnum() else _BULLET.sub("", line, count=1) for line in lines]
    return "\n".join(bare).split(separator)


_BETWEEN_OPENINGS: Final = "-–—|•·*/,;"


def cut_at(text: str, starts: Sequence[int], trailing: str = "") -> list[str]:
    """Cut before each emoji, clock or the like, which stays with its headline: where each slot has another one.

    Before the first of what `openings` finds there is nothing but a label: an empty slot.
    """
    slots = [
        _shown(text[start:end].rstrip(EDGE + trailing).strip(EDGE))
        for start, end in pairwise([*starts, len(text)])
    ]
    before = text[: starts[0]].strip(EDGE)
    return slots if not before else ["" if trailing else _shown(before), *slots]


def _shown(slot: str) -> str:
    """A slot on one line, as a ticker shows it."""
    return _BLANKS.sub(" ", slot) if "\n" in slot or "\t" in slot else slot
