"""What words mean when two headlines are compared, as data per language: `ar.toml`, `fr.toml`, `en.toml`.

`lexicon` also knows which words are words at all (`known/*.txt`, made by
`streams.process.dedup.words.train`): two known words are two words, however alike they are written,
while an unknown one close to another is a typing error.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

from msgspec import Struct

from streams.process.dedup.words.spelling import american
from streams.process.fold import fold_words as fold
from streams.process.gazetteer import given_names, places

LANGUAGES: Final = ("ar", "en", "fr")

FACTS: Final = frozenset({"number", "score", "ordinal", "quantity", "weekday", "month", "day"})
"""Kinds of words that change when a story moves on: a difference in them alone is an update."""

_CRITICAL: Final = ("weekdays", "months", "days", "quantities")
_KIND_OF: Final = {"weekdays": "weekday", "months": "month", "days": "day", "quantities": "quantity"}
_MARKS: Final = ("negation", "denial", "doubt", "question")
"""Kinds of words that turn a headline into another one."""

_CONJUNCTIONS: Final = ("و", "ف")
_PREPOSITIONS: Final = ("ب", "ل", "ك")
_SHORTEST_STEM: Final = 2
_SERVANT: Final = "عبد"
"""The first word of Arabic names, whose second tells them: "عبد الكريم", "عبد الحكيم"."""


class Prefixed(Struct, frozen=True, gc=False):
    """An Arabic word taken apart: conjunction, preposition, article, and the rest."""

    conjunction: str
    preposition: str
    article: str
    stem: str


class Meaning(Struct, frozen=True, gc=False):
    """What a critical word says: its kind and a value that its other spellings share."""

    kind: str
    value: str


class Games(Struct, frozen=True):
    """The words of a score: goals in one word and how many they are, and the nouns after a number.

    `said` are the goals in one word and the nouns, with what may be written before them, as in "بهدفين".
    `numbers` are numbers in a score that are no numbers elsewhere, as the French "un" is an article.
    `by` stands before the winner's goals, `against` before the loser's, `nil` are phrases that give it none, and `even`
    words that give it as many.
    """

    goals: Mapping[str, int]
    said: frozenset[str]
    numbers: Mapping[str, int]
    nouns: frozenset[str]
    by: frozenset[str]
    against: frozenset[str]
    nil: tuple[tuple[str, ...], ...]
    even: frozenset[str]


class States(Struct, frozen=True):
    """The states that one thing goes through: the number of each, by its words.

    `of` are the words of such things, of which both headlines need one; where it is empty, the states are nothing else.
    """

    of: frozenset[str]
    are: Mapping[str, int]


class Lexicon(Struct, frozen=True):
    """The words of one language, as its TOML file explains them. All are folded; a phrase has single spaces.

    `lettered` has for a unit ("metres") the letter that says it only where the other headline has the unit in full.
    `shortened` has for a short name ("who") how it is written ("WHO") and the words of its long ones. `opening` are
    the first words of phrases, `longest` is how many words a phrase has at most. `ends_of_states` are the last words of
    states. `ranges` has what opens a range and what joins its numbers, `under` the words before an age; `ranging` and
    `aging` are words that tell of one, `twofold` those and `former`: what can be said in two forms.
    """

    language: str
    meanings: Mapping[str, Meaning]
    numbers: Mapping[str, int]
    scales: Mapping[str, int]
    units: Mapping[str, str]
    lettered: Mapping[str, str]
    games: Games
    clock: frozenset[str]
    variants: Mapping[str, str]
    shortened: Mapping[str, tuple[str, tuple[tuple[str, ...], ...]]]
    opposites: frozenset[tuple[str, str]]
    contrary: frozenset[str]
    prefixes: frozenset[str]
    endings: frozenset[str]
    alternating: frozenset[tuple[str, str]]
    parts: frozenset[str]
    counted: Mapping[str, str]
    duals: Mapping[str, str]
    droppable: frozenset[str]
    minor: frozenset[str]
    measuring: frozenset[str]
    dating: Mapping[str, str]
    interchangeable: Mapping[str, str]
    movable: frozenset[str]
    rubrics: frozenset[str]
    flags: frozenset[str]
    tolls: frozenset[str]
    victims: Mapping[str, int]
    telling: frozenset[str]
    persons: frozenset[str]
    bounds: Mapping[str, str]
    saying: frozenset[str]
    locative: frozenset[str]
    inside: frozenset[str]
    elsewhere: frozenset[str]
    areas: frozenset[str]
    destinations: frozenset[str]
    apart: frozenset[str]
    leading: frozenset[str]
    repeating: Mapping[str, int]
    verbs: frozenset[str]
    deaths: tuple[frozenset[str], ...]
    accidents: frozenset[str]
    states: tuple[States, ...]
    ends_of_states: frozenset[str]
    advances: frozenset[str]
    confirming: frozenset[str]
    spans: Mapping[str, str]
    recurring: frozenset[str]
    renewed: frozenset[str]
    tenses: Mapping[str, str]
    ranges: tuple[tuple[tuple[str, ...], str], ...]
    ranging: frozenset[str]
    lasting: frozenset[str]
    under: tuple[tuple[str, ...], ...]
    aging: frozenset[str]
    former: frozenset[str]
    twofold: frozenset[str]
    opening: frozenset[str]
    longest: int
    known: frozenset[str]
    names: frozenset[str]

    def same(self, word: str) -> str:
        """What a word is compared by: the first of its spellings."""
        found = self.variants.get(word)
        if found is None:
            found = american(word) if self.language == "en" else word
        return found

    def knows(self, word: str) -> bool:
        """Whether this is a word of the language, prefixes aside."""
        if word in self.known:
            return True
        return any(len(stem) > _SHORTEST_STEM + 1 and stem in self.known for stem in stems(word))

    def meaning(self, word: str) -> Meaning | None:
        """The critical meaning of a word, if it has one, prefixes aside."""
        found = self.meanings.get(word)
        if found is None and self.language == "ar":
            for stem in stems(word):
                found = self.meanings.get(stem)
                if found and (found.kind in FACTS or word[0] in _CONJUNCTIONS):
                    return found
            return None
        return found

    def number(self, word: str) -> int | None:
        """The value of a number word, prefixes aside."""
        return self._value(self.numbers, word)

    def scale(self, word: str) -> int | None:
        """The value of a word such as thousand or مليون, prefixes aside."""
        return self._value(self.scales, word)

    def _value(self, values: Mapping[str, int], word: str) -> int | None:
        found = values.get(word)
        if found is None and self.language == "ar":
            return next((values[stem] for stem in stems(word) if stem in values), None)
        return found


def stems(word: str) -> Iterator[str]:
    """What stays of an Arabic word when prefixes are taken away, longest first; nothing for other words."""
    if not "\u0600" <= word[0] <= "\u06ff":
        return
    rest = word
    if rest.startswith(_CONJUNCTIONS) and len(rest) > _SHORTEST_STEM:
        rest = rest[1:]
        yield rest
    if rest.startswith("لل") and len(rest) > _SHORTEST_STEM + 1:
        yield "ا" + rest[1:]
        yield rest[2:]
    if rest.startswith(_PREPOSITIONS) and len(rest) > _SHORTEST_STEM:
        rest = rest[1:]
        yield rest
    if rest.startswith("ال") and len(rest) > _SHORTEST_STEM + 1:
        yield rest[2:]


def take_apart(word: str) -> Prefixed:
    """The prefixes of an Arabic word, as far as at least two letters stay."""
    conjunction = preposition = article = ""
    rest = word
    if rest.startswith(_CONJUNCTIONS) and len(rest) > _SHORTEST_STEM:
        conjunction, rest = rest[0], rest[1:]
    if rest.startswith("لل") and len(rest) > _SHORTEST_STEM + 1:
        return Prefixed(conjunction, "ل", "ال", rest[2:])
    if rest.startswith(("بال", "كال")) and len(rest) > _SHORTEST_STEM + 2:
        return Prefixed(conjunction, rest[0], "ال", rest[3:])
    if rest.startswith("ال") and len(rest) > _SHORTEST_STEM + 1:
        article, rest = "ال", rest[2:]
    elif rest.startswith(_PREPOSITIONS) and len(rest) > _SHORTEST_STEM + 1:
        preposition, rest = rest[0], rest[1:]
    return Prefixed(conjunction, preposition, article, rest)


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language, read once; an empty one for languages without data."""
    if language not in LANGUAGES:
        return _lexicon(language, {}, frozenset())
    package = files(__package__)
    data = tomllib.loads(package.joinpath(f"{language}.toml").read_text("utf-8"))
    known = package.joinpath("known", f"{language}.txt").read_text("utf-8").split("\n")
    return _lexicon(language, data, frozenset(known))


