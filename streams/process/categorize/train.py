"""Learn `model.json`: `python -m streams.process.categorize.train DATA`.

DATA is a folder with `labelled_headlines.dev.jsonl` (headlines under their outlet's section) and
`corpus_headlines.tsv.gz` (headlines without labels). Multinomial logistic regression whose prior mean is
the lexicon: w ~ N(lexicon, 1/strength), so that a lexicon decides where no data speak and the data move it
where they do. Outlets label six topics only; of the other eleven the model learns from unlabelled
headlines that the lexicon alone is sure about (self-training: Nigam and others 2000). Deterministic: the
same data give the same bytes.
"""

import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import logsumexp

from streams.process.categorize.features import content_words, pair_features, word_features, word_stems
from streams.process.categorize.lexicon import LANGUAGES, Prior, packaged_lexicon
from streams.process.categorize.model import TOPICS, LanguageModel, Model
from streams.process.fold import fold

Matrix = np.ndarray[Any, np.dtype[np.float64]]


class Settings(msgspec.Struct, frozen=True):
    """What training can be told; the defaults were chosen on the development data."""

    strength: float = 1.0
    bias_strength: float = 10.0
    least_count: int = 2
    longest_beginning: int = 6
    sure_enough: float = 0.9
    most_per_topic: int = 600
    guessed_weight: float = 0.3
    steps: int = 80
    least_weight: int = 8


class Labelled(msgspec.Struct, frozen=True):
    """A headline under its outlet's section. `set` names the outlet's collection."""

    text: str
    lang: str
    label: str
    set: str


class Example(msgspec.Struct, frozen=True):
    """A headline to learn from: its features and how much each topic is its topic (sums to its weight)."""

    features: frozenset[str]
    target: tuple[float, ...]


def read_labelled(path: Path) -> list[Labelled]:
    """The labelled headlines of a JSON Lines file."""
    return [msgspec.json.decode(line, type=Labelled) for line in path.read_bytes().splitlines()]


def read_corpus(path: Path) -> dict[str, list[str]]:
    """Unlabelled headlines by language, from gzipped lines of `language TAB headline`."""
    found: dict[str, dict[str, None]] = {language: {} for language in LANGUAGES}
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            language, _, text = line.rstrip("\n").partition("\t")
            if language in found:
                found[language][text] = None
    return {language: sorted(texts) for language, texts in found.items()}


def features_of(text: str, language: str, longest: int) -> frozenset[str]:
    """Every feature of a headline."""
    words = content_words(fold(text), language)
    found: set[str] = set()
    for word in words:
        found.update(word_features(word, language, longest))
    found.update(pair_features([word_stems(word, language) for word in words]))
    return frozenset(found)


def balanced(features: Sequence[frozenset[str]], labels: Sequence[str]) -> list[Example]:
    """Examples that weigh the less the more there are of their topic (square root of the balance)."""
    counts = Counter(labels)
    mean = sum(counts.values()) / len(counts)
    return [
        Example(found, _one_hot(TOPICS.index(label), (mean / counts[label]) ** 0.5))
        for found, label in zip(features, labels, strict=True)
    ]


def _one_hot(index: int, weight: float) -> tuple[float, ...]:
    return tuple(weight if n == index else 0.0 for n in range(len(TOPICS)))


def guessed(features: Iterable[frozenset[str]], prior: Prior, settings: Settings) -> list[Example]:
    """Examples of unlabelled headlines that the lexicon alone is sure about, as many per topic at most."""
    taken: Counter[int] = Counter()
    examples = []
    for found in features:
        scores = np.zeros(len(TOPICS))
        for feature in found & prior.keys():
            for topic, weight in prior[feature].items():
                scores[TOPICS.index(topic)] += weight
        shares = np.exp(scores - logsumexp(scores))
        best = int(shares.argmax())
        if shares[best] >= settings.sure_enough and taken[best] < settings.most_per_topic:
            taken[best] += 1
            examples.append(Example(found, tuple(settings.guessed_weight * shares)))
    return examples


def learn(examples: Sequence[Example], prior: Prior, settings: Settings) -> LanguageModel:
    """The weights of one language; not yet calibrated (slope 1, intercept 0)."""
    vocabulary = _vocabulary(examples, prior, settings)
    inputs = _inputs(examples, vocabulary)
    targets = np.array([example.target for example in examples])
    mean = np.zeros((len(vocabulary), len(TOPICS)))
    for feature, row in prior.items():
        for topic, weight in row.items():
            mean[vocabulary[feature], TOPICS.index(topic)] = weight
    moved, bias = _fit(inputs, targets, inputs @ mean, settings)
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


def _fit(inputs: Any, targets: Matrix, offset: Matrix, settings: Settings) -> tuple[Matrix, Matrix]:
    """How far the data move the weights from their prior mean, and the biases."""
    shape = (inputs.shape[1], targets.shape[1])
    totals = targets.sum(axis=1, keepdims=True)
    transposed = inputs.T.tocsr()

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        moved, bias = flat[: -shape[1]].reshape(shape), flat[-shape[1] :]
        scores = inputs @ moved + offset + bias
        logs = scores - logsumexp(scores, axis=1, keepdims=True)
        wrong = totals * np.exp(logs) - targets
        value = -(targets * logs).sum()
        value += 0.5 * settings.strength * (moved**2).sum() + 0.5 * settings.bias_strength * (bias**2).sum()
        slopes = np.concatenate(
            [
                (transposed @ wrong + settings.strength * moved).ravel(),
                wrong.sum(axis=0) + settings.bias_strength * bias,
            ]
        )
        return float(value), slopes

    found = minimize(
        loss,
        np.zeros(shape[0] * shape[1] + shape[1]),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": settings.steps},
    )
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


def train_language(
    language: str, labelled: Sequence[Labelled], corpus: Sequence[str], settings: Settings
) -> LanguageModel:
    """Lexicon, labelled and unlabelled headlines of one language to its weights."""
    prior = packaged_lexicon(language)
    longest = settings.longest_beginning
    features = [features_of(row.text, language, longest) for row in labelled]
    examples = balanced(features, [row.label for row in labelled])
    # The lexicon's own beginnings can be longer than those that are learned.
    examples += guessed((features_of(text, language, 12) for text in corpus), prior, settings)
    return learn(examples, prior, settings)


def main(data: Path) -> None:
    """Learn from a folder of data and write the model beside this module."""
    labelled = read_labelled(data / "labelled_headlines.dev.jsonl")
    corpus = read_corpus(data / "corpus_headlines.tsv.gz")
    settings = Settings()
    languages = {
        language: train_language(
            language, [row for row in labelled if row.lang == language], corpus[language], settings
        )
        for language in LANGUAGES
    }
    model = Model(version="", threshold=0.5, mention=0.2, languages=languages)
    digest = blake2b(encode(model), digest_size=4).hexdigest()
    model = msgspec.structs.replace(model, version=f"topics-{digest}")
    target = Path(__file__).with_name("model.json")
    target.write_bytes(encode(model))
    print(f"{model.version}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
