"""The media topics of a headline and their confidences: a linear model whose prior is the lexicons.

A headline's score for a topic is the sum of the weights of its features; the sum for one word is computed once and
cached. The scores become shares by softmax, and the shares become confidences by Platt scaling, so that a confidence of
0.8 is right in about eight of ten cases. Below the model's threshold the headline has no topic: `uncategorised` is
better than a guess. `streams.process.categorize.train` writes `model.json`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import exp, log
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import msgspec

from schemas.events import TopicScore
from schemas.mediatopics import LABELS, SLUG_BY_TOPIC, slug_of
from streams.errors import InputError
from streams.process.categorize.features import content_words, pair_features, word_features, word_stems
from streams.process.categorize.rules import Period, Rule, matching, periods
from streams.process.categorize.scores import MOST_WEIGHT, Scorer

if TYPE_CHECKING:
    from streams.process.categorize.bulk import BulkScorer

TOPICS: Final = tuple(SLUG_BY_TOPIC)
"""The media topics in the order of a weight row's indices."""

_MOST_REASONS: Final = 6
_CERTAIN: Final = 1e-6
_MOST_EXPONENT: Final = 700.0
"""Above this the exponential function overflows."""
_MANY: Final = 16
"""From this many headlines on, working their shares out together with numpy is faster."""
_WORTH_LOADING: Final = 1_000
"""So many headlines are worth the 0.1 s in which numpy is imported."""

Weight = Annotated[int, msgspec.Meta(ge=-MOST_WEIGHT, le=MOST_WEIGHT)]


class LanguageModel(msgspec.Struct, frozen=True):
    """The weights of one language, in hundredths of a nat.

    A row of `weights` is topic index, weight, topic index, weight …; omitted weights are zero.
    `slope` and `intercept` calibrate the log-odds of a topic's share.
    """

    slope: float
    intercept: float
    bias: tuple[Weight, ...]
    weights: dict[str, tuple[Weight, ...]]


class Model(msgspec.Struct, frozen=True):
    """What training learned: a version, thresholds and a linear model per language.

    `threshold` is the least confidence of a headline's topic, `mention` that of a further topic.
    """

    version: str
    threshold: float
    mention: float
    languages: dict[str, LanguageModel]


Mentions: TypeAlias = Sequence[tuple[int, int]]
"""Topics by their place in TOPICS, each with its confidence in thousandths, the surest first."""


class Categories(msgspec.Struct, frozen=True):
    """The topics of a headline, most likely first; `topic` is None if none reaches the threshold."""

    topic: str | None
    topics: tuple[TopicScore, ...]


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    """Words of a headline that supported a topic, with their weight in nats above the average topic.

    A user's rule, which is named in `rule`, has no weight, because it decides alone. A taught topic is named with its
    version, and its words have the weights that they added.
    """

    words: str
    topic: str
    weight: float
    rule: str | None = None


@cache
def packaged_model() -> Model:
    """The model that is part of the package."""
    return read_model(files(__package__).joinpath("model.json").read_bytes(), "model.json")


def read_model(data: bytes, place: str) -> Model:
    """Decode a model file; an InputError says what is wrong in `place`."""
    try:
        return msgspec.json.decode(data, type=Model)
    except msgspec.DecodeError as error:
        raise InputError(place, f"this is no model of the categorizer: {error}") from None