def _lexicon(language: str, data: Mapping[str, Any], known: frozenset[str]) -> Lexicon:
    meanings = dict(_meanings(data))
    units = {fold(word): unit for word, unit in data.get("units", {}).items()}
    variants = _first_of(data.get("variants", ()))
    if language == "en":
        # "rumours" and "rumors" are one mark of a denial.
        meanings = {word: Meaning(each.kind, american(each.value)) for word, each in meanings.items()}
        variants |= {american(word): first for word, first in variants.items()}
    counted = _first_of(data.get("counted", ()))
    duals = {fold(dual): fold(group[0]) for group in data.get("counted", ()) for dual in group[1:-2]}
    pairs = [(fold(one), fold(other)) for one, other in data.get("opposites", ())]
    bounds = _first_of(data.get("bounds", ()))
    states = tuple(map(_states, data.get("states", ())))
    phrases = [phrase for phrase in (*meanings, *units, *variants, *bounds) if " " in phrase]
    ranges = tuple((tuple(fold(one).split()), fold(other)) for one, other in data.get("ranges", ()))
    under = tuple(tuple(fold(phrase).split()) for phrase in data.get("under", ()))
    ranging = frozenset(opening[0] if opening else joining for opening, joining in ranges)
    aging = frozenset(phrase[0] for phrase in under)
    former = _folded(data.get("former", ()))
    names = given_names() if known else frozenset[str]()
    place_words = places().known if known else frozenset[str]()
    return Lexicon(
        language=language,
        meanings=meanings,
        numbers={fold(word): value for word, value in data.get("numbers", {}).items()},
        scales={fold(word): value for word, value in data.get("scales", {}).items()},
        units=units,
        lettered={fold(word): letter for word, letter in data.get("lettered", {}).items()},
        games=_games(data.get("games", {})),
        clock=_folded(data.get("clock", ())),
        variants=variants,
        shortened=_shortened(data.get("shortened", ())),
        opposites=frozenset(pairs) | {(other, one) for one, other in pairs},
        contrary=_folded(data.get("contrary", ())),
        prefixes=_folded(data.get("prefixes", ())),
        endings=_folded(("", *data.get("endings", ()))),
        alternating=frozenset((one, other) for one, other in data.get("alternating", ())),
        parts=_folded(data.get("parts", ())),
        counted=counted,
        duals=duals,
        droppable=_folded(data.get("droppable", ())),
        minor=_folded(data.get("minor", ())),
        measuring=_folded(data.get("measuring", ())),
        dating=_first_of(data.get("dating", ())),
        interchangeable=_first_of(data.get("interchangeable", ())),
        movable=_folded(data.get("movable", ())),
        rubrics=_folded(data.get("rubrics", ())),
        flags=_folded(data.get("flags", ())),
        tolls=_folded(data.get("tolls", ())),
        victims={fold(word): group for group, words in enumerate(data.get("victims", ())) for word in words},
        telling=_folded(data.get("telling", ())),
        persons=_folded(data.get("persons", ())),
        bounds=bounds,
        saying=_folded(data.get("saying", ())),
        inside=_folded(data.get("inside", ())),
        elsewhere=_folded(data.get("elsewhere", ())),
        locative=_folded(data.get("locative", ())),
        areas=_folded(data.get("areas", ())),
        destinations=_folded(data.get("destinations", ())),
        apart=_folded(data.get("apart", ())),
        leading=_folded(data.get("leading", ())),
        repeating={fold(word): value for word, value in data.get("repeating", {}).items()},
        verbs=_folded(data.get("verbs", ())),
        deaths=tuple(map(_folded, data.get("deaths", ()))),
        accidents=_folded(data.get("accidents", ())),
        states=states,
        ends_of_states=frozenset(words.split()[-1] for each in states for words in each.are),
        advances=_folded(data.get("advances", ())),
        confirming=_folded(data.get("confirming", ())),
        spans={fold(word): unit for unit, words in data.get("spans", {}).items() for word in words},
        recurring=_folded(data.get("recurring", ())),
        renewed=_folded(data.get("renewed", ())),
        tenses=_first_of(data.get("tenses", ())),
        ranges=ranges,
        ranging=ranging,
        lasting=_folded(data.get("lasting", ())),
        under=under,
        aging=aging,
        former=former,
        twofold=ranging | aging | former,
        opening=frozenset(phrase.split()[0] for phrase in phrases) | frozenset(bounds),
        longest=max((phrase.count(" ") + 1 for phrase in phrases), default=1),
        known=known
        | names
        | place_words
        | {name.removeprefix(_SERVANT) for name in names if name.startswith(f"{_SERVANT}ال")}
        | meanings.keys()
        | _folded(
            word for name in ("numbers", "scales", "confusable", "demonyms") for word in data.get(name, ())
        ),
        names=names,
    )


