"""Write alike what two headlines say in two forms: ranges ("2 to 3", "2-3"), age groups ("U17", "under 17"), "ex-".

Only a form whose other one the headline beside it has is written anew; so a score stays one, and "under 17" a bound.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import Struct

from streams.process.dedup.reading import Words, with_joint
from streams.process.dedup.words import Lexicon

_RANGE: Final = re.compile(r"^([0-9]{1,4})-([0-9]{1,4})([^0-9]*)$")
_END: Final = re.compile(r"^([0-9]{1,4})([^0-9]*)$")
_GROUP: Final = re.compile(r"^u([0-9]{1,2})s?$")
_AGE: Final = re.compile(r"^(?:ال)?([0-9]{1,2})(s?)$")
_U: Final = "u"
"""What stands before an age in the name of a team: "U17", "U-17"."""
_EX: Final = "ex"
_YEAR: Final = "year"
"""The unit of an age, as the lexicon names it."""


class _Form(Struct, frozen=True, gc=False):
    """Words from `begin` to `end` that say what `short` says in one word."""

    begin: int
    end: int
    short: str
    may_rise: bool = False
    """Whether they say what rose with "from" before them: "from 2 to 3"."""


def write_alike(one: Words, other: Words, lexicon: Lexicon) -> tuple[Words, Words]:
    """The two headlines with one form of what they say in two."""
    telling = lexicon.twofold.intersection(one.words) | lexicon.twofold.intersection(other.words)
    if not telling:
        return one, other
    if not lexicon.ranging.isdisjoint(telling):
        one, other = _alike(one, other, _ranges, _is_one_range, lexicon)
    if not lexicon.aging.isdisjoint(telling):
        one, other = _alike(one, other, _age_groups, lambda *_: True, lexicon)
    if not lexicon.former.isdisjoint(telling):
        one, other = _with_former(one, other, lexicon), _with_former(other, one, lexicon)
    return one, other


def _alike(
    one: Words,
    other: Words,
    find: Callable[[Sequence[str], Lexicon], Iterator[_Form]],
    is_same: Callable[[Words, _Form, Words, _Form, Lexicon], bool],
    lexicon: Lexicon,
) -> tuple[Words, Words]:
    """The two with their first forms of the same in one word, unless they are written alike anyway."""
    for mine in find(one.words, lexicon):
        for theirs in find(other.words, lexicon):
            if mine.short != theirs.short or not is_same(one, mine, other, theirs, lexicon):
                continue
            if one.words[mine.begin : mine.end] != other.words[theirs.begin : theirs.end]:
                one = with_joint(one, mine.begin, mine.end, mine.short)
                other = with_joint(other, theirs.begin, theirs.end, theirs.short)
            return one, other
    return one, other


def _ranges(words: Sequence[str], lexicon: Lexicon) -> Iterator[_Form]:
    """Ranges that rise: "2-3", "two to three", "between 2 and 3", "بين 2 و3"."""
    for at, word in enumerate(words):
        if not (word[0].isdecimal() or word in lexicon.numbers):
            continue
        if "-" in word and _RANGE.match(word):
            yield _Form(at, at + 1, word)
        lower = _value(word, lexicon)
        for opening, joining in lexicon.ranges:
            begin = at - len(opening)
            if lower is None or begin < 0 or tuple(words[begin:at]) != opening:
                continue
            end, upper, unit = _upper(words, at + 1, joining, lexicon)
            if upper is not None and lower < upper:
                lasts = at > 1 and words[at - 1] in lexicon.elsewhere and words[at - 2] in lexicon.lasting
                rises = not opening and not lasts
                yield _Form(begin - lasts, end, f"{lower}-{upper}{unit}", rises)


def _upper(words: Sequence[str], at: int, joining: str, lexicon: Lexicon) -> tuple[int, int | None, str]:
    """Where the second number of a range ends, its value and the unit that is written with it: "2 to 3%", "2 و3"."""
    joined = words[at] if at < len(words) else ""
    if joined == joining and at + 1 < len(words):
        end, last = at + 2, words[at + 1]
    elif lexicon.language == "ar" and joined.startswith(joining):
        end, last = at + 1, joined.removeprefix(joining)
    else:
        return at, None, ""
    match = _END.match(last)
    return (end, int(match[1]), match[2]) if match else (end, _value(last, lexicon), "")


def _value(word: str, lexicon: Lexicon) -> int | None:
    return int(word) if word.isdecimal() else lexicon.numbers.get(word)


def _is_one_range(one: Words, mine: _Form, other: Words, theirs: _Form, lexicon: Lexicon) -> bool:
    """Whether two ranges count the same, which stands behind both, and neither says what rose: "from 2 to 3".

    A score has nothing behind it that is counted: "2-3 at home".
    """
    ending = mine.short[-1:]
    following = one.words[mine.end : mine.end + 1]
    if ending.isdecimal() and (
        not following
        or following != other.words[theirs.end : theirs.end + 1]
        or following[0] in lexicon.droppable
        or following[0] in lexicon.movable
    ):
        return False
    before = one.words[: mine.begin][-1:]
    if before == other.words[: theirs.begin][-1:]:
        return True
    beside = other.words[: theirs.begin][-1:]
    return all(
        not form.may_rise or not word or word[0] not in lexicon.elsewhere
        for form, word in ((mine, before), (theirs, beside))
    )


def _age_groups(words: Sequence[str], lexicon: Lexicon) -> Iterator[_Form]:
    """Groups of those who are younger: "U17", "under-17s", "moins de 17 ans", "تحت 17 سنة".

    "Under 17" alone is none, whatever stands beside it: fewer than 17 may be hurt.
    """
    for begin, word in enumerate(words):
        if match := _GROUP.match(word):
            yield _Form(begin, begin + 1, f"u{match[1]}")
        if word not in lexicon.aging:
            continue
        for phrase in lexicon.under:
            at = begin + len(phrase)
            if tuple(words[begin:at]) != phrase or not (match := _AGE.match("".join(words[at : at + 1]))):
                continue
            in_years = lexicon.spans.get("".join(words[at + 1 : at + 2])) == _YEAR
            if in_years or word == _U or match[2]:
                yield _Form(begin, at + 1 + in_years, f"u{match[1]}")


def _with_former(mine: Words, beside: Words, lexicon: Lexicon) -> Words:
    """A headline with "ancien" or "former" for "ex-" where the other one has it of the same: "ex-minister"."""
    for at, word in enumerate(mine.words[:-1]):
        if word != _EX:
            continue
        office = _named(mine.words, at + 1, lexicon)
        for place, former in enumerate(beside.words[:-1]):
            if former in lexicon.former and _named(beside.words, place + 1, lexicon) == office:
                return with_joint(mine, at, at + 1, former)
    return mine


def _named(words: Sequence[str], at: int, lexicon: Lexicon) -> str:
    """What stands at a place, by the first of its names: "pm" and "prime minister" are one office."""
    pair = " ".join(words[at : at + 2])
    return lexicon.variants.get(pair) or lexicon.same(words[at])
