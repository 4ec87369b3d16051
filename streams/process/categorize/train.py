"""Learn `model.json`: `python -m streams.process.categorize.train DATA`.

DATA is a folder with `labelled_headlines.dev.jsonl` (headlines under their outlet's section) and
`corpus_headlines.tsv.gz` (headlines without labels); `training/` beside this module has headlines of our
own writing, some to learn from and some to calibrate on. Multinomial logistic regression whose prior mean is
the lexicon: w ~ N(lexicon, 1/strength), so that a lexicon decides where no data speak and the data move it
where they do. An outlet labels a few topics, and only these compete for its headline: a topic that it has
no section for learns nothing from it, neither for nor against. Unlabelled headlines that the lexicon alone is
sure about teach all topics (self-training: Nigam and others 2000). Deterministic: the same data give the
same bytes.
"""

import gzip
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from importlib.resources import files
from math import exp, log
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from streams.process.categorize.features import content_words, pair_features, word_features, word_stems
from streams.process.categorize.lexicon import LANGUAGES, Prior, packaged_lexicon
from streams.process.categorize.model import TOPICS, Categorizer, LanguageModel, Model
from streams.process.fold import fold

_AT: Final = {topic: index for index, topic in enumerate(TOPICS)}
_EVERY: Final = frozenset(range(len(TOPICS)))
Matrix = np.ndarray[Any, np.dtype[np.float64]]


class Settings(msgspec.Struct, frozen=True):
    """What training can be told; the defaults were chosen on the development data."""

    strength: float = 0.3
    bias_strength: float = 300.0
    least_count: int = 2
    shortest_beginning: int = 5
    longest_beginning: int = 6
    sure_enough: float = 0.9
    most_per_topic: int = 600
    guessed_weight: float = 0.3
    own_weight: float = 1.0
    steps: int = 80
    least_weight: int = 8
    threshold: float = 0.65
    mention: float = 0.2


class Labelled(msgspec.Struct, frozen=True):
    """A headline under its outlet's section. `set` names the outlet's collection."""

    text: str
    lang: str
    label: str
    set: str


class Own(msgspec.Struct, frozen=True):
    """A headline of our own writing."""

    text: str
    language: str
    topic: str


class Example(msgspec.Struct, frozen=True):
    """A headline to learn from: its topic is one of `chosen`, out of `possible` (indices of TOPICS)."""

    features: frozenset[str]
    chosen: frozenset[int]
    possible: frozenset[int]
    weight: float


def read_labelled(path: Path) -> list[Labelled]:
    """The labelled headlines of a JSON Lines file."""
    return [msgspec.json.decode(line, type=Labelled) for line in path.read_bytes().splitlines()]


