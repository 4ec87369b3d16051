"""The users' own topics: what a rules file can say, and what it is told when it says nonsense."""

import re
from pathlib import Path

import pytest

from schemas.mediatopics import TOPIC_BY_SLUG
from streams.errors import SettingsError
from streams.process.categorize.model import Categorizer
from streams.process.categorize.rules import parse_rules
from streams.process.fold import fold
from streams.process.language import detect

SPORT = TOPIC_BY_SLUG["sport"]


def topics(rules: str, text: str, source: str | None = None) -> list[str]:
    """The topics of a headline under a rules file, the surest first."""
    categorizer = Categorizer(rules=parse_rules(rules.encode(), "rules.toml"))
    folded = fold(text)
    categories = categorizer.categorize(text, folded, detect(folded), source)
    assert categories.topic == (categories.topics[0].topic if categories.topics else None)
    return [score.topic for score in categories.topics]


def test_words_add_a_topic_of_the_users_own() -> None:
    """Words match folded, with Arabic clitics, and the model's topics stay behind the user's."""
    rules = '[topics.agadir]\nwords = ["أكادير", "Agadir"]'
    assert topics(rules, "المنتخب يفوز في مباراة بأكادير")[:2] == ["user:agadir", SPORT]
    assert topics(rules, "AGADIR : le match de football reporté")[0] == "user:agadir"
    assert "user:agadir" not in topics(rules, "Agadirois : le match de football reporté")


def test_override_drops_what_the_model_found() -> None:
    """With override only the user's topic is left."""
    rules = '[topics.agadir]\nwords = "Agadir"\noverride = true'
    assert topics(rules, "Agadir : le match de football reporté") == ["user:agadir"]


def test_a_media_topics_slug_speaks_for_that_topic() -> None:
    """A rule can teach the model a word of a media topic."""
    assert topics('[topics.sport]\nwords = "zzgrmpf"', "zzgrmpf qwxyt") == [SPORT]


def test_a_source_alone_takes_all_of_its_headlines() -> None:
    """A sports page is about sport, whatever its words."""
    rules = '[topics.sport]\nsource = ["sportpage"]'
    assert topics(rules, "zzgrmpf qwxyt", "sportpage") == [SPORT]
    assert topics(rules, "zzgrmpf qwxyt", "other") == []


def test_a_source_narrows_words_and_patterns() -> None:
    """Words and pattern are alternatives; the source must hold as well."""
    rules = '[topics.own]\nsource = "a"\nwords = "zzgrmpf"\npattern = "q[vw]x"'
    assert topics(rules, "zzgrmpf", "a") == ["user:own"]
    assert topics(rules, "QWX", "a") == ["user:own"]
    assert topics(rules, "zzgrmpf", "b") == []
    assert topics(rules, "else", "a") == []


def test_a_lower_confidence_gives_way_to_the_model() -> None:
    """A user who is not sure says so, and the surer topic comes first."""
    rules = '[topics.own]\nwords = "match"\nconfidence = 0.3'
    assert topics(rules, "Coupe du monde de football : le match nul des Lions de l'Atlas")[0] == SPORT
    assert topics('[topics.own]\nwords = "zzgrmpf"\nconfidence = 0.3', "zzgrmpf") == ["user:own"]


def test_why_names_the_rule() -> None:
    """A rule's evidence stands before the model's words."""
    categorizer = Categorizer(rules=parse_rules(b'[topics.own]\npattern = "zz(g|h)"', "rules.toml"))
    (reason,) = categorizer.why("a ZZH", "a zzh", "en")
    assert (reason.words, reason.topic, reason.rule) == ("ZZH", "user:own", "own")


def test_the_version_changes_with_the_rules() -> None:
    """An event's `model` tells apart what was decided under other rules."""
    plain = Categorizer()
    one = Categorizer(rules=parse_rules(b'[topics.own]\nwords = "a"', "r"))
    two = Categorizer(rules=parse_rules(b'[topics.own]\nwords = "b"', "r"))
    assert len({plain.version, one.version, two.version}) == 3


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("[topics.Sport]\nwords = 'a'", r"\[topics\.Sport\]: a name"),
        ("[topics.uncategorised]\nwords = 'a'", r"\[topics\.uncategorised\]"),
        ("[topics.own]\nword = 'a'", r"\[topics\.own\]: word: this key is not known"),
        ("[topics.own]\nwords = 3", r"\[topics\.own\]: words: give a text"),
        ("[topics.own]\nwords = []", r"\[topics\.own\]: words: the list is empty"),
        ("[topics.own]\nwords = ['…']", r"\[topics\.own\]: words: .* no letter"),
        ("[topics.own]\npattern = '('", r"\[topics\.own\]: pattern: "),
        ("[topics.own]\npattern = 1", r"\[topics\.own\]: pattern: give a regular expression"),
        ("[topics.own]\nwords = 'a'\nconfidence = 2", r"confidence: give a number above 0"),
        ("[topics.own]\nwords = 'a'\noverride = 'yes'", r"override: give true or false"),
        ("[topics.own]\nconfidence = 1", r"give words, source or pattern"),
        ("[topic.own]\nwords = 'a'", r"\[topic\]: only tables"),
        ("topics = 3", r"there is no table"),
        ("[topics]\nown = 3", r"\[topics\.own\]: a topic is a table"),
        ("", r"there is no table"),
        ("[topics.own", r"this is not TOML"),
    ],
)
def test_a_mistake_is_told_with_file_table_and_key(rules: str, said: str) -> None:
    """The start stops with an error that says where to look."""
    with pytest.raises(SettingsError, match=r"rules\.toml: " + said if said[0] == "\\" else said):
        parse_rules(rules.encode(), "rules.toml")


def test_rules_that_are_not_utf8_are_refused() -> None:
    """Windows-1256 rules would match nothing: better to say so."""
    with pytest.raises(SettingsError, match=r"rules\.toml: rules are UTF-8"):
        parse_rules("[topics.own]\nwords = 'é'".encode("latin-1"), "rules.toml")


def test_the_documented_rules_file_works() -> None:
    """What docs/categories.md shows can be copied as it stands."""
    page = Path("docs/categories.md").read_text("utf-8")
    example, *_ = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    rules = parse_rules(example.encode(), "docs/categories.md")
    assert [rule.topic for rule in rules] == ["user:agadir", SPORT, "user:elections"]
    assert topics(example, "Présidentielles 2027 : le match de football reporté") == ["user:elections"]
