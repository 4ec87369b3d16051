"""Taught topics in a rules file: which version holds when, by event time, and what events say of it."""

from collections.abc import Callable

import pytest

from schemas.events import Headline
from streams.errors import InputError, SettingsError
from streams.process.categorize.model import Categorizer
from streams.process.categorize.processor import CategorizeProcessor
from streams.process.categorize.rules import Rule, as_now, parse_rules
from streams.process.categorize.taught import TaughtTopic
from streams.process.fold import fold
from tests.process.categorize.test_teach import FOR, HARBOURS, taught

TEXT = "Port of Sfax welcomes its largest container ship"
TWICE = taught(FOR + "Ferry terminal of La Goulette opens its second quay\n", before=HARBOURS)
TABLE = '[topics.harbours]\ntaught = "harbours.taught.json"\n'
MARCH, APRIL, MAY = (f"2026-0{month}-01T00:00:00.000Z" for month in (3, 4, 5))
SWITCHED = (
    TABLE
    + f"[[topics.harbours.switched]]\nsince = {MARCH}\nto = 1\n"
    + '[topics.own]\nwords = "zzgrmpf"\n'
    + f"[[topics.harbours.switched]]\nsince = {APRIL}\nto = 2\n"
    + f'[[topics.harbours.switched]]\nsince = {MAY}\nto = "off"\n'
)


def rules(text: str, topic: TaughtTopic = TWICE) -> tuple[Rule, ...]:
    return parse_rules(text.encode(), "rules.toml", lambda _: topic)


def published(categorizer: Categorizer, at: str) -> tuple[str, str]:
    """The category and the model of a headline that was shown then."""
    headline = Headline(
        id="0123456789abcdef0123-0",
        chain="0123456789abcdef0123-0",
        source="x",
        observed_at=at,
        slot=0,
        text=TEXT,
        language="en",
    )
    event = CategorizeProcessor(categorizer).categorize(headline)
    return event.category, event.model


def test_the_version_that_held_then_decides() -> None:
    """A replay of any day decides as that day did, and events name the version; nothing held before the first."""
    categorizer = Categorizer(rules=rules(SWITCHED))
    found = [
        published(categorizer, at)
        for at in ("2026-02-28T23:59:59.999Z", MARCH, "2026-04-01T00:00:00.000Z", MAY)
    ]
    assert [category for category, _ in found] == ["economy", "harbours", "harbours", "economy"]
    assert ["harbours@" in model for _, model in found] == [False, True, True, False]
    assert "harbours@1-" in found[1][1]
    assert "harbours@2-" in found[2][1]


def test_a_replay_can_decide_as_of_now() -> None:
    """What holds last then holds always, on or off."""
    text = SWITCHED.partition("[[topics.harbours.switched]]\nsince = 2026-05")[0]
    now = Categorizer(rules=as_now(rules(text)))
    assert [published(now, at)[0] for at in ("2020-01-01T00:00:00.000Z", MAY)] == ["harbours", "harbours"]
    off = Categorizer(rules=as_now(rules(SWITCHED)))
    assert published(off, MARCH)[0] == "economy"


def test_what_speaks_for_a_taught_topic_is_told_with_its_version() -> None:
    """Words with their weights, and the media topics that the examples have."""
    categorizer = Categorizer(rules=rules(SWITCHED))
    reasons = categorizer.why(TEXT, fold(TEXT), "en", None, MARCH)
    assert reasons[0].topic == "user:harbours"
    assert {each.rule for each in reasons if each.topic == "user:harbours"} == {"harbours@1"}
    assert {"port", "container"} & {each.words for each in reasons}
    assert all(each.weight > 0 for each in reasons)
    assert not [each for each in categorizer.why(TEXT, fold(TEXT), "en", None, MAY) if each.rule]


def test_a_source_can_be_asked_for_beside_examples() -> None:
    """Then both must hold, as for words."""
    text = TABLE + 'source = "port"\n' + f"[[topics.harbours.switched]]\nsince = {MARCH}\nto = 1\n"
    categorizer = Categorizer(rules=rules(text))
    assert categorizer.categorize(TEXT, fold(TEXT), "en", "port").topic == "user:harbours"
    assert categorizer.categorize(TEXT, fold(TEXT), "en", "other").topic != "user:harbours"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (TABLE, "switched: say which version"),
        ("[topics.harbours]\nswitched = []\n", "only a taught topic"),
        (TABLE + 'words = "port"\n' + "switched = []\n", "not both"),
        (TABLE.replace("harbours]", "sport]") + "switched = []\n", "sport is a media topic"),
        (
            TABLE.replace("harbours]", "ports]") + f"switched = [{{since = {MARCH}, to = 1}}]\n",
            "topic harbours",
        ),
        (TABLE + f"switched = [{{since = {MARCH}, to = 3}}]\n", "a version of 1 to 2, not 3"),
        (TABLE + f"switched = [{{since = {MARCH}, to = true}}]\n", "a version of 1 to 2, not True"),
        (TABLE + "switched = [{since = 2026-03-01, to = 1}]\n", "since: give a time with its zone"),
        (TABLE + f"switched = [{{since = {MARCH}}}]\n", "since and to"),
        (
            TABLE + f"switched = [{{since = {APRIL}, to = 1}}, {{since = {MARCH}, to = 2}}]\n",
            "later than the one before",
        ),
        ("[topics.harbours]\ntaught = 1\n", "taught: give the file"),
    ],
)
def test_a_mistake_is_told_with_file_table_and_key(text: str, problem: str) -> None:
    """The start stops; nothing is guessed."""
    with pytest.raises(SettingsError, match=rf"^rules\.toml: \[topics\.\w+\]: .*{problem}"):
        rules(text)


def _fails(error: Exception) -> Callable[[str], TaughtTopic]:
    def read(_: str) -> TaughtTopic:
        raise error

    return read


def test_a_file_that_cannot_be_read_is_told() -> None:
    """With the table that names it."""
    text = TABLE + f"switched = [{{since = {MARCH}, to = 1}}]\n"
    with pytest.raises(SettingsError, match=r"\[topics\.harbours\]: taught: x\.json: gone"):
        parse_rules(text.encode(), "rules.toml", _fails(InputError("x.json", "gone")))
    with pytest.raises(SettingsError, match="cannot be read from here"):
        parse_rules(text.encode(), "rules.toml")
