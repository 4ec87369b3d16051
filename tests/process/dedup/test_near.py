"""The index of live headlines finds what a new headline repeats, from what is live alone."""

import gc
import random
import weakref
from array import array
from collections.abc import Sequence
from typing import cast
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.process.dedup import bulk, near
from streams.process.dedup.compare import Relation
from streams.process.dedup.near import Indexed, NearIndex, stem
from streams.process.dedup.texts import pack
from streams.process.fold import fold, fold_key

SUBJECTS = ["وزير النقل", "رئيس الجماعة", "مدرب الوداد", "نقابة الأطباء", "والي الجهة"]
VERBS = ["يعلن", "يدشن", "يرفض", "ينتقد", "يؤجل"]
OBJECTS = ["مشروع المحطة الجديدة", "إضراب الخميس", "صفقة 3 حافلات", "صفقة 7 حافلات", "محطة القطار بسطات"]
FORMS = ["{}", "عاجل: {}", "{} | جريدة الضفة", "صادم.. {}", "{} رسميا", "{}…"]


def _headline(parts: tuple[str, str, str, str]) -> str:
    subject, verb, thing, form = parts
    return form.format(f"{subject} {verb} {thing}")


headlines = st.tuples(*map(st.sampled_from, (SUBJECTS, VERBS, OBJECTS, FORMS))).map(_headline)


def _indexed(text: str) -> Indexed:
    folded = fold(text)
    return Indexed(key=fold_key(folded), texts=pack(folded=folded, text=text))


def _find(index: NearIndex[Indexed], text: str) -> tuple[str, Relation] | None:
    found = index.find(fold(text), text)
    return None if found is None else (found[0].text, found[1])


def _index(texts: Sequence[str], language: str = "ar") -> NearIndex[Indexed]:
    index: NearIndex[Indexed] = NearIndex(language)
    for text in texts:
        index.add(_indexed(text))
    return index


@given(
    st.lists(headlines, max_size=14, unique_by=fold),
    st.lists(headlines, max_size=10, unique_by=fold),
    st.lists(headlines, min_size=1, max_size=5),
    st.randoms(use_true_random=False),
)
def test_history_decides_nothing(
    live: list[str], passing: list[str], asked: list[str], chance: random.Random
) -> None:
    """Any order of arrival, with any others that came and went, finds the same as the live ones alone."""
    plain = _index(live)
    eventful: NearIndex[Indexed] = NearIndex("ar")
    shuffled = {fold(text): _indexed(text) for text in chance.sample(live + passing, len(live + passing))}
    for headline in shuffled.values():
        eventful.add(headline)
    for gone in set(map(fold, passing)) - set(map(fold, live)):
        eventful.remove(shuffled[gone])
    for text in chance.sample(live, len(live)):
        eventful.remove(shuffled[fold(text)])
        eventful.add(_indexed(text))
    assert len(plain) == len(eventful)
    for text in asked:
        assert _find(plain, text) == _find(eventful, text)


@given(st.lists(headlines, min_size=1, max_size=10, unique_by=fold))
def test_nothing_stays_of_what_left(texts: list[str]) -> None:
    """An index whose headlines all left finds nothing, and forgets their stems with the words."""
    index: NearIndex[Indexed] = NearIndex("ar")
    headlines = [_indexed(text) for text in texts]
    for headline in headlines:
        index.add(headline)
    for headline in headlines:
        index.remove(headline)
    index._words.forget()
    assert len(index) == 0
    assert not index._words._by_stem
    assert _find(index, texts[0]) is None


@given(
    st.lists(headlines, max_size=14, unique_by=fold),
    st.lists(headlines, min_size=1, max_size=14, unique_by=fold),
    st.lists(headlines, min_size=1, max_size=5),
)
def test_many_at_once_are_found_as_if_each_had_been_added(
    before: list[str], many: list[str], asked: list[str]
) -> None:
    """Adding all at once makes the same index, whatever was there before, and lets them go again."""
    live = set(map(fold, before))
    many = [text for text in many if fold(text) not in live] + [""]
    one_by_one, at_once = _index(before), _index(before)
    together = [_indexed(text) for text in many]
    with (
        mock.patch.multiple(near, _MANY=0, _ADDED_AT_ONCE=3, _SLOTS_AT_ONCE=4),
        mock.patch.multiple(bulk, _SAMPLED=2, _PIECE=2),
    ):
        for _ in at_once.add_all(together):
            pass
    for text in many:
        one_by_one.add(_indexed(text))
    slots = [{p.stem: list(p) for p in i._words._by_stem.values()} for i in (one_by_one, at_once)]
    assert slots[0] == slots[1]
    assert [_find(at_once, text) for text in asked] == [_find(one_by_one, text) for text in asked]
    for headline in together:
        at_once.remove(headline)
    assert [_find(at_once, text) for text in asked] == [_find(_index(before), text) for text in asked]


def test_what_was_gathered_is_freed_when_it_is_handed_out() -> None:
    """It takes a hundred bytes a headline, and the cyclic collector, which runs rarely, is not waited for."""
    index: NearIndex[Indexed] = NearIndex("en")
    index.gather([_indexed(f"Storm closes the port of town{chr(97 + number)}") for number in range(20)])
    gathered = weakref.ref(cast("object", index._gathered))
    gc.disable()
    try:
        for _ in index.add_all([]):
            pass
        assert gathered() is None
    finally:
        gc.enable()


