"""Split a strip into its slots, finding the separator where none is pinned.

Each candidate is scored as an explanation of the text: every occurrence counts for it by how seldom the
symbol stands inside a headline, every slot by how likely a headline of that length is (log-normal). The
text as one headline is a candidate too; where it wins, or wins nearly, there is no guess but an error.
Two kinds of separator by turns are a candidate as well.
"""

import math
from itertools import repeat
from typing import Final

from msgspec import Struct

from streams.errors import SplitError
from streams.produce.labels import LONGEST_LABEL, is_label, opens_list
from streams.produce.plain import is_damaged, may_be_damaged, plain, without_controls
from streams.produce.separators import (
    DECISIVE,
    EDGE,
    MAX_SEPARATOR,
    NARROW_GAP,
    Candidate,
    candidates,
    cut,
    cut_at,
    unify_lines,
)

MAX_CHARACTERS: Final = 1_048_576
"""The longest strip that is split, in characters: far beyond any strip, some 15,000 headlines."""

MAX_SLOTS: Final = 10_000
"""The most slots of one strip, empty ones included."""

MIN_CONFIDENCE: Final = 0.6
"""Below it a separator would be a guess, and is refused."""

SHORTEST_HEADLINE: Final = 12
LONGEST_HEADLINE: Final = 250
"""Characters of a plausible headline: of 61,807 measured ones nearly all are 12 to 140 long."""

_MEAN, _DEVIATION = 4.1, 0.42
"""Of the natural logarithm of a headline's length: measured 3.88–4.13 and .21–.32, widened for others."""

_EMPTY_COST: Final = -3.0
_SHORTEST_COST: Final = -11.0
"""Log-likelihood of a slot too short for a headline (a menu item, a date): such slots happen, so it has a floor."""

_TABLE_LENGTH: Final = 2_000
_RIVALS: Final = 4
"""How many candidates are tried: of 6,000 strips made of real headlines the true one led in all but one."""

_SHORTEST_CUT: Final = 40
"""Characters from which an ellipsis means that the site cut the headline, wherever it stands in the strip."""

_MARGIN_UNIT: Final = 3.0
"""The lead over the best rival, in log-likelihood, that makes a confidence of .73; twice it makes .88."""
_NO_RIVAL: Final = 8 * _MARGIN_UNIT
"""A candidate that cannot come closer than this changes no confidence: it is not tried."""

ELLIPSES: Final = ("…", "...", "[…]", "[...]", "(…)", "(...)")

_MIXTURE_COST: Final = -2.0
"""Log-likelihood that a strip has one more kind of separator: few have."""

_MIXTURE_SHARE: Final = 0.12
"""The share of a strip's separators that the second kind has at least; a rarer one stands inside a headline."""

_MIXTURE_DOUBT: Final = 2.5
"""A mixture that comes closer than this to the best single separator is a doubt, and refused."""

_EVEN_SHARE: Final = 0.4
_EVEN_DOUBT: Final = 5.0
"""The doubt where the second kind makes `_EVEN_SHARE` of all separators: then the two stand by turns."""

_GLUED: Final = 1.7
"""A slot this many times as long as the median of the others may be two headlines with a dash between."""

_KINDS: Final = 3
"""The most kinds of separator in one strip."""

_JUDGED: Final = 8
"""Slots at the start that are looked at for damage: where most are damaged, one of these is."""

_DAMAGED: Final = "the text is damaged (lost or wrongly decoded characters); mend its encoding at the source"


class Slot(Struct, frozen=True, gc=False):
    """A position of a strip: the headline as shown, '' when empty; `truncated` when the site cut it short.

    `link` is where it leads (an absolute http(s) URI), `published_at` when its entry says it was published.
    """

    text: str
    truncated: bool = False
    link: str | None = None
    published_at: str | None = None


class Split(Struct, frozen=True):
    """A strip in slots.

    `separator` is what stands between them ('' where the strip is one headline by the user's word, None where
    no single string does). `confidence` (0 to 1) is how far the separator beats its best rival, times the
    share of slots as long as headlines are; for a pinned separator it is that share alone.
    """

    slots: tuple[Slot, ...]
    separator: str | None
    confidence: float


class _Scored(Struct, frozen=True):
    """An explanation of a text; `doubt` is how near it may come to a better one before that is a guess."""

    separator: str | None
    texts: list[str]
    score: float
    doubt: float = 0.0


def _length_costs() -> list[float]:
    costs = [_EMPTY_COST]
    for length in range(1, _TABLE_LENGTH + 1):
        deviation = (math.log(length) - _MEAN) / _DEVIATION
        cost = -deviation * deviation / 2 - math.log(length * _DEVIATION * math.sqrt(2 * math.pi))
        costs.append(max(cost, _SHORTEST_COST) if length < math.exp(_MEAN) else cost)
    return costs


