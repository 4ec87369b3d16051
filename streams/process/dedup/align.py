"""Align two headlines word by word: the cheapest way to turn one into the other.

A global alignment (Needleman & Wunsch) over tokens, after the common beginning and end, in which words
that differ by a prefix, an ending or a typing error match at a small cost. If a block of words stands
elsewhere, the alignment with the block turned is taken where it is cheaper.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.process.dedup.likeness import SAME, Likeness, likeness
from streams.process.dedup.reading import Reading, Token
from streams.process.dedup.words import Lexicon

CUT: Final = Likeness("cut", 0.3)
"""How the last word of a headline that was cut inside it matches the whole word: "collis…", "collision"."""

# What a difference costs. The cheapest alignment is that which reads the difference as people would.
_GAP: Final = 1.0
"""A word that only one of the headlines has."""
_LIGHT_GAP: Final = 0.35
"""Such a word where it can be dropped, or says little: "the", "في", "also"."""
_MOVE: Final = 0.6
"""A block of words that stands elsewhere: "In Leeds, shops close early" and "Shops close early in Leeds"."""
_CUT_TAIL: Final = 0.02
"""A word that is lost behind the cut of the other headline."""
_TURNED: Final = 0.5
"""Between their common beginning and end, headlines must share this part of their words for a block to have moved."""
_TURNS: Final = 6
"""How many places at which a block may have moved are tried."""


class Step(Struct, frozen=True, gc=False):
    """One matched pair of tokens, or tokens that only one headline has (`how` is `gap`)."""

    how: str
    before: tuple[Token, ...]
    after: tuple[Token, ...]
    at: int
    at_other: int


class Alignment(Struct, frozen=True, gc=False):
    """Two readings and the steps that lead from one to the other.

    Where a block stands elsewhere, two neighbouring blocks of `one` change places to give `other`. `moved` is the
    shorter of the two, and `turned` says where they are: the first begins at its first number, the second at its second
    number and ends before its third. So for "In Leeds shops close early" and "Shops close early in Leeds" `moved` is
    "in leeds" and `turned` is (0, 2, 5). `swapped` says that `one` is the headline that the caller named second.
    """

    one: Reading
    other: Reading
    lexicon: Lexicon
    steps: tuple[Step, ...]
    cost: float
    moved: tuple[Token, ...] = ()
    turned: tuple[int, int, int] = (0, 0, 0)
    swapped: bool = False


class _Span(Struct, frozen=True, gc=False):
    """Tokens of one headline with their places in it."""

    tokens: tuple[Token, ...]
    places: tuple[int, ...]
    cut: bool


def align(one: Reading, other: Reading, lexicon: Lexicon, *, swapped: bool = False) -> Alignment:
    """The cheapest alignment of two headlines."""
    begin, end, other_end = _trim(one.tokens, other.tokens)
    mine = _span(one, begin, end)
    theirs = _span(other, begin, other_end)
    cost, steps = _cheapest(mine, theirs, lexicon)
    whole = _whole(one, other, (begin, end, other_end), steps)
    best = Alignment(one, other, lexicon, whole, cost, swapped=swapped)
    if cost <= _MOVE:
        return best
    for turn in _turns(mine.tokens, theirs.tokens):
        turned = _Span(
            mine.tokens[turn:] + mine.tokens[:turn], mine.places[turn:] + mine.places[:turn], cut=False
        )
        cost, steps = _cheapest(turned, theirs, lexicon)
        if cost + _MOVE < best.cost:
            whole = _whole(one, other, (begin, end, other_end), steps)
            best = Alignment(
                one,
                other,
                lexicon,
                whole,
                cost + _MOVE,
                moved=min(mine.tokens[:turn], mine.tokens[turn:], key=len),
                turned=(begin, begin + turn, end),
                swapped=swapped,
            )
    return best


def _trim(one: Sequence[Token], other: Sequence[Token]) -> tuple[int, int, int]:
    shorter = min(len(one), len(other))
    begin = 0
    while begin < shorter and one[begin] == other[begin]:
        begin += 1
    end = 0
    while end < shorter - begin and one[-1 - end] == other[-1 - end]:
        end += 1
    return begin, len(one) - end, len(other) - end


def _span(reading: Reading, begin: int, end: int) -> _Span:
    cut = reading.cut and end == len(reading.tokens)
    return _Span(reading.tokens[begin:end], tuple(range(begin, end)), cut)


def _turns(one: Sequence[Token], other: Sequence[Token]) -> list[int]:
    """Places at which `one` may be cut so that its parts, exchanged, give `other`: 2 in "in leeds | shops close"."""
    shorter = min(len(one), len(other))
    values = {token.value for token in other}
    if shorter < 2 or sum(token.value in values for token in one) < _TURNED * shorter:  # noqa: PLR2004 (blocks)
        return []
    first = [i for i, token in enumerate(one) if i and any(token.value == t.value for t in other[:2])]
    back = [
        len(one) - len(other) + j
        for j, token in enumerate(other)
        if j and any(token.value == t.value for t in one[:2])
    ]
    begins = [len(one) - j for j, token in enumerate(other) if j and token.value == one[0].value]
    ends = [len(one) - (len(other) - j) for j, token in enumerate(other) if j and token.value == one[0].value]
    turns = dict.fromkeys(i for i in (*first, *ends, *begins, *back) if 0 < i < len(one))
    return list(turns)[:_TURNS]


def _whole(
    one: Reading, other: Reading, bounds: tuple[int, int, int], steps: Sequence[Step]
) -> tuple[Step, ...]:
    """The steps of the middle with those of the common beginning and end around them."""
    begin, end, other_end = bounds
    opening = tuple(Step("same", (one.tokens[i],), (other.tokens[i],), i, i) for i in range(begin))
    shift = other_end - end
    closing = tuple(
        Step("same", (one.tokens[i],), (other.tokens[i + shift],), i, i + shift)
        for i in range(end, len(one.tokens))
    )
    return (*opening, *steps, *closing)


def _gap_cost(token: Token, lexicon: Lexicon) -> float:
    light = not token.kind and (token.written in lexicon.droppable or token.written in lexicon.minor)
    return _LIGHT_GAP if light else _GAP


def _match(one: _Span, i: int, other: _Span, j: int, lexicon: Lexicon) -> Likeness | None:
    first, second = one.tokens[i], other.tokens[j]
    found = likeness(first, second, lexicon)
    if one.cut and i == len(one.tokens) - 1 and _is_cut(first.written, second.written):
        return CUT
    if other.cut and j == len(other.tokens) - 1 and _is_cut(second.written, first.written):
        return CUT
    return found


def _is_cut(part: str, word: str) -> bool:
    """Whether a word is the beginning of another; a number may be so of itself and its unit only: "30…", "30 euros"."""
    return word.startswith(f"{part} ") or (part != word and word.startswith(part) and not part[-1:].isdigit())


def _cheapest(one: _Span, other: _Span, lexicon: Lexicon) -> tuple[float, tuple[Step, ...]]:
    """The cheapest steps between two spans, and what they cost."""
    rows, columns = len(one.tokens), len(other.tokens)
    drop = [_gap_cost(token, lexicon) for token in one.tokens]
    insert = [_gap_cost(token, lexicon) for token in other.tokens]
    costs = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    found: list[list[Likeness | None]] = [[None] * (columns + 1) for _ in range(rows + 1)]
    if other.cut and not columns:
        drop = [_CUT_TAIL] * rows
    if one.cut and not rows:
        insert = [_CUT_TAIL] * columns
    for j in range(columns):
        costs[0][j + 1] = costs[0][j] + insert[j]
    for i in range(rows):
        row, above = costs[i + 1], costs[i]
        row[0] = above[0] + drop[i]
        for j in range(columns):
            free_drop = other.cut and j == columns - 1
            free_insert = one.cut and i == rows - 1
            best = min(
                above[j + 1] + (_CUT_TAIL if free_drop else drop[i]),
                row[j] + (_CUT_TAIL if free_insert else insert[j]),
            )
            match = SAME if one.tokens[i] == other.tokens[j] else _match(one, i, other, j, lexicon)
            if match is not None and (through := above[j] + match.cost) <= best:
                best, found[i + 1][j + 1] = through, match
            row[j + 1] = best
    return costs[rows][columns], _trace(one, other, costs, found, drop)


def _trace(
    one: _Span,
    other: _Span,
    costs: Sequence[Sequence[float]],
    found: Sequence[Sequence[Likeness | None]],
    drop: Sequence[float],
) -> tuple[Step, ...]:
    """Walk back from the end of both spans; neighbouring gaps become one step."""
    steps: list[Step] = []
    i, j = len(one.tokens), len(other.tokens)
    before: list[Token] = []
    after: list[Token] = []

    def place(places: Sequence[int], k: int) -> int:
        return places[k] if k < len(places) else (places[-1] + 1 if places else 0)

    def close_gap() -> None:
        if before or after:
            gap = Step(
                "gap", tuple(before[::-1]), tuple(after[::-1]), place(one.places, i), place(other.places, j)
            )
            steps.append(gap)
            before.clear()
            after.clear()

    while i or j:
        match = found[i][j]
        if match is not None:
            close_gap()
            i, j = i - 1, j - 1
            steps.append(
                Step(match.how, (one.tokens[i],), (other.tokens[j],), one.places[i], other.places[j])
            )
            continue
        cost = _CUT_TAIL if other.cut and j == len(other.tokens) else (drop[i - 1] if i else 0)
        if i and (not j or abs(costs[i][j] - costs[i - 1][j] - cost) < 1e-9):  # noqa: PLR2004 (rounding)
            i -= 1
            before.append(one.tokens[i])
        else:
            j -= 1
            after.append(other.tokens[j])
    close_gap()
    return tuple(reversed(steps))
