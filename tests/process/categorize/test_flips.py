"""Shadow comparison: which headlines another model or other rules would move."""

from streams.process.categorize.flips import Flip, flips, flips_by_topic
from streams.process.categorize.model import Categorizer
from streams.process.categorize.rules import parse_rules

OLD = Categorizer()
NEW = Categorizer(rules=parse_rules(b'[topics.port]\nwords = ["Rades"]', "rules.toml"))


def test_a_categorizer_compared_with_itself_flips_nothing() -> None:
    """No noise: what differs differs because of the change."""
    assert list(flips(["Match nul du Raja", "zzgrmpf"], OLD, OLD)) == []


def test_flips_are_shown_in_order_with_both_topics() -> None:
    """None stands for uncategorised on either side."""
    found = list(flips(["zzgrmpf à Radès", "Match de football nul", "Radès: qwxyt"], OLD, NEW))
    assert [flip.text for flip in found] == ["zzgrmpf à Radès", "Radès: qwxyt"]
    assert {flip.new for flip in found} == {"user:port"}


def test_flips_are_counted_by_way_the_most_first() -> None:
    """The table says where headlines came from and where they went."""
    ways = [("a", "b"), ("a", None), ("a", "b")]
    found = [Flip("x", "en", old, new) for old, new in ways]
    assert flips_by_topic(found) == [("a", "b", 2), ("a", None, 1)]