def _states(data: Mapping[str, Any]) -> States:
    groups = enumerate(data["are"])
    return States(_folded(data.get("of", ())), {fold(word): at for at, group in groups for word in group})


def _games(data: Mapping[str, Any]) -> Games:
    return Games(
        goals={fold(word): goals for word, goals in data.get("goals", {}).items()},
        said=_folded(
            prefix + word
            for word in (*data.get("goals", ()), *data.get("nouns", ()))
            for prefix in ("", *_PREPOSITIONS)
        ),
        numbers={fold(word): number for word, number in data.get("numbers", {}).items()},
        nouns=_folded(data.get("nouns", ())),
        by=_folded(data.get("by", ())),
        against=_folded(data.get("against", ())),
        nil=tuple(tuple(fold(phrase).split()) for phrase in data.get("nil", ())),
        even=_folded(data.get("even", ())),
    )


def _first_of(groups: Iterable[Iterable[str]]) -> dict[str, str]:
    """Each word of some groups, and the first of its group."""
    found: dict[str, str] = {}
    for group in groups:
        first, *others = map(fold, group)
        found |= dict.fromkeys((first, *others), first)
    return found


def _shortened(groups: Iterable[Sequence[str]]) -> dict[str, tuple[str, tuple[tuple[str, ...], ...]]]:
    """For each short name, folded, how it is written and the words of its long ones, which can be of two things."""
    found: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {}
    for *names, short in groups:
        _, others = found.get(fold(short), (short, ()))
        found[fold(short)] = short, (*others, *(tuple(fold(name).split()) for name in names))
    return found


def _folded(words: Iterable[str]) -> frozenset[str]:
    return frozenset(map(fold, words))


def _meanings(data: Mapping[str, Any]) -> Iterator[tuple[str, Meaning]]:
    for kind in reversed(_MARKS):
        for word in data.get(kind, ()):
            yield fold(word), Meaning(kind, fold(word))
    for name in reversed(_CRITICAL):
        for group in data.get(name, ()):
            yield from ((fold(word), Meaning(_KIND_OF[name], fold(group[0]))) for word in group)
    for word, value in data.get("hours", {}).items():
        yield fold(word), Meaning("number", value)
    for word, value in data.get("ordinals", {}).items():
        yield fold(word), Meaning("ordinal", str(value))
