"""Which media topics a headline has and how sure that is: a linear model whose prior is the lexicons.

A headline's score for a topic is the sum of the weights of its features; what one word adds is worked
out once and remembered. The scores become shares (softmax) and the shares are calibrated (Platt scaling),
so that a confidence of 0.8 is right in about eight of ten. Below the model's threshold the headline has
no topic: an honest `uncategorised` beats a guess. `streams.process.categorize.train` makes `model.json`.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from math import exp, log
from typing import Final, TypeAlias

import msgspec

from schemas.events import TopicScore
from schemas.mediatopics import LABELS, SLUG_BY_TOPIC, slug_of
from streams.errors import InputError
from streams.process.categorize.features import content_words, pair_features, word_features, word_stems
from streams.process.categorize.rules import Rule, matching

TOPICS: Final = tuple(SLUG_BY_TOPIC)
"""The media topics in the order of a weight row's indices."""

_REMEMBERED_WORDS: Final = 100_000
_MOST_REASONS: Final = 6
_CERTAIN: Final = 1e-6

_Row: TypeAlias = tuple[tuple[int, int], ...]


class LanguageModel(msgspec.Struct, frozen=True):
    """The weights of one language, in hundredths of a nat.

    A row of `weights` is topic index, weight, topic index, weight …; what it leaves out is zero.
    `slope` and `intercept` calibrate the log-odds of a topic's share.
    """

    slope: float
    intercept: float
    bias: tuple[int, ...]
    weights: dict[str, tuple[int, ...]]


class Model(msgspec.Struct, frozen=True):
    """What training learned: a version, thresholds and a linear model per language.

    `threshold` is the least confidence of a headline's topic, `mention` that of a further topic.
    """

    version: str
    threshold: float
    mention: float
    languages: dict[str, LanguageModel]


