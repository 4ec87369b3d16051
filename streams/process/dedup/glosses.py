"""A name that is said twice, in full and in short: "World Food Programme (WFP)", "WFP (World Food Programme)".

Which names are short for which the lexicon knows; capitals that begin the words before them need no list.
"""

import re
from collections.abc import Sequence
from typing import Final

from streams.process.dedup.reading import Break, Words
from streams.process.dedup.words import Lexicon, stems

_OPENS: Final = "("
_CLOSES: Final = ")"
_WRITTEN: Final = re.compile(r"\w+")
_LONGEST_SPELT: Final = 10
"""Letters of the longest short name that is read out of its words."""


def without_gloss(headline: Words, lexicon: Lexicon) -> Words:
    """A headline without a name in brackets that says again the one before them: "World Food Programme (WFP)"."""
    if _OPENS not in headline.shown:
        return headline
    opened = {mark.at for mark in headline.breaks if mark.mark == _OPENS}
    closed = {mark.at for mark in headline.breaks if mark.mark == _CLOSES}
    for begin in sorted(opened, reverse=True):
        end = min((at for at in closed if at > begin), default=0)
        inside, before = headline.words[begin:end], headline.words[:begin]
        if not (inside and before) or not (
            (len(inside) == 1 and _is_short_for(inside[0], before, headline.shown, lexicon))
            or (len(inside) > 1 and _is_short_for(before[-1], inside, headline.shown, lexicon))
        ):
            continue
        breaks = tuple(
            Break(mark.at - (end - begin if mark.at >= end else 0), mark.mark)
            for mark in headline.breaks
            if not begin <= mark.at <= end or mark.mark not in {_OPENS, _CLOSES}
        )
        headline = Words((*before, *headline.words[end:]), breaks, headline.shown)
    return headline


def _is_short_for(short: str, words: Sequence[str], shown: str, lexicon: Lexicon) -> bool:
    """Whether words end with the long name of a short one: a known one, or capitals that begin them."""
    _, names = lexicon.shortened.get(short, ("", ()))
    for name in names:
        last = words[-len(name) :]
        if last == name or (last[1:] == name[1:] and name[0] in stems(last[0])):
            return True
    told = [word for word in words if word not in lexicon.droppable]
    return (
        len(short) <= _LONGEST_SPELT
        and short.upper() in _WRITTEN.findall(shown)
        and not (told and told[-1].startswith(short))
        and _spell(told, short)
    )


def _spell(words: Sequence[str], short: str) -> bool:
    """Whether the beginnings of words, up to the last one, make a short name: "INstitut de POLice"."""
    if not (short and words):
        return not short
    ends = range(1, len(short) + 1)
    return any(words[-1].startswith(short[-end:]) and _spell(words[:-1], short[:-end]) for end in ends)