class Categorizer:
    """Media topics by the packaged model, or another one, and the users' rules.

    Deterministic: its caches only save work. `version` identifies the model and the latest rules. Taught topics are
    switched on and off in event time, so `version_at` identifies what is in force at an instant.
    """

    def __init__(self, model: Model | None = None, rules: Sequence[Rule] = ()) -> None:
        self._model = model or packaged_model()
        self._rules = tuple(rules)
        self._words = _packaged_words() if model is None else _words_of(model)
        self._own = {
            rule.topic: TopicScore(
                rule.topic,
                1,
                rule.name,
                LABELS.get(rule.name) or rule.labels,
                (rule.broader, rule.name) if rule.broader else (),
            )
            for rule in self._rules
        }
        self.describe: Callable[[TopicScore], TopicScore] = _Described(self._own).__getitem__
        """A score with its topic's slug, labels and, if it has one, path, for readers."""
        self._periods = periods(self._rules)
        self._begins = [period.since for period in self._periods]
        self._versions = [self._model.version + period.version for period in self._periods]
        self.version = self._versions[-1]

    def version_at(self, at: str) -> str:
        """The version in force at an instant of event time."""
        return self._versions[bisect_right(self._begins, at) - 1]

    def categorize(
        self,
        text: str,
        folded: str,
        language: str,
        source: str | None = None,
        at: str | None = None,
        *,
        learned: Mentions | None = None,
    ) -> Categories:
        """The topics of a headline, given as it was shown, its fold, its language, its source and when it was shown.

        Without `at`, an instant as events have it, what holds last decides. `learned` is what `mentions` said of it.
        """
        if learned is None:
            words = self._words.get(language)
            learned = () if words is None else words.mentions(folded)
        topics = tuple(map(_TOPIC_SCORES.__getitem__, learned))
        threshold = self._model.threshold
        rules = self._period(at).rules if self._rules else ()
        found = self._matching(rules, text, folded, language, source) if rules else []
        for rule in reversed(found):
            others = () if rule.override else tuple(score for score in topics if score.topic != rule.topic)
            topics = (TopicScore(rule.topic, rule.confidence), *others)
            topics = tuple(sorted(topics, key=lambda score: -score.confidence))
            threshold = min(threshold, rule.confidence)
        if topics and topics[0].confidence >= threshold:
            return Categories(topics[0].topic, topics)
        return Categories(None, topics)

    def mentions(self, headlines: Sequence[tuple[str, str]]) -> list[Mentions]:
        """What the model alone says of folded headlines, each with its language: of many in half of the time."""
        by_language: defaultdict[str, list[int]] = defaultdict(list)
        for place, (_, language) in enumerate(headlines):
            by_language[language].append(place)
        found: list[Mentions] = [()] * len(headlines)
        for language, places in by_language.items():
            if (words := self._words.get(language)) is not None:
                all_mentions = words.all_mentions([headlines[place][0] for place in places])
                for place, mentions in zip(places, all_mentions, strict=True):
                    found[place] = mentions
        return found

    def _period(self, at: str | None) -> Period:
        return self._periods[-1 if at is None else bisect_right(self._begins, at) - 1]

    def _matching(
        self, rules: Sequence[Rule], text: str, folded: str, language: str, source: str | None
    ) -> list[Rule]:
        return matching(
            rules,
            text,
            folded,
            source,
            lambda scorer: scorer.takes(folded, language, self.shares(folded, language)),
        )

    def knows(self, topic: str) -> bool:
        """Whether a topic is a media topic or one of the users' rules: it has a Kafka topic."""
        return topic in SLUG_BY_TOPIC or any(rule.topic == topic for rule in self._rules)

    def why(
        self, text: str, folded: str, language: str, source: str | None = None, at: str | None = None
    ) -> tuple[Reason, ...]:
        """The words and rules that decided for the most likely topic, strongest first."""
        categories = self.categorize(text, folded, language, source, at)
        if not categories.topics:
            return ()
        topic = categories.topics[0].topic
        by_rule = tuple(
            reason
            for rule in self._matching(self._period(at).rules, text, folded, language, source)
            if rule.topic == topic
            for reason in self._rule_reasons(rule, text, folded, language)
        )
        words = self._words.get(language)
        if words is None or topic not in TOPICS:
            return by_rule
        return by_rule + words.reasons(folded, TOPICS.index(topic))

    def _rule_reasons(self, rule: Rule, text: str, folded: str, language: str) -> Iterator[Reason]:
        if rule.scorer is None:
            yield Reason(rule.evidence(text, folded), rule.topic, 0.0, rule.name)
            return
        named = f"{rule.name}@{rule.scorer.taught.version}"
        for words, weight in rule.scorer.reasons(folded, language, self.shares(folded, language)):
            yield Reason(words, rule.topic, weight, named)

    def shares(self, folded: str, language: str) -> tuple[float, ...]:
        """Calibrated confidence of every media topic, in the order of TOPICS; empty without evidence."""
        words = self._words.get(language)
        if words is None:
            return ()
        model = words.model
        powers, total = words.powers(folded)
        return tuple(_calibrated(power / total, model.slope, model.intercept) for power in powers)


def _words_of(model: Model) -> "dict[str, _Words]":
    return {
        language: _Words(language, weights, model.mention) for language, weights in model.languages.items()
    }


@cache
def _packaged_words() -> "dict[str, _Words]":
    """The packaged model's words. They take 40 ms to build, and all partitions of a process share their caches."""
    return _words_of(packaged_model())


def _calibrated(share: float, slope: float, intercept: float) -> float:
    if share < _CERTAIN:
        share = _CERTAIN
    elif share > 1 - _CERTAIN:
        share = 1 - _CERTAIN
    return 1 / (1 + exp(-(slope * log(share / (1 - share)) + intercept)))


