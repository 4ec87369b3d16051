"""Scores added in the lanes of one integer, or in rows of numbers, are those of each feature added by itself."""

from math import exp
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.process.categorize import bulk
from streams.process.categorize.bulk import BulkScorer
from streams.process.categorize.features import content_words, pair_features, word_features, word_stems
from streams.process.categorize.model import packaged_model
from streams.process.categorize.scores import MOST_WEIGHT, Scorer, Weights

_WORDS = ["coupe", "monde", "du", "mondial", "ولملعب", "الملعب", "وزير", "2-1", "52%", "2024", "a", "مراكش"]
_PIECES = [
    "coup",
    "mond",
    "coup mond",
    "cou*",
    "mon*",
    "ملعب",
    "ملع*",
    "#score",
    "#percent",
    "وزير",
    "coup mond mond",
]
_weights = st.dictionaries(
    st.sampled_from(_PIECES),
    st.dictionaries(st.integers(0, 2), st.integers(-MOST_WEIGHT, MOST_WEIGHT), min_size=1).map(
        lambda row: [number for pair in row.items() for number in pair]
    ),
)
_bias = st.lists(st.integers(-50, 50), min_size=3, max_size=3)
_headlines = st.lists(st.sampled_from(_WORDS), max_size=30).map(" ".join)


def _plain_powers(language: str, bias: list[int], weights: Weights, folded: str) -> list[int]:
    scores, found = list(bias), False
    words = content_words(folded, language)
    features = [feature for word in words for feature in word_features(word, language)]
    features += pair_features([word_stems(word, language) for word in words])
    for feature in features:
        row = weights.get(feature, ())
        found = found or feature in weights
        for topic, weight in zip(row[::2], row[1::2], strict=True):
            scores[topic] += weight
    return [round((1 << 40) * exp((score - max(scores)) / 100)) for score in scores] if found else []


@settings(deadline=None)
@given(
    st.sampled_from(["ar", "fr", "en"]),
    st.lists(st.integers(-50, 50), min_size=3, max_size=3),
    _weights,
    _headlines,
)
def test_lanes_add_up_as_numbers_do(language: str, bias: list[int], weights: Weights, folded: str) -> None:
    """Whatever the weights, negative ones too, every topic has the sum of the headline's features."""
    expected = _plain_powers(language, bias, weights, folded)
    scorer = Scorer(language, bias, weights)
    for _ in ("its words are new", "its words are known"):
        assert scorer.powers(folded) == (expected, sum(expected))


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_the_packaged_weights_add_up(language: str) -> None:
    """Its own features, each after another, score as they do one by one."""
    model = packaged_model().languages[language]
    scorer = Scorer(language, model.bias, model.weights)
    words = [feature.rstrip("*") for feature in list(model.weights)[::7]]
    for at in range(0, len(words), 12):
        folded = " ".join(words[at : at + 12])
        expected = _plain_powers(language, list(model.bias), model.weights, folded)
        assert scorer.powers(folded) == (expected, sum(expected))


@settings(deadline=None)
@given(
    st.sampled_from(["ar", "fr", "en"]),
    st.lists(st.integers(-50, 50), min_size=3, max_size=3),
    _weights,
    st.lists(_headlines, min_size=1, max_size=8),
    st.sampled_from([0, 3, 100_000]),
)
def test_many_headlines_score_as_each_does(
    language: str, bias: list[int], weights: Weights, headlines: list[str], remembered: int
) -> None:
    """Whatever stands beside a headline, and however few words are remembered, its weights are its own."""
    scorer = Scorer(language, bias, weights)
    many = BulkScorer(scorer, bias)
    with mock.patch.object(bulk, "REMEMBERED_WORDS", remembered):
        for some in (headlines, headlines[::-1]):
            powers, is_known = many.powers(some)
            found = [row if known else [] for row, known in zip(powers.tolist(), is_known, strict=True)]
            assert found == [scorer.powers(folded)[0] for folded in some]
