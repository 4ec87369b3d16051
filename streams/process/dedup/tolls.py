"""A toll that is told anew in other words: "Mine fire kills 8", "Death toll in mine fire rises to 11".

Their words differ too much to be aligned. Where nothing but how a toll is told parts two headlines, and the toll is
another one, the second is an update; it is never a duplicate, so nothing is swallowed by what is read here.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from schemas.events import Change
from streams.process.dedup.align import Alignment
from streams.process.dedup.likeness import likeness
from streams.process.dedup.reading import Reading, Token
from streams.process.dedup.words import Lexicon, stems
from streams.process.gazetteer import places

_AMOUNTS: Final = frozenset({"number", "quantity"})
_FEWEST_ELSE: Final = 2
"""Words that the headlines must share beside what tells the toll: where it was, or what happened."""
_FAR: Final = 3
"""How many words from its number a word of dead or injured can stand: "8 people were killed"."""
_WORDS: Final = frozenset({"same", "numeral", "variant", "affix", "inflection", "counted", "plural"})
"""How two words may match to be one."""
_LONGEST_PLACE: Final = 3
"""Words of the longest place that may stand elsewhere."""
_ONE: Final = frozenset({"un", "une", "a"})
_AND: Final = "و"
"""The Arabic conjunction, which is written with the word after it."""
_DEAD: Final = 0
"""The group of victims that a toll counts where it says nothing: those who died."""


class _Told(Struct, frozen=True):
    """A headline taken apart: a toll for each group of victims, whom each counts, and what else is said."""

    tolls: dict[int, Token]
    counted: dict[int, Token]
    others: tuple[Token, ...]
    placed: frozenset[str]
    """Of `others`, those that say where: they may stand elsewhere in the other headline."""


def retold(alignment: Alignment) -> tuple[Change, ...]:
    """How the toll changed, for each group of victims; nothing where more than the toll and its telling differs."""
    lexicon = alignment.lexicon
    if not all(_tells(reading, lexicon) for reading in (alignment.one, alignment.other)):
        return ()
    one, other = _told(alignment.one, lexicon), _told(alignment.other, lexicon)
    shared = one.tolls.keys() & other.tolls.keys()
    changed = any(one.tolls[group].value != other.tolls[group].value for group in shared)
    if not (changed or (shared and one.tolls.keys() != other.tolls.keys())):
        return ()
    whom = ((one.counted[group], other.counted[group]) for group in one.counted.keys() & other.counted.keys())
    if not all(_are_one(*both, lexicon) for both in whom) or not _say_one(one, other, lexicon):
        return ()
    if alignment.swapped:
        one, other = other, one
    groups = sorted(one.tolls.keys() | other.tolls.keys())
    tolls = ((one.tolls.get(group), other.tolls.get(group)) for group in groups)
    return tuple(
        Change(kind="toll", before=before.written if before else "", after=after.written if after else "")
        for before, after in tolls
        if before is None or after is None or before.value != after.value
    )


def _tells(reading: Reading, lexicon: Lexicon) -> bool:
    """Whether there is a word of a toll at all, as in few headlines."""
    return any(
        _victims(token, lexicon) is not None or _is(token, lexicon.telling) for token in reading.tokens
    )


def _told(reading: Reading, lexicon: Lexicon) -> _Told:
    tokens = reading.tokens
    amounts = dict(_amounts(tokens, lexicon))
    tolls: dict[int, Token] = {}
    counted: dict[int, Token] = {}
    used: set[int] = set()
    for at, amount in amounts.items():
        group = _group(tokens, at, amounts, lexicon)
        if group is None or group in tolls:
            continue
        tolls[group] = amount
        used.add(at)
        after = at + 1 if tokens[at].kind or tokens[at].written in _ONE else at
        if after < len(tokens) and _is_noun(tokens[after], lexicon):
            counted[group] = tokens[after]
            used.add(after)
        if at and tokens[at - 1].kind == "quantity":
            used.add(at - 1)
    others = [
        (at, token) for at, token in enumerate(tokens) if at not in used and not _is_telling(token, lexicon)
    ]
    placed = {
        token.value
        for at, token in others
        if token.value in places().known or (at and tokens[at - 1].written in lexicon.locative)
    }
    return _Told(tolls, counted, tuple(token for _, token in others), frozenset(placed))


def _amounts(tokens: Sequence[Token], lexicon: Lexicon) -> Iterator[tuple[int, Token]]:
    """Numbers without a unit, words such as "dozens", and one or two that a noun says: "un mort", "قتيلان"."""
    for at, token in enumerate(tokens):
        following = tokens[at + 1] if at + 1 < len(tokens) else None
        if token.kind == "number":
            if token.value.isdecimal():
                yield at, token
        elif token.kind == "quantity":
            if following is None or not (following.kind in _AMOUNTS or following.written in _ONE):
                yield at, token
        elif token.written in _ONE:
            if following is not None and _victims(following, lexicon) is not None:
                yield at, Token(token.written, "number", "1")
        elif not token.kind and (said := _implied(token, lexicon)):
            before = tokens[at - 1] if at else None
            if _is_counted_alone(token, before, following, lexicon):
                yield at, Token(token.written, "number", said)


def _is_counted_alone(token: Token, before: Token | None, following: Token | None, lexicon: Lexicon) -> bool:
    """Whether a noun has no number beside it: "مقتل شخص", "قتيل وجريح", but not "11 قتيلا" nor "وفاة فنان"."""
    if before is not None and before.kind:
        return False
    if _victims(token, lexicon) is None:
        return before is not None and _victims(before, lexicon) is not None
    if following is None or following.written.startswith(_AND):
        return True
    return not (following.kind or _implied(following, lexicon) or _is_noun(following, lexicon))


def _implied(token: Token, lexicon: Lexicon) -> str:
    """How many an Arabic noun says by its form; nothing for plurals."""
    for word in _forms(token):
        if word in lexicon.duals:
            return "2"
        if lexicon.language == "ar" and lexicon.counted.get(word) == word:
            return "1"
    return ""


def _group(tokens: Sequence[Token], at: int, amounts: dict[int, Token], lexicon: Lexicon) -> int | None:
    """The group of victims that an amount counts: told by the next word of one, else by the last, or by its verb."""
    if (own := _victims(tokens[at], lexicon)) is not None:
        return own
    for step in (1, -1):
        for beside in range(at + step, at + step * (_FAR + 1), step):
            if not 0 <= beside < len(tokens) or beside in amounts:
                break
            written = tokens[beside].written
            if step > 0 and written.startswith(_AND) and written not in lexicon.victims:
                # Who comes after "and" is counted by another number: "مقتل 3 وإصابة 11".
                break
            if (group := _victims(tokens[beside], lexicon)) is not None:
                return group
    if not any(_is(token, lexicon.telling) for token in tokens[max(0, at - _FAR) : at]):
        return None
    named = [group for token in tokens if (group := _victims(token, lexicon)) is not None]
    return named[0] if named else _DEAD


def _victims(token: Token, lexicon: Lexicon) -> int | None:
    """The group of victims that a word is about: 0 the dead, 1 the injured, 2 the missing; None for other words."""
    return next((lexicon.victims[form] for form in _forms(token) if form in lexicon.victims), None)


def _is(token: Token, words: frozenset[str]) -> bool:
    return any(form in words for form in _forms(token))


def _forms(token: Token) -> Iterator[str]:
    """The words of a token, with and without Arabic prefixes; a noun that was read out of a dual has its value only."""
    for word in (token.written or token.value).split():
        yield word
        yield from stems(word)


def _is_telling(token: Token, lexicon: Lexicon) -> bool:
    """Whether a word only tells a toll, or says little."""
    if token.kind:
        return False
    little = (lexicon.telling, lexicon.persons, lexicon.droppable, lexicon.minor, lexicon.locative)
    return _victims(token, lexicon) is not None or any(_is(token, words) for words in little)


def _is_noun(token: Token, lexicon: Lexicon) -> bool:
    """Whether the word after a number is what it counts, other than the victims and people themselves."""
    return not token.kind and not _is_telling(token, lexicon) and not _is(token, lexicon.movable)


def _say_one(one: _Told, other: _Told, lexicon: Lexicon) -> bool:
    """Whether two headlines say the same beside their tolls, in the same order; where it was may stand elsewhere.

    Of two places neither moves alone: strikes of one country on another are not those of the other.
    """
    if not _FEWEST_ELSE <= len(one.others) == len(other.others):
        return False
    left = [*range(len(other.others))]
    order: list[int] = []
    for token in one.others:
        match = next((at for at in left if _are_one(token, other.others[at], lexicon)), None)
        if match is None:
            return False
        left.remove(match)
        order.append(match)
    return order == sorted(order) or any(
        _goes_elsewhere(order, begin, end) and not _names_place(one.others[:begin] + one.others[end:])
        for begin, end in _places(one.others, [other.others[at] for at in order], one.placed | other.placed)
    )


def _places(
    one: Sequence[Token], other: Sequence[Token], placed: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Where, among words of which each is the same as its like, a phrase may say where it was."""
    for begin, both in enumerate(zip(one, other, strict=True)):
        if not placed.isdisjoint(token.value for token in both):
            yield from ((begin, end) for end in range(begin + 1, min(begin + _LONGEST_PLACE, len(one)) + 1))


def _goes_elsewhere(order: Sequence[int], begin: int, end: int) -> bool:
    """Whether words keep their order, but for those from `begin` to `end`, which stay together."""
    moved, rest = order[begin:end], [*order[:begin], *order[end:]]
    return rest == sorted(rest) and [*moved] == [*range(moved[0], moved[0] + len(moved))]


def _names_place(tokens: Sequence[Token]) -> bool:
    return any(token.value in places().known for token in tokens)


def _are_one(one: Token, other: Token, lexicon: Lexicon) -> bool:
    like = likeness(one, other, lexicon)
    return like is not None and like.how in _WORDS
