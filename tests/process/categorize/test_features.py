"""What the categorizer sees of a headline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.process.categorize.features import content_words, pair_features, word_features, word_stems
from streams.process.categorize.stem import stems


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ar", ["المباراه", "مباراه", "والمباراه", "بالمباراه"]),
        ("fr", ["gendarme", "gendarmes"]),
        ("en", ["strike", "strikes", "striking"]),
    ],
)
def test_forms_of_a_word_share_a_stem(language: str, words: list[str]) -> None:
    """Articles, clitics and endings come off."""
    assert len({stems(word, language)[0] for word in words}) == 1


def test_a_letter_that_may_be_a_clitic_gives_two_stems() -> None:
    """`بفوز` is «by a win», `بنك` is a bank: both readings are kept, but no stem gets too short."""
    assert stems("بفوزه", "ar") == ("بفوز", "فوز")
    assert stems("بنك", "ar") == ("بنك",)


def test_numbers_keep_only_their_kind() -> None:
    """A score speaks for sport, a percentage for the economy; which number it is speaks for nothing."""
    assert content_words("raja bat wydad 2-1 en 2024 52%", "fr") == [
        "raja", "bat", "wydad", "#score", "#number", "#percent",
    ]  # fmt: skip


def test_neighbouring_stems_skip_stop_words() -> None:
    """`coupe du monde` and `coupe monde` are the same pair."""
    words = [word_stems(word, "fr") for word in content_words("coupe du monde", "fr")]
    assert set(pair_features(words)) == {"coup mond"}


@given(st.text("abcdefghijابتثجحخدرسو", min_size=1, max_size=20), st.sampled_from(["ar", "fr", "en"]))
def test_a_word_has_each_feature_once(word: str, language: str) -> None:
    """Features of a word are a set, its stems among them."""
    features = word_features(word, language)
    assert set(stems(word, language)) <= set(features)
    beginnings = [feature for feature in features if feature.endswith("*")]
    assert len(beginnings) == len(set(beginnings))
