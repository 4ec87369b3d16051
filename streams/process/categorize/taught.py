"""Topics taught by examples: the file with all versions of a topic, and the score of a headline.

A version is a linear model over stems and prefixes of words, and over the categorizer's confidence in each media topic.
Words capture what the examples are about; media topics capture what headlines with other words and in other languages
have in common with them. `streams.process.categorize.teach` learns a version.
"""

from collections.abc import Sequence
from hashlib import blake2b
from math import sqrt
from typing import Annotated, Final

import msgspec

from schemas.events import UNREADABLE
from schemas.mediatopics import SLUG_BY_TOPIC, Slug, slug_of
from streams.errors import InputError
from streams.process.categorize.features import content_word, word_forms, word_stems

_LENGTHS: Final = (5, 6)
"""Of the beginnings of words that are features."""
_REMEMBERED_WORDS: Final = 100_000
_MOST_REASONS: Final = 6
_MOST_WEIGHT: Final = 1_000_000

Count = Annotated[int, msgspec.Meta(ge=0)]
Hundredths = Annotated[int, msgspec.Meta(ge=-_MOST_WEIGHT, le=_MOST_WEIGHT)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The quality of a version on its own examples, by leave-one-out cross-validation."""

    precision: Share
    recall: Share


class Taught(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a taught topic. Weights, bias and threshold are in hundredths of a nat."""

    version: Annotated[int, msgspec.Meta(ge=1)]
    taught_on: str
    """The categorizer's model whose media topics the weights are for."""
    examples_for: Count
    examples_against: Count
    examples: str
    """A hash of the examples."""
    leave_one_out: Measured
    threshold: Hundredths
    bias: Hundredths
    topics: dict[str, Hundredths]
    """By media topic, what being sure of it adds."""
    features: dict[str, Hundredths]
    """By feature, what it adds, divided by the root of the headline's number of features."""

    @property
    def digest(self) -> str:
        """A hash of everything that affects decisions: two versions with equal weights have the same digest."""
        parts = (self.threshold, self.bias, sorted(self.topics.items()), sorted(self.features.items()))
        return blake2b(repr(parts).encode(), digest_size=4).hexdigest()


class TaughtTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A file: all versions of one topic, the first one first. Old ones stay, for replays."""

    topic: Slug
    versions: tuple[Taught, ...]

    def version(self, number: int) -> Taught | None:
        """The version of this number."""
        return next((taught for taught in self.versions if taught.version == number), None)


def read_taught(data: bytes, place: str) -> TaughtTopic:
    """Decode a taught topic's file; an InputError says what is wrong in `place`."""
    try:
        topic = msgspec.json.decode(data, type=TaughtTopic)
    except UNREADABLE as error:
        raise InputError(place, f"this is no taught topic: {error}") from None
    numbers = [taught.version for taught in topic.versions]
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise InputError(place, f"versions are numbered from 1 without a gap, not {numbers}")
    return topic


def encode_taught(topic: TaughtTopic) -> bytes:
    """A file as JSON, a weight a line, so that a review shows what moved."""
    return msgspec.json.format(msgspec.json.encode(topic), indent=1) + b"\n"


def features_of(word: str, language: str) -> tuple[str, ...]:
    """What a word of a folded headline is to a taught topic; nothing for numbers and words that tell no topic."""
    content = content_word(word, language)
    if content is None or content.startswith("#"):
        return ()
    stems = word_stems(content, language)
    beginnings = [
        f"{form[:length]}*"
        for form in word_forms(content, stems)
        for length in _LENGTHS
        if len(form) >= length
    ]
    return tuple(dict.fromkeys((*stems, *beginnings)))


class TaughtScorer:
    """Scores headlines by one version; its cache of words only saves work."""

    def __init__(self, taught: Taught) -> None:
        self.taught = taught
        self._words: dict[tuple[str, str], tuple[int, int]] = {}
        self._topics = [taught.topics.get(topic, 0) for topic in SLUG_BY_TOPIC]

    def takes(self, folded: str, language: str, shares: Sequence[float]) -> bool:
        """Whether a headline is of the topic, given the categorizer's confidence in each media topic."""
        return self.score(folded, language, shares) >= 0

    def score(self, folded: str, language: str, shares: Sequence[float]) -> float:
        """The distance of a headline's score above the threshold, in nats; negative below it."""
        total, number = 0, 0
        for word in dict.fromkeys(folded.split()):
            added, features = self._word(word, language)
            total += added
            number += features
        hundredths = self.taught.bias - self.taught.threshold + total / sqrt(max(number, 1))
        hundredths += sum(weight * share for weight, share in zip(self._topics, shares, strict=False))
        return hundredths / 100

    def reasons(self, folded: str, language: str, shares: Sequence[float]) -> list[tuple[str, float]]:
        """The words and media topics that speak for the topic, the weightiest first, and how much in nats."""
        words = {word: self._word(word, language) for word in folded.split()}
        root = sqrt(max(sum(features for _, features in words.values()), 1))
        found = [(word, added / root) for word, (added, _) in words.items()]
        for topic, weight, share in zip(SLUG_BY_TOPIC, self._topics, shares, strict=False):
            found.append((slug_of(topic), weight * share))
        speaking = sorted((-added, what) for what, added in found if added >= 1)
        return [(what, round(-added / 100, 2)) for added, what in speaking[:_MOST_REASONS]]

    def _word(self, word: str, language: str) -> tuple[int, int]:
        """What a word adds, and how many features it has."""
        known = self._words.get((word, language))
        if known is None:
            if len(self._words) >= _REMEMBERED_WORDS:
                self._words.clear()
            features = features_of(word, language)
            weights = self.taught.features
            known = sum(weights.get(feature, 0) for feature in features), len(features)
            self._words[word, language] = known
        return known