_LENGTH_COSTS: Final = _length_costs()


def split(text: str, separator: str | None = None, *, place: str = "strip") -> Split:
    r"""Split a strip into slots.

    Args:
        text: The strip as shown: characters, at most MAX_CHARACTERS, none of them a control character.
        separator: What stands between slots, where the source is known: `\n` for line breaks, a space at
            an end for white space there. '' says that the strip is one headline. None finds it.
        place: Where the text is from, for errors.

    Raises:
        SplitError: No separator stands out, or the strip is empty or beyond the limits.
    """
    if len(text) > MAX_CHARACTERS:
        raise SplitError(
            place,
            f"a strip of {len(text):,} characters, more than {MAX_CHARACTERS:,}; "
            "pick the strip out of the page first",
        )
    text = unify_lines(plain(text))
    if not text.strip(EDGE):
        raise SplitError(place, "it is empty, or nothing but white space; check the source")
    if separator is not None:
        if len(separator) > MAX_SEPARATOR:
            raise SplitError(place, f"a separator of more than {MAX_SEPARATOR} characters; pin a shorter one")
        texts = cut(text, unify_lines(plain(separator)))
        confidence = _plausible_share(texts)
    else:
        found, confidence = _find(text, place)
        texts, separator = found.texts, found.separator
    if len(texts) > MAX_SLOTS:
        raise SplitError(
            place, f"{len(texts):,} slots, more than {MAX_SLOTS:,}; pin another separator with --separator"
        )
    slots = _marked(texts, place)
    if not any(slot.text for slot in slots):
        raise SplitError(place, "no text between separators; check the source or the pinned separator")
    return Split(slots, separator, round(confidence, 3))


def slots_of(texts: list[str]) -> tuple[Slot, ...]:
    """Slots of texts that stand apart already, as the items of a page do.

    What is written out is read, a label alone is an empty slot, and `truncated` are those that end in an ellipsis
    and are long or last.

    Raises:
        SplitError: Most of them are damaged.
    """
    return _marked(
        [" ".join(without_controls(plain(text)).split("\n")).strip(EDGE) for text in texts], "strip"
    )


def _marked(texts: list[str], place: str) -> tuple[Slot, ...]:
    if may_be_damaged("\n".join(texts[:_JUDGED])) and 2 * sum(map(is_damaged, texts)) >= sum(
        map(bool, texts)
    ):
        raise SplitError(place, _DAMAGED)
    slots = list(map(Slot, texts))
    for position, text in enumerate(texts):
        if len(text) <= LONGEST_LABEL and (is_label(text) or opens_list(text)):
            slots[position] = Slot("")
    if not any(map(str.endswith, texts, repeat(ELLIPSES))):
        return tuple(slots)
    last = len(texts) - 1
    while last > 0 and not texts[last]:
        last -= 1
    for position, text in enumerate(texts):
        if text.endswith(ELLIPSES) and (position == last or len(text) >= _SHORTEST_CUT):
            slots[position] = Slot(text, truncated=True)
    return tuple(slots)


def _find(text: str, place: str) -> tuple[_Scored, float]:
    """The candidate that explains the text best, and the confidence in it."""
    alone = text.strip()
    found = candidates(text)
    by_others = any(each.separator is None for each in found)  # emoji, clocks: one kind, whichever they are
    mixtures = _mixtures(text, found) if len(found) > 1 and not by_others else []
    ranked = sorted([*_scored(text, found), *mixtures], key=lambda scored: -scored.score)
    if not ranked or ranked[0].score <= _cost(len(alone)):
        raise SplitError(place, _unfound(found))
    best = ranked[0]
    rivals = [scored.score for scored in ranked[1:] if scored.texts != best.texts]
    margin = best.score - max([*rivals, _cost(len(alone))])
    confidence = _plausible_share(best.texts) / (1 + math.exp(-margin / _MARGIN_UNIT))
    doubted = best not in mixtures and any(best.score - mixed.score < mixed.doubt for mixed in mixtures)
    if confidence < MIN_CONFIDENCE or doubted:
        raise SplitError(place, _NO_SEPARATOR)
    return best, confidence


_NO_SEPARATOR: Final = (
    "no separator stands out; pin it: --separator ' | ', or the key separator of the strip or source"
    " ('' if it is one headline)"
)


def _unfound(found: list[Candidate]) -> str:
    """Why no candidate was taken: the first that stands there too often, or none stands out."""
    for each in found:
        if each.separator and each.occurrences > MAX_SLOTS:
            return (
                f"{each.separator!r} stands there {each.occurrences:,} times, and a strip has at most"
                f" {MAX_SLOTS:,} slots; give less of it at once"
            )
    return _NO_SEPARATOR


