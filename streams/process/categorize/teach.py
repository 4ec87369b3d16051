"""Learn a topic from positive and negative examples: logistic regression, a threshold, and its measured quality.

Both sides have the same total weight, however many examples each has. The threshold is the one with the best F0.5
(precision counts double) on leave-one-out scores of the examples. It is above the score of a headline without known
features, so that a headline needs evidence for the topic. Deterministic: the same examples give the same file.
"""

from collections.abc import Sequence
from hashlib import blake2b
from math import floor, sqrt
from typing import Any, Final

import msgspec
import numpy as np

from schemas.events import MAX_TEXT
from schemas.mediatopics import SLUG_BY_TOPIC
from streams.errors import InputError
from streams.process.categorize.model import Categorizer
from streams.process.categorize.taught import Measured, Taught, TaughtTopic, features_of
from streams.process.fold import fold
from streams.process.language import detect

LEAST_EXAMPLES: Final = 10
"""Of each side."""
MOST_EXAMPLES: Final = 1000
"""Of each side; leaving each out in turn takes the cube of it."""
_STRENGTH: Final = 0.5
"""Of the pull of every weight towards 0."""
_STEPS: Final = 50
_ENOUGH: Final = 1e-10
_BETA_SQUARED: Final = 0.25
_ABOVE_NOTHING: Final = 0.1
"""Nats that a headline needs above one of which nothing is known."""

Vector = np.ndarray[Any, np.dtype[np.float64]]


class Example(msgspec.Struct, frozen=True):
    """A headline to learn from, and the line that it stands on."""

    text: str
    folded: str
    place: str


class _Fit(msgspec.Struct, frozen=True):
    """How much each example is weighed, and the bias."""

    weights: Vector
    bias: float


def read_examples(data: bytes, place: str) -> list[Example]:
    """The headlines of a file, one a line; empty lines and repetitions do not count.

    Raises:
        InputError: A line is no headline, or there are too few or too many; says which.
    """
    found: dict[str, Example] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        example = _example(line, f"{place}:{number}")
        if example is not None:
            found.setdefault(example.folded, example)
    if len(found) < LEAST_EXAMPLES:
        raise InputError(
            place,
            f"{len(found)} different headlines; at least {LEAST_EXAMPLES} are needed, and more teach more",
        )
    if len(found) > MOST_EXAMPLES:
        raise InputError(place, f"{len(found)} headlines; at most {MOST_EXAMPLES} are taken")
    return list(found.values())


def _example(line: bytes, place: str) -> Example | None:
    try:
        text = line.decode().strip()
    except UnicodeDecodeError as error:
        raise InputError(place, f"not UTF-8 at byte {error.start}: convert it (iconv)") from None
    if not text:
        return None
    if len(text) > MAX_TEXT:
        raise InputError(place, f"{len(text):,} characters; a headline has {MAX_TEXT:,} at most")
    folded = fold(text)
    language = detect(folded)
    if not any(features_of(word, language) for word in folded.split()):
        raise InputError(place, f"{text!r} has no word that can tell a topic")
    return Example(text, folded, place)


def teach(
    slug: str,
    examples_for: Sequence[Example],
    examples_against: Sequence[Example],
    before: TaughtTopic | None = None,
) -> TaughtTopic:
    """The topic with one more version; as it was before, where the last version is what comes out.

    Raises:
        InputError: A headline is on both sides; says where.
    """
    sides = {example.folded: example.place for example in examples_for}
    for example in examples_against:
        if example.folded in sides:
            raise InputError(
                example.place, f"the same headline stands for the topic at {sides[example.folded]}"
            )
    versions = before.versions if before else ()
    taught = _learn(examples_for, examples_against, len(versions) + 1)
    if versions and msgspec.structs.replace(taught, version=len(versions)) == versions[-1]:
        return TaughtTopic(topic=slug, versions=versions)
    return TaughtTopic(topic=slug, versions=(*versions, taught))