class Categories(msgspec.Struct, frozen=True):
    """The topics of a headline, the surest first; `topic` is None where none is sure enough."""

    topic: str | None
    topics: tuple[TopicScore, ...]


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words of a headline that spoke for a topic, and how loudly: nats above the average topic.

    A user's rule weighs nothing: it decides. It is named in `rule`.
    """

    words: str
    topic: str
    weight: float
    rule: str | None = None


@cache
def packaged_model() -> Model:
    """The model that comes with the package."""
    return read_model(files(__package__).joinpath("model.json").read_bytes(), "model.json")


def read_model(data: bytes, place: str) -> Model:
    """Decode a model file; an InputError says what is wrong in `place`."""
    try:
        return msgspec.json.decode(data, type=Model)
    except msgspec.DecodeError as error:
        raise InputError(place, f"this is no model of the categorizer: {error}") from None


class Categorizer:
    """Media topics by the packaged model, or another one, and the users' rules.

    Deterministic: what it remembers of words only saves work. `version` names model and rules.
    """

    def __init__(self, model: Model | None = None, rules: Sequence[Rule] = ()) -> None:
        self._model = model or packaged_model()
        self._rules = tuple(rules)
        self._words = {
            language: _Words(language, weights) for language, weights in self._model.languages.items()
        }
        self._described = {
            rule.topic: TopicScore(
                rule.topic,
                1,
                rule.name,
                LABELS.get(rule.name) or rule.labels,
                (rule.broader, rule.name) if rule.broader else (),
            )
            for rule in self._rules
        }
        self.version = "+".join([self._model.version, *(rule.version for rule in self._rules)])

    def categorize(self, text: str, folded: str, language: str, source: str | None = None) -> Categories:
        """The topics of a headline, given as it was shown, its fold, its language and its source."""
        topics = self._learned_topics(folded, language)
        threshold = self._model.threshold
        for rule in reversed(matching(self._rules, text, folded, source)):
            others = () if rule.override else tuple(score for score in topics if score.topic != rule.topic)
            topics = (TopicScore(rule.topic, rule.confidence), *others)
            topics = tuple(sorted(topics, key=lambda score: -score.confidence))
            threshold = min(threshold, rule.confidence)
        if topics and topics[0].confidence >= threshold:
            return Categories(topics[0].topic, topics)
        return Categories(None, topics)

    def describe(self, score: TopicScore) -> TopicScore:
        """A score with what a person reads of its topic: slug, labels and, where there is one, the path."""
        described = self._described.get(score.topic)
        if described is None:
            slug = slug_of(score.topic)
            described = self._described[score.topic] = TopicScore(score.topic, 1, slug, LABELS.get(slug))
        return TopicScore(score.topic, score.confidence, described.slug, described.labels, described.path)

    def why(self, text: str, folded: str, language: str, source: str | None = None) -> tuple[Reason, ...]:
        """The words and rules that decided for the surest topic, the weightiest first."""
        categories = self.categorize(text, folded, language, source)
        if not categories.topics:
            return ()
        topic = categories.topics[0].topic
        by_rule = tuple(
            Reason(words, rule.topic, 0.0, rule.name)
            for rule in matching(self._rules, text, folded, source)
            for words in [rule.evidence(text, folded)]
            if rule.topic == topic
        )
        words = self._words.get(language)
        if words is None or topic not in TOPICS:
            return by_rule
        return by_rule + words.reasons(folded, TOPICS.index(topic))

    def shares(self, folded: str, language: str) -> tuple[float, ...]:
        """Calibrated confidence of every media topic, in the order of TOPICS; empty without evidence."""
        words = self._words.get(language)
        if words is None:
            return ()
        model = words.model
        return tuple(_calibrated(share, model.slope, model.intercept) for share in words.shares(folded))

    def _learned_topics(self, folded: str, language: str) -> tuple[TopicScore, ...]:
        words = self._words.get(language)
        if words is None:
            return ()
        model = words.model
        least = _uncalibrated(self._model.mention, model.slope, model.intercept)
        sure = sorted((-share, index) for index, share in enumerate(words.shares(folded)) if share >= least)
        return tuple(
            TopicScore(TOPICS[index], round(_calibrated(-negative, model.slope, model.intercept), 3))
            for negative, index in sure
        )


def _calibrated(share: float, slope: float, intercept: float) -> float:
    share = min(max(share, _CERTAIN), 1 - _CERTAIN)
    return 1 / (1 + exp(-(slope * log(share / (1 - share)) + intercept)))


def _uncalibrated(confidence: float, slope: float, intercept: float) -> float:
    """The share whose calibrated confidence this is."""
    if not 0 < confidence < 1:
        return confidence
    return 1 / (1 + exp(-(log(confidence / (1 - confidence)) - intercept) / slope))


class _Words:
    """The model of one language, with what it has already worked out about words."""

    def __init__(self, language: str, model: LanguageModel) -> None:
        self.model = model
        self._language = language
        self._heads = frozenset(key.partition(" ")[0] for key in model.weights if " " in key)
        self._known: dict[str, tuple[tuple[str, ...], _Row]] = {}

    def shares(self, folded: str) -> list[float]:
        """Every topic's share, not calibrated; empty where no feature of the headline is known."""
        scores = self._scores(folded)
        if scores is None:
            return []
        highest = max(scores)
        powers = [exp((score - highest) / 100) for score in scores]
        total = sum(powers)
        return [power / total for power in powers]

    def _scores(self, folded: str) -> list[int] | None:
        """Every topic's score in hundredths of a nat; None where no feature of the headline is known."""
        scores = list(self.model.bias)
        known = [self._word(word) for word in content_words(folded, self._language)]
        found = False
        for _, row in known:
            for index, weight in row:
                scores[index] += weight
                found = True
        weights = self.model.weights
        for pair in pair_features([stems for stems, _ in known], self._heads):
            if pair in weights:
                found = True
                flat = weights[pair]
                for at in range(0, len(flat), 2):
                    scores[flat[at]] += flat[at + 1]
        return scores if found else None

    def reasons(self, folded: str, topic: int) -> tuple[Reason, ...]:
        """What speaks for a topic above the average topic, the weightiest first."""
        gains = sorted(
            ((weight, words) for words, weight in self._gains(folded, topic) if weight > 0),
            key=lambda gain: -gain[0],
        )
        return tuple(
            Reason(words, TOPICS[topic], round(weight, 2)) for weight, words in gains[:_MOST_REASONS]
        )

    def _gains(self, folded: str, topic: int) -> Iterator[tuple[str, float]]:
        words = content_words(folded, self._language)
        known = [self._word(word) for word in words]
        for word, (_, row) in zip(words, known, strict=True):
            yield word, _gain(row, topic)
        for pair in pair_features([stems for stems, _ in known], self._heads):
            flat = self.model.weights.get(pair, ())
            yield pair, _gain(tuple(zip(flat[::2], flat[1::2], strict=True)), topic)

    def _word(self, word: str) -> tuple[tuple[str, ...], _Row]:
        known = self._known.get(word)
        if known is None:
            if len(self._known) >= _REMEMBERED_WORDS:
                self._known.clear()
            known = self._known[word] = (word_stems(word, self._language), self._row(word))
        return known

    def _row(self, word: str) -> _Row:
        weights = self.model.weights
        row: dict[int, int] = {}
        for feature in word_features(word, self._language):
            if feature in weights:
                flat = weights[feature]
                for at in range(0, len(flat), 2):
                    row[flat[at]] = row.get(flat[at], 0) + flat[at + 1]
        return tuple(row.items())


def _gain(row: Sequence[tuple[int, int]], topic: int) -> float:
    """How much a row of weights lifts a topic above the average topic, in nats."""
    return (dict(row).get(topic, 0) - sum(weight for _, weight in row) / len(TOPICS)) / 100
