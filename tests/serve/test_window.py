"""The window keeps the newest headlines, each chain once, and knows what a reader has missed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Duplicate
from streams.errors import InputError
from streams.serve.filter import Filter
from streams.serve.local import fill
from streams.serve.window import Window
from tests.serve.serve_support import filled, headline, texts

ALL = Filter()


def test_the_newest_come_first() -> None:
    """A page begins with what came last."""
    window = filled(headline(1, "One"), headline(2, "Two"))
    assert texts(window.newest(ALL)) == ["Two", "One"]


def test_a_chain_is_shown_once_in_its_newest_wording() -> None:
    """An update takes the place of what it updates."""
    window = filled(headline(1, "3 dead in crash"), headline(2), headline(3, "17 dead in crash", updates=1))
    assert texts(window.newest(ALL))[0] == "17 dead in crash"
    assert "3 dead in crash" not in texts(window.newest(ALL))


def test_a_late_wording_does_not_take_the_place_of_a_newer_one() -> None:
    """A headline that was observed earlier than one of its chain is no news of it."""
    window = filled(headline(2, "17 dead"), headline(1, "3 dead", chain=2, late=True))
    assert texts(window.newest(ALL)) == ["17 dead"]


def test_a_chain_that_was_corrected_is_shown_no_more() -> None:
    """What was right of it comes again under other ids; what the window never had is nothing to it."""
    window = filled(
        headline(1, "Bridge opens"), headline(2, "Two"), headline(3, "Bridge opens today", updates=1)
    )
    assert window.correct([headline(1).chain, headline(9).chain]) == [headline(1).chain]
    assert window.correct([headline(1).chain]) == [], "it is said once"
    assert texts(window.newest(ALL)) == ["Two"]
    window.add(headline(4, "Bridge opens"), 0, 9)
    assert texts(window.newest(ALL)) == ["Bridge opens", "Two"]


def test_the_oldest_go_when_there_are_too_many_and_all_that_is_known_of_them() -> None:
    """The window is bounded, whatever comes."""
    window = Window(3, 1, lambda: 0.0)
    for number in range(10):
        window.add(headline(number), 0, number)
        window.swallow(_duplicate(number))
    assert len(window) == 3
    assert window.by_id(headline(0).id) is None
    assert window.variants(headline(0).id) == ()
    assert window.chain(headline(0).chain) == []
    assert not window.reaches((6,))
    assert window.reaches((7,))


def test_a_filter_leaves_out_what_it_does_not_want() -> None:
    """Topic, language, source and words, all of which must hold."""
    window = filled(
        headline(1, "كأس العالم: المغرب يفوز", language="ar", source="hesabe"),
        headline(2, "Élections : le scrutin avancé", language="fr", category="politics"),
        headline(3, "Cup final tonight"),
    )
    assert texts(window.newest(Filter(languages=frozenset({"ar"})))) == ["كأس العالم: المغرب يفوز"]
    assert texts(window.newest(Filter(topics=frozenset({"politics"})))) == ["Élections : le scrutin avancé"]
    assert texts(window.newest(Filter(words=frozenset({"elections"})))) == ["Élections : le scrutin avancé"]
    assert texts(window.newest(Filter(sources=frozenset({"gazette"}), words=frozenset({"cup"})))) == [
        "Cup final tonight"
    ]


@given(partitions=st.lists(st.integers(0, 2), max_size=40), size=st.integers(1, 50))
def test_a_position_tells_exactly_what_comes_after_it(partitions: list[int], size: int) -> None:
    """Whoever has been given an entry and all before it lacks what came after, and nothing else."""
    window = Window(size, 3, lambda: 0.0)
    offsets = [0, 0, 0]
    for number, partition in enumerate(partitions):
        window.add(headline(number), partition, offsets[partition])
        offsets[partition] += 1
    entries = window.slice(window.begins, window.end)
    for index, entry in enumerate(entries):
        assert window.reaches(entry.position)
        missed = [other for other in entries if other.offset >= entry.position[other.partition]]
        assert missed == list(entries[index + 1 :])


def _duplicate(number: int) -> Duplicate:
    other = headline(number)
    return Duplicate(
        id=f"{number + 1000:020x}-0",
        source="other",
        observed_at=other.observed_at,
        slot=0,
        text="The same in other words",
        language="en",
        winner=other.id,
        winner_text=other.text,
        chain=other.chain,
        rule="typo",
        score=0.9,
    )


def test_files_without_a_headline_are_no_board(tmp_path: Path) -> None:
    """A name that is mistyped ends the program with a message; each file's own error is told before."""
    told: list[Exception] = []
    with pytest.raises(InputError, match=r"nosuch\.html: no headline to show"):
        fill(Window(10, 6, lambda: 0.0), [str(tmp_path / "nosuch.html")], told.append)
    (error,) = told
    assert "there is no such file or folder" in str(error)
