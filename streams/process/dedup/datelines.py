"""A place in front of one headline, and inside the other: "Oran : le marché brûle hier", "Le marché brûle à Oran hier".

Before the two are aligned the place is taken to the front of both. What a place is, and which ones speak rather than
say where, the gazetteer knows.
"""

from typing import Final

from streams.process.dedup.reading import Break, Words
from streams.process.dedup.words import Lexicon
from streams.process.gazetteer import given_names, places

_LONGEST: Final = 4
"""Words of the longest place in front of a headline."""
_FEWEST_AFTER: Final = 4
"""Words that a headline needs behind its place."""
_ATTACHED: Final = "ب"
"""The Arabic preposition of place that is written with the word after it."""


def with_datelines(one: Words, other: Words, lexicon: Lexicon) -> tuple[Words, Words]:
    """Two headlines, of which one that says inside where it happens says so in front if the other does."""
    return (
        _led(one, other, lexicon) if other.breaks else one,
        _led(other, one, lexicon) if one.breaks else other,
    )


def _led(mine: Words, beside: Words, lexicon: Lexicon) -> Words:
    label = _dateline(beside)
    if not label or not lexicon.destinations.isdisjoint(mine.words):
        return mine
    name = beside.words[: label.at]
    for at in range(1, len(mine.words) - len(name) + 1):
        first, *others = mine.words[at : at + len(name)]
        if tuple(others) != name[1:]:
            continue
        if first == name[0] and mine.words[at - 1] in lexicon.inside:
            return _with_place_first(mine, at - 1, at + len(name), name, label)
        if lexicon.language == "ar" and first == _ATTACHED + name[0]:
            return _with_place_first(mine, at, at + len(name), name, label)
    return mine


def _dateline(headline: Words) -> Break | None:
    """The separator behind the place that a headline begins with; a country or capital before a colon may speak."""
    label = min((mark for mark in headline.breaks if mark.mark and mark.at), default=None)
    if label is None or label.at > _LONGEST or len(headline.words) - label.at < _FEWEST_AFTER:
        return None
    name = "".join(headline.words[: label.at])
    speaks = label.mark == ":" and (name in places().speak or name in given_names())
    again = headline.words[0] in headline.words[label.at :]
    return label if name in places().known and not speaks and not again else None


def _with_place_first(mine: Words, begin: int, end: int, name: tuple[str, ...], label: Break) -> Words:
    """A headline with its words from `begin` to `end` replaced by a place in front."""
    words = (*name, *mine.words[:begin], *mine.words[end:])
    breaks = (
        Break(b.at + len(name) if b.at <= begin else max(begin, b.at - (end - begin)) + len(name), b.mark)
        for b in mine.breaks
    )
    return Words(words, (label, *breaks), mine.shown)
