"""Pairs of headlines with a known relation, generated from our own headlines by edits that occur in tickers.

The edits follow what editors and sites do to a headline that they show again (a slip of the keys, another
spelling, a tag, a cut) and what makes it another one (a number, a day, a negation, an opposite, a word).
"""

import argparse
import random
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from streams.evaluate.categorize import own_headlines
from streams.evaluate.near import Kind, Pair, measure, report
from streams.process.categorize.train import read_own
from streams.process.dedup.words import LANGUAGES

_SEED: Final = 20_251_127
_EACH: Final = 100
"""The number of pairs of each kind of edit in each language, if enough headlines allow the edit."""
_LONG: Final = 5
"""The least number of letters of a word that stays readable after a typo."""
_WORDS: Final = 5
"""The least number of words of a headline that stays recognizable after an edit."""

Edit = Callable[[random.Random, str, str], str | None]
"""An edit of a headline in a language; None if it does not apply to this headline."""

_TAGS: Final = {
    "ar": ("عاجل | ", "بالفيديو.. ", "خاص: ", "متابعة: "),
    "fr": ("Exclusif : ", "Vidéo | ", "Direct - ", "Dernière minute : "),
    "en": ("Breaking: ", "Video | ", "Exclusive: ", "LIVE - "),
}
_OUTLETS: Final = {
    "ar": (" - جريدة الميناء", " | أنباء السهل"),
    "fr": (" - La Gazette du Port", " | Le Matin du Sud"),
    "en": (" - The Harbour Gazette", " | Valley News"),
}
_NEGATIONS: Final = {"ar": "لن", "en": "never"}
_OPPOSITES: Final = {
    "ar": (
        ("ارتفاع", "انخفاض"),
        ("ترتفع", "تنخفض"),
        ("يرتفع", "ينخفض"),
        ("فوز", "هزيمة"),
        ("افتتاح", "إغلاق"),
    ),
    "fr": (("hausse", "baisse"), ("gagne", "perd"), ("ouvre", "ferme"), ("augmente", "diminue")),
    "en": (("rise", "fall"), ("rises", "falls"), ("wins", "loses"), ("opens", "closes"), ("up", "down")),
}
_DAYS: Final = {
    "ar": ("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_NUMBER: Final = re.compile(r"(?<![\d.,])\d{1,3}(?![\d.,])")
_HAMZAS: Final = str.maketrans("أإآىة", "اااي" + "ه")
_ARABIC_DIGITS: Final = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def _slip(change: Callable[[random.Random, str], str], only: str | None = None) -> Edit:
    """An edit that changes one long word without digits; in one language only, if one is given."""

    def edit(chance: random.Random, text: str, language: str) -> str | None:
        words = text.split()
        places = [at for at, word in enumerate(words) if len(word) >= _LONG and word.isalpha()]
        if len(words) < _WORDS or not places or language != (only or language):
            return None
        at = chance.choice(places)
        words[at] = change(chance, words[at])
        return " ".join(words)

    return edit


def _lost_letter(chance: random.Random, word: str) -> str:
    at = chance.randrange(2, len(word) - 1)
    return word[:at] + word[at + 1 :]


def _doubled_letter(chance: random.Random, word: str) -> str:
    at = chance.randrange(1, len(word))
    return word[:at] + word[at] + word[at:]


def _quoted(_chance: random.Random, word: str) -> str:
    return f"«{word}»"


def _stretched(chance: random.Random, word: str) -> str:
    at = chance.randrange(1, len(word))
    return word[:at] + "ـ" * chance.randrange(1, 4) + word[at:]


def _tagged(chance: random.Random, text: str, language: str) -> str:
    return chance.choice(_TAGS[language]) + text


def _signed(chance: random.Random, text: str, language: str) -> str:
    return text + chance.choice(_OUTLETS[language])


def _cut(chance: random.Random, text: str, _language: str) -> str | None:
    words = text.split()
    if len(words) < _WORDS + 2:
        return None
    return " ".join(words[: chance.randrange(_WORDS, len(words))]) + chance.choice(("…", "..."))


def _dotted(chance: random.Random, text: str, _language: str) -> str:
    return text + chance.choice((".", " ..", "!"))


def _joined(chance: random.Random, text: str, _language: str) -> str | None:
    words = text.split()
    places = [at for at in range(1, len(words)) if words[at - 1].isalpha() and words[at].isalpha()]
    if len(words) < _WORDS or not places:
        return None
    at = chance.choice(places)
    return " ".join([*words[: at - 1], words[at - 1] + words[at], *words[at + 1 :]])


def _respelled(_chance: random.Random, text: str, language: str) -> str | None:
    """Without hamzas in Arabic, without accents in French, in capitals in English."""
    if language == "ar":
        changed = text.translate(_HAMZAS)
    elif language == "fr":
        letters = unicodedata.normalize("NFD", text)
        changed = "".join(letter for letter in letters if not unicodedata.combining(letter))
    else:
        changed = text.upper()
    return changed if changed != text else None


def _eastern(_chance: random.Random, text: str, language: str) -> str | None:
    changed = text.translate(_ARABIC_DIGITS)
    return changed if language == "ar" and changed != text else None


def _renumbered(chance: random.Random, text: str, _language: str) -> str | None:
    found = list(_NUMBER.finditer(text))
    if not found:
        return None
    match = chance.choice(found)
    other = chance.choice([number for number in range(2, 100) if number != int(match[0])])
    return f"{text[: match.start()]}{other}{text[match.end() :]}"


def _another_day(chance: random.Random, text: str, language: str) -> str | None:
    return _replaced(
        text, [(day, chance.choice([d for d in _DAYS[language] if d != day])) for day in _DAYS[language]]
    )


def _opposed(_chance: random.Random, text: str, language: str) -> str | None:
    pairs = _OPPOSITES[language]
    return _replaced(text, [*pairs, *((other, one) for one, other in pairs)])


def _replaced(text: str, pairs: Sequence[tuple[str, str]]) -> str | None:
    words = text.split()
    for one, other in pairs:
        if one in words:
            return " ".join(other if word == one else word for word in words)
    return None


def _negated(chance: random.Random, text: str, language: str) -> str | None:
    words = text.split()
    if language not in _NEGATIONS or len(words) < _WORDS:
        return None
    at = chance.randrange(1, 3)
    return " ".join([*words[:at], _NEGATIONS[language], *words[at:]])


EDITS: Final[dict[str, tuple[Kind, Edit]]] = {
    "lost letter": ("duplicate", _slip(_lost_letter)),
    "doubled letter": ("duplicate", _slip(_doubled_letter)),
    "quotes": ("duplicate", _slip(_quoted)),
    "stretched": ("duplicate", _slip(_stretched, only="ar")),
    "tag": ("duplicate", _tagged),
    "outlet": ("duplicate", _signed),
    "cut": ("duplicate", _cut),
    "dots": ("duplicate", _dotted),
    "joined": ("duplicate", _joined),
    "spelling": ("duplicate", _respelled),
    "digits": ("duplicate", _eastern),
    "number": ("update", _renumbered),
    "day": ("update", _another_day),
    "opposite": ("distinct", _opposed),
    "negation": ("distinct", _negated),
}
"""The kinds of edits, each with the relation between a headline and its edited form."""


def edited_pairs(language: str, seed: int = _SEED) -> Iterator[Pair]:
    """Pairs of our own headlines of a language and their edits, the same in every run."""
    chance = random.Random(seed)  # noqa: S311 (no secret)
    own = [row.text for row in own_headlines() if row.language == language]
    further = [row.text for row in read_own("examples") if row.language == language]
    texts = list(dict.fromkeys([*own, *further]))
    for name, (relation, edit) in EDITS.items():
        chance.shuffle(texts)
        edited = ((text, edit(chance, text, language)) for text in texts)
        pairs = [Pair(text, other, relation, name) for text, other in edited if other is not None]
        yield from pairs[:_EACH]
    yield from _other_words(chance, texts)


def _other_words(chance: random.Random, texts: Sequence[str]) -> Iterator[Pair]:
    """Pairs of a headline and the same headline with one word replaced by a word of another headline."""
    words = [word for text in texts for word in text.split() if len(word) >= _LONG]
    for text in texts[:_EACH]:
        own = text.split()
        at = chance.choice([at for at, word in enumerate(own) if len(word) >= _LONG] or [0])
        other = chance.choice([word for word in words if word not in own])
        yield Pair(text, " ".join([*own[:at], other, *own[at + 1 :]]), "distinct", "word")


def main(arguments: Sequence[str]) -> None:
    """Run the evaluation from the command line."""
    parser = argparse.ArgumentParser("python -m streams.evaluate edits", description=__doc__)
    parser.parse_args(arguments)
    for language in LANGUAGES:
        report(f"edits of our own headlines, {language}", measure(edited_pairs(language)))