@given(st.lists(st.lists(st.text("ab\0é", min_size=1, max_size=3), max_size=6).map(" ".join), max_size=20))
def test_words_that_differ_are_told_apart(texts: list[str]) -> None:
    """Each word is handed the texts in which it stands, however alike words are and whatever is in them."""
    gathered: bulk.Gathered[str] = bulk.Gathered(str)
    for first in range(0, len(texts), 3):
        gathered.add("\n".join(texts[first : first + 3]).encode(), first)
    expected: dict[str, list[int]] = {}
    for slot, text in enumerate(texts):
        for word in set(text.split()):
            expected.setdefault(word, []).append(slot)
    handed = [each for step in gathered.hand_out(4) for each in step]
    assert {word: array("I", slots).tolist() for word, slots in handed} == expected


postings = st.lists(st.sets(st.integers(0, 40), max_size=20), min_size=2, max_size=7)


@given(postings, st.data())
def test_many_share_what_few_share(found: list[set[int]], data: st.DataObject) -> None:
    """Sorting the slots of postings counts those that several have as looking at each does."""
    fewest = data.draw(st.integers(2, len(found)))
    slots = [array("I", sorted(each)) for each in found]
    assert bulk.shared(slots, fewest) == near._shared(slots, fewest)


@given(
    st.lists(headlines, max_size=14, unique_by=fold),
    st.lists(headlines, min_size=1, max_size=5),
)
def test_how_many_are_live_decides_nothing(live: list[str], asked: list[str]) -> None:
    """What is found does not depend on how the slots are counted, which goes by the number of headlines."""
    index = _index(live)
    found = [_find(index, text) for text in asked]
    with mock.patch.object(near, "_MANY", 0):
        assert [_find(index, text) for text in asked] == found


def test_a_duplicate_comes_before_an_update() -> None:
    """Where one live headline is repeated and another updated, the repeated one is found."""
    index = _index(["قطار يدهس 3 أبقار قرب سطات", "قطار يدهس 5 أبقار قرب سطات"])
    found = _find(index, "قطار يدهس خمسة أبقار قرب سطات")
    assert found is not None
    assert found[0] == "قطار يدهس 5 أبقار قرب سطات"
    assert found[1].relation == "duplicate"


def test_an_update_goes_from_the_live_headline() -> None:
    """The changes of an update go from the live headline to the new one."""
    index = _index(["قطار يدهس 3 أبقار قرب سطات"])
    found = _find(index, "قطار يدهس 8 أبقار قرب سطات")
    assert found is not None
    assert [(c.before, c.after) for c in found[1].changes] == [("3", "8")]


def test_what_is_distinct_is_not_found() -> None:
    """A live headline that only shares words is not found."""
    index = _index(["الرجاء يهزم الوداد في الديربي"])
    assert _find(index, "الوداد يهزم الرجاء في الديربي") is None
    assert _find(index, "افتتاح معرض الفرس بالجديدة") is None


@pytest.mark.parametrize("remembered", [0, 3])
def test_words_that_are_forgotten_are_looked_up_again(
    monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    """However few words an index remembers, it finds, and lets go, what an index with all of them does."""
    monkeypatch.setattr(near, "_REMEMBERED_WORDS", remembered)
    index: NearIndex[Indexed] = NearIndex("en")
    texts = [f"Storm closes {place} overnight" for place in ("Tangier port", "the motorway", "two schools")]
    headlines = [_indexed(text) for text in texts]
    for headline in headlines:
        index.add(headline)
    index.remove(headlines[0])
    found = [_find(index, f"BREAKING: {text}!") for text in texts]
    assert [each and each[0] for each in found] == [None, *texts[1:]]


def test_slots_that_run_out_are_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last slot number is used, live headlines are renumbered and found as before."""
    monkeypatch.setattr(near, "_LAST_SLOT", 3)
    index: NearIndex[Indexed] = NearIndex("en")
    for number in range(12):
        headline = _indexed(f"Storm closes the port of town{chr(97 + number)} overnight")
        index.add(headline)
        found = _find(index, f"BREAKING: {headline.text}!")
        assert found is not None
        assert found[0] == headline.text
        if number > 1:
            index.remove(headline)
    assert len(index) == 2


@pytest.mark.parametrize(
    ("word", "expected"), [("والمدرسة", "مدرسه"), ("goals", "goal"), ("bus", "bus"), ("في", "في")]
)
def test_a_stem_leaves_prefixes_and_plurals(word: str, expected: str) -> None:
    """Candidates are found by words without Arabic prefixes or Latin plurals."""
    assert stem(fold(word)) == expected


@pytest.mark.parametrize("text", ["", "…", "12", "و"])
def test_texts_without_words_disturb_nobody(text: str) -> None:
    """A text without words can be live, and is found by itself at most."""
    index = _index([text, "قطار يدهس 3 أبقار قرب سطات"])
    assert _find(index, "قطار يدهس شاحنة قرب سطات") is None
    found = _find(index, text)
    assert found is None or found[1].rule == "exact"
