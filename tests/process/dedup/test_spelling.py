"""British and American spellings of one word come to the same; words that only look so do not."""

import pytest

from streams.process.dedup.words.spelling import american


@pytest.mark.parametrize(
    ("british", "spelling"),
    [
        ("labour", "labor"),
        ("neighbouring", "neighboring"),
        ("colours", "colors"),
        ("organisation", "organization"),
        ("criticises", "criticizes"),
        ("analysed", "analyzed"),
        ("travelled", "traveled"),
        ("cancelling", "canceling"),
        ("centre", "center"),
        ("theatres", "theaters"),
        ("catalogue", "catalog"),
        ("defence", "defense"),
        ("anaemia", "anemia"),
        ("manoeuvre", "maneuver"),
        ("paediatric", "pediatric"),
    ],
)
def test_british_spellings_have_an_american_one(british: str, spelling: str) -> None:
    """Endings are spelled as Americans spell them, and stay so."""
    assert american(british) == spelling
    assert american(spelling) == spelling


OTHERS = (
    "four hour hours tour pour your flour court rise wise prise size metre-long called filled fence sentence dialog",
    "shoe poem israel dollar there genre acre stalled raise close",
)


@pytest.mark.parametrize("word", " ".join(OTHERS).split())
def test_other_words_stay(word: str) -> None:
    """No rule touches a word that has no other spelling."""
    assert american(word) == word