def _scored(text: str, found: list[Candidate]) -> list[_Scored]:
    scored: list[_Scored] = []
    best = -math.inf
    for candidate in found[:_RIVALS]:
        if candidate.occurrences < _fewest(candidate.strength) or candidate.occurrences > MAX_SLOTS:
            continue
        if _bound(candidate) < best - _NO_RIVAL:
            continue
        between = candidate.separator
        texts = (
            cut(text, between) if between is not None else cut_at(text, candidate.starts, candidate.trailing)
        )
        if between and not between.strip() and _beside_symbol(texts, found):
            continue
        scored.append(_Scored(candidate.separator, texts, _score(candidate, texts)))
        best = max(best, scored[-1].score)
    return scored


def _beside_symbol(texts: list[str], found: list[Candidate]) -> bool:
    """Whether blanks only set a symbol off, which would stay with its headline: `A |  B |  C`."""
    symbols = tuple({core for each in found if each.separator and (core := each.separator.strip(EDGE))})
    if not symbols:
        return False
    beside = sum(1 for text in texts if text.endswith(symbols) or text.startswith(symbols))
    return 2 * beside >= len(texts)


def _mixtures(text: str, found: list[Candidate]) -> list[_Scored]:
    """Kinds of separator by turns, `A | B • C | D`: the most telling with as many of the others as help it."""
    kinds = [each for each in found[: 2 * _RIVALS] if each.separator and each.occurrences <= MAX_SLOTS]
    if len(kinds) < 2 or kinds[1].occurrences < _MIXTURE_SHARE * kinds[0].occurrences:  # noqa: PLR2004
        return []
    mixed: list[_Scored] = []
    texts = cut(text, kinds[0].separator or "")
    score = _score(kinds[0], texts)
    for kind in kinds[1:]:
        if kind.occurrences < _MIXTURE_SHARE * len(texts):
            continue
        between = kind.separator or ""
        core = between.strip(EDGE) or between
        finer = [piece for slot in texts for piece in (cut(slot, between) if core in slot else (slot,))]
        added = len(finer) - len(texts)
        # What comes again and again beside a headline is its outlet or its section, and no headline.
        if added < 1 or 2 * (len(set(finer)) - len(set(texts))) <= added:
            continue
        if added == 1 and kind.strength < NARROW_GAP and not _is_glued(texts, finer):
            continue
        gained = added * kind.strength + _MIXTURE_COST
        gained += sum(map(_cost, map(len, finer))) - sum(map(_cost, map(len, texts)))
        doubt = _EVEN_DOUBT if added >= _EVEN_SHARE * (len(finer) - 1) else _MIXTURE_DOUBT
        if gained > -_NO_RIVAL:
            mixed.append(_Scored(None, finer, score + gained, doubt))
        if gained > 0 and len(mixed) < _KINDS:
            texts, score = finer, score + gained
    return mixed


def _is_glued(texts: list[str], finer: list[str]) -> bool:
    """Whether the one slot that a dash cuts is as long as two: headlines have dashes inside as well."""
    lengths = sorted(map(len, texts))
    longest = max(len(text) for text in texts if text not in finer)
    return longest >= _GLUED * lengths[(len(lengths) - 1) // 2]


def _bound(candidate: Candidate) -> float:
    """The most that a candidate could score: every occurrence counts, and no slot costs less than an empty one."""
    return candidate.occurrences * (candidate.strength + _EMPTY_COST)


def _fewest(strength: float) -> int:
    """How often a symbol must occur to separate: one that stands inside headlines too must repeat."""
    if strength >= DECISIVE:
        return 1
    return 2 if strength >= 5 else 3  # noqa: PLR2004


def _score(candidate: Candidate, texts: list[str]) -> float:
    told = candidate.occurrences * candidate.strength
    try:
        return told + sum([_LENGTH_COSTS[length] for length in map(len, texts)])
    except IndexError:  # beyond the table; the quick way is tried first
        return told + sum(map(_cost, map(len, texts)))


def _cost(length: int) -> float:
    """Log-likelihood of a headline of so many characters; beyond the table it falls with the length."""
    if length <= _TABLE_LENGTH:
        return _LENGTH_COSTS[length]
    return _LENGTH_COSTS[_TABLE_LENGTH] * length / _TABLE_LENGTH


def _plausible_share(texts: list[str]) -> float:
    """The share of slots, empty ones left out, that are as long as headlines are."""
    lengths = [len(text) for text in texts if text]
    plausible = [length for length in lengths if SHORTEST_HEADLINE <= length <= LONGEST_HEADLINE]
    return len(plausible) / max(1, len(lengths))