def _learn(examples_for: Sequence[Example], examples_against: Sequence[Example], version: int) -> Taught:
    # Sorted, so that the order of lines teaches nothing.
    sides = [sorted(side, key=lambda example: example.folded) for side in (examples_for, examples_against)]
    examples = [*sides[0], *sides[1]]
    categorizer = Categorizer()
    inputs, vocabulary = _inputs(examples, categorizer)
    wanted = np.array([1.0] * len(sides[0]) + [0.0] * len(sides[1]))
    fit = _fit(inputs, wanted)
    left_out = _left_out(inputs, wanted)
    threshold = max(_threshold(left_out, wanted), fit.bias + _ABOVE_NOTHING)
    weights = np.rint(100 * (inputs.T @ fit.weights)).astype(int)
    return Taught(
        version=version,
        taught_on=categorizer.version,
        examples_for=len(sides[0]),
        examples_against=len(sides[1]),
        examples=_digest(sides),
        leave_one_out=_measured(left_out, wanted, threshold),
        threshold=floor(100 * threshold),
        bias=round(100 * fit.bias),
        topics={topic: int(w) for topic, w in zip(SLUG_BY_TOPIC, weights, strict=False) if w},
        features={
            feature: int(weights[column]) for feature, column in sorted(vocabulary.items()) if weights[column]
        },
    )


def _digest(sides: Sequence[Sequence[Example]]) -> str:
    texts = [[example.folded for example in side] for side in sides]
    return blake2b(repr(texts).encode(), digest_size=8).hexdigest()


def _inputs(examples: Sequence[Example], categorizer: Categorizer) -> tuple[Vector, dict[str, int]]:
    """A row for each example: the media topics' shares, then its features over the root of their number."""
    rows: list[dict[str, int]] = []
    shares: list[tuple[float, ...]] = []
    for example in examples:
        language = detect(example.folded)
        counts: dict[str, int] = {}
        for word in dict.fromkeys(example.folded.split()):
            for feature in features_of(word, language):
                counts[feature] = counts.get(feature, 0) + 1
        rows.append(counts)
        shares.append(categorizer.shares(example.folded, language))
    first = len(SLUG_BY_TOPIC)
    vocabulary = {feature: first + at for at, feature in enumerate(sorted({f for row in rows for f in row}))}
    inputs = np.zeros((len(rows), first + len(vocabulary)))
    for at, (row, share) in enumerate(zip(rows, shares, strict=True)):
        inputs[at, : len(share)] = share
        for feature, count in row.items():
            inputs[at, vocabulary[feature]] = count / sqrt(sum(row.values()))
    return inputs, vocabulary


def _fit(inputs: Vector, wanted: Vector) -> _Fit:
    """Regularised logistic regression in its dual: a weight for each example (kernel logistic regression).

    Newton's method; each step solves a weighted least squares problem (Rasmussen and Williams 2006, 3.4).
    """
    number = len(wanted)
    kernel = inputs @ inputs.T
    balance = np.where(wanted == 1, number / 2 / wanted.sum(), number / 2 / (number - wanted.sum()))
    weights, bias = np.zeros(number), 0.0
    system = np.ones((number + 1, number + 1))
    system[number, number] = 0
    for _ in range(_STEPS):
        scores = kernel @ weights + bias
        sure = 1 / (1 + np.exp(-scores))
        curvature = balance * np.maximum(sure * (1 - sure), 1e-6)
        system[:number, :number] = kernel + np.diag(_STRENGTH / curvature)
        solved = np.linalg.solve(system, np.append(scores - balance * (sure - wanted) / curvature, 0))
        moved = float(np.abs(solved[:number] - weights).max())
        weights, bias = solved[:number], float(solved[number])
        if moved < _ENOUGH:
            break
    return _Fit(weights, bias)


def _left_out(inputs: Vector, wanted: Vector) -> Vector:
    """The score of each example by what all others teach."""
    scores = np.zeros(len(wanted))
    for at in range(len(wanted)):
        others = np.arange(len(wanted)) != at
        fit = _fit(inputs[others], wanted[others])
        scores[at] = float((inputs[others] @ inputs[at]) @ fit.weights) + fit.bias
    return scores


def _threshold(scores: Vector, wanted: Vector) -> float:
    """The score of an example for the topic from which on F0.5 is highest; the highest of several such."""

    def goodness(threshold: float) -> tuple[float, float]:
        taken = scores >= threshold
        right = float((taken & (wanted == 1)).sum())
        wrong, missed = float(taken.sum()) - right, float(wanted.sum()) - right
        return (
            (1 + _BETA_SQUARED) * right / ((1 + _BETA_SQUARED) * right + _BETA_SQUARED * missed + wrong),
            threshold,
        )

    return max((float(score) for score in scores[wanted == 1]), key=goodness)


def _measured(scores: Vector, wanted: Vector, threshold: float) -> Measured:
    taken = scores >= threshold
    right = float((taken & (wanted == 1)).sum())
    return Measured(
        precision=round(right / max(float(taken.sum()), 1), 3), recall=round(right / float(wanted.sum()), 3)
    )
