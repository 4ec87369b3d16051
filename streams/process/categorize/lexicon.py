"""The lexicons, `lexicon/LANGUAGE.toml`: words that speak for a topic, compiled to weights of features.

    [sport]
    sure = ["botola", "coupe du monde"]
    likely = ["championn*"]
    hint = ["victoire"]

A word is compared by its stem; `championn*` takes every word that begins so. Words next to each other
(up to three, stop words not counted) are one entry. Training starts from these weights and the data move
them; at run time only the model is read.
"""

import tomllib
from collections import defaultdict
from importlib.resources import files
from typing import Final

from schemas.mediatopics import TOPIC_BY_SLUG
from streams.errors import SettingsError
from streams.process.categorize.features import (
    LONGEST_BEGINNING,
    SHORTEST_BEGINNING,
    content_words,
    word_stems,
)
from streams.process.fold import fold

LANGUAGES: Final = ("ar", "fr", "en")
GRADES: Final = {"sure": 3.0, "likely": 1.8, "hint": 0.8}
"""The weight of an entry of each grade, in nats: `sure` multiplies the odds of a topic by twenty."""

_LONGEST_PHRASE: Final = 3

Prior = dict[str, dict[str, float]]
"""Feature to topic to weight, in nats."""


def packaged_lexicon(language: str) -> Prior:
    """The packaged lexicon of a language, compiled."""
    place = f"lexicon/{language}.toml"
    return compile_lexicon(files(__package__).joinpath(place).read_text("utf-8"), language, place)


def compile_lexicon(toml: str, language: str, place: str) -> Prior:
    """Weights of features from a lexicon; a SettingsError names the place and the entry that is wrong."""
    prior: Prior = defaultdict(dict)
    for slug, grades in tomllib.loads(toml).items():
        if slug not in TOPIC_BY_SLUG:
            raise SettingsError(f"{place}: [{slug}] is no slug of a media topic")
        for grade, entries in grades.items():
            if grade not in GRADES:
                raise SettingsError(f"{place}: [{slug}] {grade}: known grades are {', '.join(GRADES)}")
            for entry in entries:
                row = prior[_feature(entry, language, f"{place}: [{slug}] {grade}")]
                topic = TOPIC_BY_SLUG[slug]
                row[topic] = max(row.get(topic, 0), GRADES[grade])
    return _counted_once(prior)


def _feature(entry: str, language: str, place: str) -> str:
    begins = entry.endswith("*")
    words = content_words(fold(entry.removesuffix("*")), language)
    if not words or len(words) > _LONGEST_PHRASE or (begins and len(words) > 1):
        raise SettingsError(f"{place}: {entry!r}: give one to {_LONGEST_PHRASE} content words, or one word*")
    if not begins:
        return " ".join(word_stems(word, language)[0] for word in words)
    if not SHORTEST_BEGINNING <= len(words[0]) <= LONGEST_BEGINNING:
        raise SettingsError(
            f"{place}: {entry!r}: a beginning has {SHORTEST_BEGINNING} to {LONGEST_BEGINNING} letters"
        )
    return f"{words[0]}*"


def _counted_once(prior: Prior) -> Prior:
    """Subtract from each entry the weight of its shorter prefixes, so that a word counts as its strongest entry."""
    counted: Prior = {}
    for feature, row in prior.items():
        stem = feature.removesuffix("*")
        shorter = [
            prior[f"{stem[:length]}*"]
            for length in range(SHORTEST_BEGINNING, len(stem) + (0 if feature.endswith("*") else 1))
            if " " not in stem and f"{stem[:length]}*" in prior
        ]
        left = {
            topic: weight - max((other.get(topic, 0) for other in shorter), default=0)
            for topic, weight in row.items()
        }
        counted[feature] = {topic: weight for topic, weight in left.items() if weight > 0}
    return counted
