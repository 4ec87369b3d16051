"""Lexicons: how entries become weights, and what a wrong entry is told."""

import pytest

from schemas.mediatopics import TOPIC_BY_SLUG
from streams.errors import SettingsError
from streams.process.categorize.lexicon import GRADES, LANGUAGES, compile_lexicon, packaged_lexicon

SPORT, ARTS = TOPIC_BY_SLUG["sport"], TOPIC_BY_SLUG["arts"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_packaged_lexicons_speak_for_all_topics(language: str) -> None:
    """Every topic has words in every language."""
    topics = {topic for row in packaged_lexicon(language).values() for topic in row}
    assert topics == set(TOPIC_BY_SLUG.values())


def test_entries_are_stems_beginnings_and_phrases() -> None:
    """Each is compared as the categorizer sees a headline."""
    prior = compile_lexicon('[sport]\nsure = ["Coupe du Monde", "footb*"]\nhint = ["buts"]', "fr", "x")
    assert set(prior) == {"coupe monde", "footb*", "buts"} or len(prior) == 3
    assert prior["footb*"] == {SPORT: GRADES["sure"]}


def test_a_word_counts_as_its_strongest_entry() -> None:
    """A stem that a beginning covers adds only what it has above it, for that topic."""
    prior = compile_lexicon(
        '[sport]\nsure = ["marathon"]\nlikely = ["marat*"]\n[arts]\nhint = ["marathon"]', "en", "x"
    )
    assert prior["marathon"] == {SPORT: GRADES["sure"] - GRADES["likely"], ARTS: GRADES["hint"]}


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[sports]\nsure = ["a b"]', r"x\.toml: \[sports\] is no slug"),
        ('[sport]\nmaybe = ["match"]', r"x\.toml: \[sport\] maybe: known grades"),
        ('[sport]\nsure = ["a*"]', r"x\.toml: \[sport\] sure: 'a\*'"),
        ('[sport]\nsure = ["one two three four"]', r"x\.toml: \[sport\] sure: 'one two three four'"),
        ('[sport]\nsure = ["coupe mondi*"]', r"x\.toml: \[sport\] sure: 'coupe mondi\*'"),
    ],
)
def test_a_wrong_entry_is_told_with_its_place(toml: str, said: str) -> None:
    """Whoever edits a lexicon is told which entry to look at."""
    with pytest.raises(SettingsError, match=said):
        compile_lexicon(toml, "fr", "x.toml")