def read_own(name: str) -> list[Own]:
    """The headlines of our own writing in `training/NAME.jsonl`."""
    lines = files(__package__).joinpath("training", f"{name}.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Own) for line in lines]


def read_corpus(path: Path) -> dict[str, list[str]]:
    """Unlabelled headlines by language, from gzipped lines of `language TAB headline`."""
    found: dict[str, dict[str, None]] = {language: {} for language in LANGUAGES}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            language, _, text = line.rstrip("\n").partition("\t")
            if language in found:
                found[language][text] = None
    return {language: sorted(texts) for language, texts in found.items()}


def features_of(text: str, language: str, prior: Prior, settings: Settings) -> frozenset[str]:
    """Every feature of a headline; of beginnings those of a length to learn, or that the lexicon has."""
    lengths = range(settings.shortest_beginning + 1, settings.longest_beginning + 2)
    words = content_words(fold(text), language)
    found: set[str] = set()
    for word in words:
        found.update(
            feature
            for feature in word_features(word, language)
            if not feature.endswith("*") or len(feature) in lengths or feature in prior
        )
    found.update(pair_features([word_stems(word, language) for word in words]))
    return frozenset(found)


def labelled_examples(rows: Sequence[Labelled], features: Sequence[frozenset[str]]) -> list[Example]:
    """Examples in which the topics that the outlet labels compete, and no others.

    They weigh the less the more there are of their label (square root of the balance).
    """
    counts = Counter(row.label for row in rows)
    mean = sum(counts.values()) / len(counts)
    possible = {
        outlet: frozenset(_AT[label] for label in labels) for outlet, labels in possible_topics(rows).items()
    }
    return [
        Example(found, frozenset({_AT[row.label]}), possible[row.set], (mean / counts[row.label]) ** 0.5)
        for row, found in zip(rows, features, strict=True)
    ]


def possible_topics(rows: Iterable[Labelled]) -> dict[str, set[str]]:
    """The topics that each outlet's collection labels."""
    possible: dict[str, set[str]] = {}
    for row in rows:
        possible.setdefault(row.set, set()).add(row.label)
    return possible


def own_examples(rows: Sequence[Own], prior: Prior, settings: Settings) -> list[Example]:
    """Examples of our own headlines, in which every topic competes."""
    return [
        Example(
            features_of(row.text, row.language, prior, settings),
            frozenset({_AT[row.topic]}),
            _EVERY,
            settings.own_weight,
        )
        for row in rows
    ]


def guessed_examples(
    texts: Iterable[frozenset[str]], scores: Callable[[frozenset[str]], Matrix], settings: Settings
) -> list[Example]:
    """Examples of unlabelled headlines whose topic `scores` is sure about, as many per topic at most."""
    taken: Counter[int] = Counter()
    examples = []
    for found in texts:
        logs = scores(found)
        best = int(logs.argmax())
        sure = exp(logs[best] - logsumexp(logs)) >= settings.sure_enough
        if sure and taken[best] < settings.most_per_topic:
            taken[best] += 1
            examples.append(Example(found, frozenset({best}), _EVERY, settings.guessed_weight))
    return examples


def prior_scores(prior: Prior) -> Callable[[frozenset[str]], Matrix]:
    """Scores of a headline by the lexicon alone."""

    def scores(found: frozenset[str]) -> Matrix:
        total = np.zeros(len(TOPICS))
        for feature in found & prior.keys():
            for topic, weight in prior[feature].items():
                total[_AT[topic]] += weight
        return total

    return scores


def learn(examples: Sequence[Example], prior: Prior, settings: Settings) -> LanguageModel:
    """The weights of one language; not yet calibrated (slope 1, intercept 0)."""
    vocabulary = _vocabulary(examples, prior, settings)
    inputs = _inputs(examples, vocabulary)
    chosen, possible = _mask(examples, "chosen"), _mask(examples, "possible")
    weights = np.array([[example.weight] for example in examples])
    mean = np.zeros((len(vocabulary), len(TOPICS)))
    for feature, row in prior.items():
        for topic, weight in row.items():
            mean[vocabulary[feature], _AT[topic]] = weight
    moved, bias = _fit(inputs, inputs @ mean, settings, chosen=chosen, possible=possible, weights=weights)
    hundredths = np.rint(100 * (mean + moved)).astype(int)
    hundredths[np.abs(hundredths) < settings.least_weight] = 0
    return LanguageModel(
        slope=1.0,
        intercept=0.0,
        bias=tuple(int(b) for b in np.rint(100 * (bias - bias.mean()))),
        weights={
            feature: tuple(int(n) for index in row.nonzero()[0] for n in (index, row[index]))
            for feature, at in sorted(vocabulary.items())
            for row in [hundredths[at]]
            if row.any()
        },
    )


def _vocabulary(examples: Sequence[Example], prior: Prior, settings: Settings) -> dict[str, int]:
    counts = Counter(feature for example in examples for feature in example.features)
    kept = {feature for feature, count in counts.items() if count >= settings.least_count} | prior.keys()
    return {feature: at for at, feature in enumerate(sorted(kept))}


def _inputs(examples: Sequence[Example], vocabulary: dict[str, int]) -> Any:
    rows = [sorted(vocabulary[f] for f in example.features if f in vocabulary) for example in examples]
    ends = np.cumsum([0, *(len(row) for row in rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int64)
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=(len(rows), len(vocabulary)))


def _mask(examples: Sequence[Example], kind: str) -> Matrix:
    """Zero where a topic is in, minus infinity where it is out."""
    mask = np.full((len(examples), len(TOPICS)), -np.inf)
    for row, example in zip(mask, examples, strict=True):
        row[list(getattr(example, kind))] = 0
    return mask


def _fit(
    inputs: Any, offset: Matrix, settings: Settings, *, chosen: Matrix, possible: Matrix, weights: Matrix
) -> tuple[Matrix, Matrix]:
    """How far the data move the weights from their prior mean, and the biases.

    Minimises -log p(one of the chosen | one of the possible) with a Gaussian prior around no move.
    """
    shape = (inputs.shape[1], len(TOPICS))
    transposed = inputs.T.tocsr()

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        moved, bias = flat[: -shape[1]].reshape(shape), flat[-shape[1] :]
        scores = inputs @ moved + offset + bias
        among = logsumexp(scores + possible, axis=1, keepdims=True)
        right = logsumexp(scores + chosen, axis=1, keepdims=True)
        wrong = weights * (np.exp(scores + possible - among) - np.exp(scores + chosen - right))
        value = float((weights * (among - right)).sum())
        value += 0.5 * settings.strength * float((moved**2).sum())
        value += 0.5 * settings.bias_strength * float((bias**2).sum())
        slope = transposed @ wrong + settings.strength * moved
        return value, np.concatenate([slope.ravel(), wrong.sum(axis=0) + settings.bias_strength * bias])

    start = np.zeros(shape[0] * shape[1] + shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": settings.steps})
    return found.x[: -shape[1]].reshape(shape), found.x[-shape[1] :]


def encode(model: Model) -> bytes:
    """A model as JSON, one entry a line, so that versions can be compared with ordinary tools."""
    lines = ['{"version":' + _json(model.version)]
    lines += [f',"threshold":{model.threshold},"mention":{model.mention},"languages":{{']
    for n, (language, learned) in enumerate(sorted(model.languages.items())):
        lines.append(f"{',' if n else ''}{_json(language)}:{{")
        lines.append(
            f'"slope":{learned.slope},"intercept":{learned.intercept},"bias":{_json(learned.bias)},"weights":{{'
        )
        entries = sorted(learned.weights.items())
        lines += [
            f"{_json(feature)}:{_json(row)}{',' if at < len(entries) else ''}"
            for at, (feature, row) in enumerate(entries, 1)
        ]
        lines.append("}}")
    lines.append("}}")
    return "\n".join(lines).encode() + b"\n"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def examples_of(
    language: str, labelled: Sequence[Labelled], corpus: Sequence[str], settings: Settings
) -> tuple[Prior, list[Example], list[Example]]:
    """One language's lexicon, its labelled examples, and its unlabelled and own ones."""
    prior = packaged_lexicon(language)
    rows = [row for row in labelled if row.lang == language]
    examples = labelled_examples(rows, [features_of(row.text, language, prior, settings) for row in rows])
    unlabelled = (features_of(text, language, prior, settings) for text in corpus)
    others = guessed_examples(unlabelled, prior_scores(prior), settings)
    own = [row for row in read_own("examples") if row.language == language]
    return prior, examples, others + own_examples(own, prior, settings)


def calibrated(model: Model, rows: Sequence[Own]) -> Model:
    """The model with Platt scaling of its shares, fitted on the two likeliest topics of each headline."""
    categorizer = Categorizer(model)
    odds, right = [], []
    for row in rows:
        shares = categorizer.shares(fold(row.text), row.language)
        for index in sorted(range(len(shares)), key=lambda at: -shares[at])[:2]:
            odds.append(log(shares[index] / (1 - shares[index])))
            right.append(TOPICS[index] == row.topic)
    x, y = np.array(odds), np.array(right, dtype=float)

    def loss(line: Matrix) -> float:
        scores = line[0] * x + line[1]
        return float(np.logaddexp(0, scores).sum() - (y * scores).sum())

    slope, intercept = (round(float(value), 3) for value in minimize(loss, np.array([1.0, 0.0])).x)
    return msgspec.structs.replace(
        model,
        languages={
            language: msgspec.structs.replace(learned, slope=slope, intercept=intercept)
            for language, learned in model.languages.items()
        },
    )


def main(data: Path) -> None:
    """Learn from a folder of data and write the model beside this module."""
    labelled = read_labelled(data / "labelled_headlines.dev.jsonl")
    corpus = read_corpus(data / "corpus_headlines.tsv.gz")
    settings = Settings()
    languages = {}
    for language in LANGUAGES:
        prior, examples, others = examples_of(language, labelled, corpus[language], settings)
        languages[language] = learn(examples + others, prior, settings)
    model = Model(version="", threshold=settings.threshold, mention=settings.mention, languages=languages)
    model = calibrated(model, read_own("calibration"))
    digest = blake2b(encode(model), digest_size=4).hexdigest()
    model = msgspec.structs.replace(model, version=f"topics-{digest}")
    target = Path(__file__).with_name("model.json")
    target.write_bytes(encode(model))
    print(f"{model.version}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
