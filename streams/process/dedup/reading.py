"""Read a headline for comparison: its words with what they mean, and where its writer set a break."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from msgspec import Struct

from streams.process.dedup.games import has_score, read_score
from streams.process.dedup.numerals import read_numeral
from streams.process.dedup.words import Lexicon
from streams.process.dedup.words import lexicon as lexicon_of
from streams.process.fold import QUESTION, fold, fold_words, headline_of

_BREAK: Final = re.compile(
    r"…|\.{2,}|[|:!؟?،»«\"()\[\]]|(?<=\s)[-–—/+](?=\s)|[–—]|(?<=[a-zß-ÿ]{3})\.(?=\s+[A-ZÀ-Þ«\"])"
)
_CUTS: Final = frozenset({"…", "..."})
"""Marks of a headline that the site cut short, where they are its last."""
_ASKS: Final = frozenset({"?", "؟"})
"""Marks that are words of the fold as well."""
_WRITTEN: Final = re.compile(r"\w+")
_DEGREE: Final = "°"
_CELSIUS: Final = frozenset({"c", "م"})
_FEWEST_SPELT: Final = 3
"""Letters with points between that make a word of their own; two are joined as any two words are."""
_CODES: Final = frozenset({"eur", "usd", "gbp"})
"""Currencies that stand before their number: "EUR 40 million"."""
_CANNOT: Final = "cannot"
_CONTRACTED: Final = "t"
"""What the fold leaves of "n't" after its apostrophe: "can't" is "can t"."""
_TEN: Final = 10
_MAY: Final = "قد"
_IMPERFECT: Final = ("ي", "ت", "ن", "لا")
"""قد says "may" before an imperfect verb and next to nothing elsewhere."""
_DUALS: Final = ("ين", "ان")
"""The endings of an Arabic dual."""
_TAG_MARKS: Final = frozenset({"|", ":", ".", "…", "...", "-", "–", "—", "/", "!", "[", "]", "(", ")", "،"})


class Token(Struct, frozen=True, gc=False):
    """A word, or a few that say one thing ("3 آلاف"): as written, its kind, and the value compared.

    The kind is empty for plain words.
    """

    written: str
    kind: str
    value: str


class Break(Struct, frozen=True, gc=False, order=True):
    """A separator that stands before word `at`."""

    at: int
    mark: str


class Words(Struct, frozen=True, gc=False):
    """The folded words of a headline and its breaks; `shown` is the headline that they were read from."""

    words: tuple[str, ...]
    breaks: tuple[Break, ...]
    shown: str


class Reading(Struct, frozen=True, gc=False):
    """A headline ready to be aligned.

    `breaks` are the places of its separators: 2 in "Agadir, Maroc : le port rouvre", where the colon stands before
    the third word. `speaker` says that the first of them is a colon, `cut` that the headline was cut short, `shown` is
    the headline as it was written.
    """

    tokens: tuple[Token, ...]
    breaks: frozenset[int]
    speaker: bool
    cut: bool
    shown: str


def split_words(text: str, folded: str | None = None) -> Words:
    """Fold a headline, keeping where its separators stood. What `fold` strips is gone."""
    words = tuple((fold(text) if folded is None else folded).split())
    shown = headline_of(text)
    found = Words(words, tuple(_breaks(shown, words)), shown)
    return _without_scale(found) if _DEGREE in shown else found


def _without_scale(headline: Words) -> Words:
    """A headline without the letter behind a sign of degrees: "49 °C" is "49 degrees", and so is "49 °م"."""
    for at in range(len(headline.words) - 1, 0, -1):
        if headline.words[at] in _CELSIUS and headline.words[at - 1][-1].isdigit():
            words = (*headline.words[:at], *headline.words[at + 1 :])
            breaks = tuple(Break(b.at - (b.at > at), b.mark) for b in headline.breaks)
            headline = Words(words, breaks, headline.shown)
    return headline


def _breaks(headline: str, words: Sequence[str]) -> Iterator[Break]:
    at = begin = 0
    for match in _BREAK.finditer(headline):
        length = _matching(headline[begin : match.start()], words, at)
        begin = match.end()
        if length is None:
            continue
        at += length
        if match[0] in _ASKS and words[at : at + 1] == (QUESTION,):
            at += 1
        mark = "..." if ".." in match[0] else match[0]
        yield Break(at, mark if mark in _TAG_MARKS else "")


def _matching(segment: str, words: Sequence[str], at: int) -> int | None:
    """How many words a segment of the text has, or None if they are not those that follow."""
    if not segment.strip():
        return 0
    found = tuple(fold_words(segment).split())
    if tuple(words[at : at + len(found)]) == found:
        return len(found)
    return None if any(map(str.isalnum, "".join(found))) else 0


def respace(one: Words, other: Words, lexicon: Lexicon) -> tuple[Words, Words]:
    """Join words that the other headline writes as one: "كأس العالم" where the other has "كأسالعالم".

    So is a long name whose known short one the other has: "World Health Organization" where it has "WHO". In Latin
    letters not all are one: "not able" is not "notable".
    """
    return _joined(one, other, lexicon), _joined(other, one, lexicon)


def _joined(mine: Words, beside: Words, lexicon: Lexicon) -> Words:
    theirs = frozenset(beside.words)
    if not lexicon.shortened.keys().isdisjoint(theirs):
        for begin, end, short in reversed([*_in_full(mine.words, beside, theirs, lexicon)]):
            mine = with_joint(mine, begin, end, short)
    for begin, end in reversed([*_spelt_out(mine.words, theirs)]):
        mine = with_joint(mine, begin, end)
    if not lexicon.lettered.keys().isdisjoint(theirs):
        mine = _with_units(mine, beside, lexicon)
    joints = [
        i
        for i, (left, right) in enumerate(zip(mine.words, mine.words[1:], strict=False))
        if left + right in theirs
        and not (left in theirs and right in theirs)
        and not (left[-1].isdigit() and right[0].isdigit())
        and (lexicon.language == "ar" or not lexicon.meaning(left))
        and make_one((left, right), lexicon)
    ]
    for joint in reversed(joints):
        mine = with_joint(mine, joint, joint + 2)
    return mine


def make_one(parts: Sequence[str], lexicon: Lexicon) -> bool:
    """Whether words that are written apart are the word that they make together.

    "re-sign" is not "resign", and a little word in front makes another word: "a live", "alive"; "à près", "après".
    """
    joint = "".join(parts)
    return joint not in lexicon.apart and not (parts[0] in lexicon.leading and joint in lexicon.known)


def with_joint(mine: Words, begin: int, end: int, joint: str = "") -> Words:
    """Words of which those from `begin` to `end` are one, which is `joint` or all of them together."""
    words = (*mine.words[:begin], joint or "".join(mine.words[begin:end]), *mine.words[end:])
    breaks = tuple(
        Break(b.at - (end - begin - 1 if b.at >= end else 0), b.mark)
        for b in mine.breaks
        if not begin < b.at < end
    )
    return Words(words, breaks, mine.shown)


def _with_units(mine: Words, beside: Words, lexicon: Lexicon) -> Words:
    """Words with a unit in full where it stands as a letter that means others too: "3 m" and "3m" beside "3 metres"."""
    for number, full in pairwise(beside.words):
        letter = lexicon.lettered.get(full)
        if letter is None or not number[-1].isdecimal():
            continue
        for at, word in enumerate(mine.words):
            if word == number and mine.words[at + 1 : at + 2] == (letter,):
                mine = with_joint(mine, at + 1, at + 2, full)
            elif word == number + letter:
                words = (*mine.words[:at], number, full, *mine.words[at + 1 :])
                mine = Words(words, tuple(Break(b.at + (b.at > at), b.mark) for b in mine.breaks), mine.shown)
    return mine


def _in_full(
    words: Sequence[str], beside: Words, theirs: frozenset[str], lexicon: Lexicon
) -> Iterator[tuple[int, int, str]]:
    """Where a name stands in full of which the other headline has the short form alone, and that form.

    A short form that the lexicon writes in capitals is one only where the headline does: "WHO", but not "who".
    """
    for short in lexicon.shortened.keys() & theirs:
        written, names = lexicon.shortened[short]
        if short in words or (written.isupper() and written not in _WRITTEN.findall(beside.shown)):
            continue
        for name in names:
            first = name[0]
            begins = (i for i, word in enumerate(words) if word == first)
            found = next((i for i in begins if tuple(words[i : i + len(name)]) == name), None)
            if found is not None:
                yield found, found + len(name), short
                break


def _spelt_out(words: Sequence[str], theirs: frozenset[str]) -> Iterator[tuple[int, int]]:
    """Where three letters or more stand apart that the other headline writes as a word: "O.N.U.", "ONU"."""
    begin = 0
    while begin < len(words):
        end = begin
        while end < len(words) and len(words[end]) == 1 and words[end].isalpha():
            end += 1
        fitting = (
            (first, last)
            for last in range(end, begin + _FEWEST_SPELT - 1, -1)
            for first in range(begin, last - _FEWEST_SPELT + 1)
            if "".join(words[first:last]) in theirs
        )
        if found := next(fitting, None):
            yield found
        begin = end + 1


def read(headline: Words, lexicon: Lexicon, beside: frozenset[str] = frozenset()) -> Reading:
    """Give words their meaning, and find the separators and the cut.

    `beside` are the words of the headline compared with: a dual ("قتيلان") is read as two of something
    where they count the same thing ("3 قتلى").
    """
    tokens: list[Token] = []
    scored = has_score(beside, lexicon)
    place = [0] * (len(headline.words) + 1)
    i = 0
    while i < len(headline.words):
        found, used = (
            (_score(headline.words, i, lexicon) if scored else None)
            or _repeated(headline.words, i, lexicon)
            or _tokens(headline.words, i, lexicon, beside)
        )
        place[i : i + used] = [len(tokens)] * used
        tokens.extend(found)
        i += used
    place[-1] = len(tokens)
    marks = [Break(place[b.at], b.mark) for b in headline.breaks if b.mark]
    first = min((b.at for b in marks if b.at), default=0)
    cut = next((b.at for b in reversed(marks) if b.mark in _CUTS), 0)
    return Reading(
        tokens=tuple(tokens),
        breaks=frozenset(b.at for b in marks),
        speaker=any(b.at == first and b.mark == ":" for b in marks),
        cut=bool(tokens) and cut == len(tokens),
        shown=headline.shown,
    )


def _tokens(
    words: Sequence[str], i: int, lexicon: Lexicon, beside: frozenset[str]
) -> tuple[tuple[Token, ...], int]:
    """The tokens that start at a word, and how many words they take."""
    if (plain := _plain(words[i], lexicon.language)) and words[i + 1 : i + 2] != (_CONTRACTED,):
        return (plain,), 1
    found = (
        _contracted(words, i, lexicon)
        or _phrase(words, i, lexicon)
        or _bound(words, i, lexicon)
        or _hour(words, i, lexicon)
        or _rank(words, i, lexicon)
        or _meant(words, i, lexicon)
        or _dual(words[i], lexicon, beside)
    )
    word = words[i]
    return found or ((Token(word, "", lexicon.same(word)),), 1)


@lru_cache(maxsize=1 << 16)
def _plain(word: str, language: str) -> Token | None:
    """The token of a word that says nothing but itself, whatever stands beside it; None for others."""
    words = lexicon_of(language)
    if word in {_MAY, _CANNOT, QUESTION, *_CODES} or word in words.duals or word in words.opening:
        return None
    if words.meaning(word) or read_numeral((word,), 0, words):
        return None
    return Token(word, "", words.same(word))


_Found = tuple[tuple[Token, ...], int] | None


def _score(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """A score in words: "two goals to one"."""
    score = read_score(words, i, lexicon)
    return (
        ((Token(" ".join(words[i : i + score.used]), score.kind, score.value),), score.used)
        if score
        else None
    )


def _repeated(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """No token for an Arabic number that says what the form of its noun does: "شخصين اثنين", "شخص واحد"."""
    if not i or words[i] not in lexicon.repeating:
        return None
    noun = words[i - 1]
    said = lexicon.repeating[words[i]]
    two = noun.endswith(_DUALS) and lexicon.number(noun) is None
    return ((), 1) if (two if said > 1 else lexicon.counted.get(noun) == noun) else None


def _hour(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """An Arabic hour, which is a rank: "الساعة الثامنة", "الساعة الحادية عشرة"."""
    if not i or words[i - 1] not in lexicon.clock:
        return None
    rank = lexicon.meaning(words[i])
    if rank is None or rank.kind != "ordinal":
        return None
    teens = i + 1 < len(words) and lexicon.numbers.get(words[i + 1]) == _TEN
    hour = int(rank.value) + (_TEN if teens else 0)
    return (Token(" ".join(words[i : i + 1 + teens]), "number", str(hour)),), 1 + teens


def _rank(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """An Arabic rank of two words: "الخامسة عشرة", "الحادية والعشرين"."""
    following = words[i + 1] if i + 1 < len(words) else ""
    more = lexicon.numbers.get(following) or lexicon.numbers.get(following.removeprefix("وال"), 0)
    teens = more == _TEN and following in lexicon.numbers
    tens = more > _TEN and more % _TEN == 0 and following not in lexicon.numbers
    if lexicon.language != "ar" or not (teens or tens):
        return None
    rank = lexicon.meaning(words[i])
    if rank is None or rank.kind != "ordinal":
        return None
    return (Token(f"{words[i]} {following}", "ordinal", str(int(rank.value) + more)),), 2


def _phrase(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """Words that say one thing together, the most that do: "last week", "at least", "كانون الثاني"."""
    if words[i] == QUESTION:
        return (Token(QUESTION, "question", QUESTION),), 1
    for length in range(min(lexicon.longest, len(words) - i), 1, -1):
        phrase = " ".join(words[i : i + length])
        if meaning := lexicon.meanings.get(phrase):
            return (Token(phrase, meaning.kind, meaning.value),), length
        if phrase in lexicon.variants:
            return (Token(phrase, "", lexicon.variants[phrase]),), length
    return None


def _bound(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """A word that bounds the number after it: "over 20", "près de 20"; elsewhere it is a word like others."""
    for length in range(min(lexicon.longest, len(words) - i - 1), 0, -1):
        phrase = " ".join(words[i : i + length])
        if (value := lexicon.bounds.get(phrase)) and _is_amount(words, i + length, lexicon):
            return (Token(phrase, "quantity", value),), length
    return None


def _is_amount(words: Sequence[str], i: int, lexicon: Lexicon) -> bool:
    """Whether a number stands at a place, or a word such as "dozens", with or without an article."""
    return any(
        read_numeral(words, at, lexicon) is not None
        or ((meaning := lexicon.meaning(words[at])) is not None and meaning.kind == "quantity")
        for at in range(i, min(len(words), i + 1 + (words[i] in lexicon.droppable)))
    )


def _meant(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """A number, or a word with a critical meaning. A number in words comes before a rank."""
    word = words[i]
    if word == _MAY and words[i + 1 : i + 2] and words[i + 1].startswith(_IMPERFECT):
        return (Token(word, "doubt", word),), 1
    if word in _CODES and (numeral := read_numeral(words, i + 1, lexicon) if i + 1 < len(words) else None):
        return (
            Token(f"{word} {numeral.value}", numeral.kind, f"{numeral.value}{lexicon.units.get(word, word)}"),
        ), numeral.used + 1
    meaning = lexicon.meaning(word)
    if (not meaning or meaning.kind == "ordinal") and (numeral := read_numeral(words, i, lexicon)):
        written = " ".join(words[i : i + numeral.used])
        return (Token(written, numeral.kind, numeral.value),), numeral.used
    return ((Token(word, meaning.kind, meaning.value),), 1) if meaning else None


def _dual(word: str, lexicon: Lexicon, beside: frozenset[str]) -> _Found:
    """An Arabic dual, as two of something, where the headline beside it counts the same thing."""
    noun = lexicon.duals.get(word)
    if not noun or word in beside or all(lexicon.counted.get(w) != noun for w in beside):
        return None
    if unit := lexicon.units.get(noun):
        return (Token(word, "number", f"2{unit}"),), 1
    return (Token(word, "number", "2"), Token("", "", noun)), 1


def _contracted(words: Sequence[str], i: int, lexicon: Lexicon) -> _Found:
    """An English negation: "can't", "cannot" and "can not" are the same two words."""
    if lexicon.language != "en":
        return None
    word = words[i]
    if word == _CANNOT:
        return (Token("can", "", "can"), Token("not", "negation", "not")), 1
    if i + 1 < len(words) and words[i + 1] == _CONTRACTED and word.endswith("n"):
        verb = {"won": "will", "can": "can", "shan": "shall"}.get(word, word[:-1])
        return (Token(word, "", verb), Token("t", "negation", "not")), 2
    return None