def _steps(slope: float, intercept: float) -> list[float]:
    """The shares from which a confidence is rounded to 0.001, 0.002 and so on, in rising order."""
    shares = [_uncalibrated((thousandths + 0.5) / 1000, slope, intercept) for thousandths in range(1000)]
    return [share for share in shares if share <= 1 - _CERTAIN]


def _uncalibrated(confidence: float, slope: float, intercept: float) -> float:
    """The share that is calibrated to this confidence: the inverse of `_calibrated`."""
    if not 0 < confidence < 1:
        return confidence
    odds = (log(confidence / (1 - confidence)) - intercept) / slope
    return 1 / (1 + exp(min(-odds, _MOST_EXPONENT)))


@cache
def _bulk() -> ModuleType:
    """The module that needs numpy, imported late."""
    from streams.process.categorize import bulk  # noqa: PLC0415

    return bulk


def warm_up() -> None:
    """Load in advance what the first headlines need: the model, and numpy; 0.2 s in total."""
    _packaged_words()
    _bulk()


class _TopicScores(dict[tuple[int, int], TopicScore]):
    """A mention (`Mentions`) as a score; each is made once, because there are few and every headline has some."""

    def __missing__(self, mention: tuple[int, int]) -> TopicScore:
        place, thousandths = mention
        found = self[mention] = TopicScore(TOPICS[place], thousandths / 1000)
        return found


_TOPIC_SCORES: Final = _TopicScores()


class _Described(dict[TopicScore, TopicScore]):
    """Scores as readers see them; each is made once.

    Args:
        own: The topics of the users' rules.
    """

    def __init__(self, own: Mapping[str, TopicScore]) -> None:
        super().__init__()
        self._own = own

    def __missing__(self, score: TopicScore) -> TopicScore:
        own = self._own.get(score.topic)
        slug = slug_of(score.topic)
        described = self[score] = (
            TopicScore(score.topic, score.confidence, slug, LABELS.get(slug))
            if own is None
            else TopicScore(score.topic, score.confidence, own.slug, own.labels, own.path)
        )
        return described


class _Words:
    """The model of one language: shares of the topics, and the reasons for them."""

    def __init__(self, language: str, model: LanguageModel, mention: float) -> None:
        self.model = model
        self._scorer = Scorer(language, model.bias, model.weights)
        self.powers = self._scorer.powers
        self._bulk_scorer: BulkScorer | None = None
        self._language = language
        self._least = _uncalibrated(mention, model.slope, model.intercept)
        """The least share, before calibration, with which a topic is mentioned."""
        self._steps = _steps(model.slope, model.intercept)

    def mentions(self, folded: str) -> Mentions:
        """The topics that are sure enough to be mentioned."""
        powers, total = self.powers(folded)
        enough = self._least * total
        found = sorted([(-power, place) for place, power in enumerate(powers) if power >= enough])
        return [(place, bisect_right(self._steps, -negative / total)) for negative, place in found]

    def all_mentions(self, folded: Sequence[str]) -> Sequence[Mentions]:
        """The same of each of several headlines."""
        if len(folded) < (_MANY if _bulk.cache_info().currsize else _WORTH_LOADING):
            return [self.mentions(each) for each in folded]
        if self._bulk_scorer is None:
            self._bulk_scorer = _bulk().BulkScorer(
                self._scorer, self.model.bias, least=self._least, steps=self._steps
            )
        return self._bulk_scorer.mentions(folded)

    def reasons(self, folded: str, topic: int) -> tuple[Reason, ...]:
        """The words that support a topic more than the average topic, strongest first."""
        gains = sorted(
            ((weight, words) for words, weight in self._gains(folded, topic) if weight > 0),
            key=lambda gain: -gain[0],
        )
        return tuple(
            Reason(words, TOPICS[topic], round(weight, 2)) for weight, words in gains[:_MOST_REASONS]
        )

    def _gains(self, folded: str, topic: int) -> Iterator[tuple[str, float]]:
        words = content_words(folded, self._language)
        for word in words:
            yield word, self._gain(word_features(word, self._language), topic)
        for pair in pair_features([word_stems(word, self._language) for word in words]):
            yield pair, self._gain((pair,), topic)

    def _gain(self, features: Iterable[str], topic: int) -> float:
        """The weight of features for a topic above that for the average topic, in nats."""
        rows = [self.model.weights.get(feature, ()) for feature in features]
        own = sum(
            weight
            for row in rows
            for index, weight in zip(row[::2], row[1::2], strict=True)
            if index == topic
        )
        return (own - sum(sum(row[1::2]) for row in rows) / len(TOPICS)) / 100
