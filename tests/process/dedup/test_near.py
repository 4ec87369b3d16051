"""The index of live headlines finds what a new headline repeats, from what is live alone."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.process.dedup import near
from streams.process.dedup.compare import Relation
from streams.process.dedup.near import NearIndex, stem
from streams.process.fold import fold, fold_key

SUBJECTS = ["وزير النقل", "رئيس الجماعة", "مدرب الوداد", "نقابة الأطباء", "والي الجهة"]
VERBS = ["يعلن", "يدشن", "يرفض", "ينتقد", "يؤجل"]
OBJECTS = ["مشروع المحطة الجديدة", "إضراب الخميس", "صفقة 3 حافلات", "صفقة 7 حافلات", "محطة القطار بسطات"]
FORMS = ["{}", "عاجل: {}", "{} | جريدة الضفة", "صادم.. {}", "{} رسميا", "{}…"]


def _headline(parts: tuple[str, str, str, str]) -> str:
    subject, verb, thing, form = parts
    return form.format(f"{subject} {verb} {thing}")


headlines = st.tuples(*map(st.sampled_from, (SUBJECTS, VERBS, OBJECTS, FORMS))).map(_headline)


def _add(index: NearIndex, text: str) -> bytes:
    folded = fold(text)
    key = fold_key(folded)
    if key not in index:
        index.add(key, folded, text)
    return key


def _find(index: NearIndex, text: str) -> tuple[bytes, Relation] | None:
    return index.find(fold(text), text)


def _index(texts: Sequence[str], language: str = "ar") -> NearIndex:
    index = NearIndex(language)
    for text in texts:
        _add(index, text)
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
    eventful = NearIndex("ar")
    keys = {fold_key(fold(text)) for text in live}
    shuffled = [*live, *passing]
    chance.shuffle(shuffled)
    for text in shuffled:
        _add(eventful, text)
    for text in passing:
        key = fold_key(fold(text))
        if key not in keys:
            eventful.remove(key)
    for text in chance.sample(live, len(live)):
        eventful.remove(fold_key(fold(text)))
        _add(eventful, text)
    assert len(plain) == len(eventful)
    for text in asked:
        assert _find(plain, text) == _find(eventful, text)


@given(st.lists(headlines, min_size=1, max_size=10, unique_by=fold))
def test_nothing_stays_of_what_left(texts: list[str]) -> None:
    """An index whose headlines all left holds no posting and finds nothing."""
    index = _index(texts)
    for text in texts:
        index.remove(fold_key(fold(text)))
    assert len(index) == 0
    assert not index._postings
    assert _find(index, texts[0]) is None


def test_a_duplicate_comes_before_an_update() -> None:
    """Where one live headline is repeated and another updated, the repeated one is found."""
    index = _index(["قطار يدهس 3 أبقار قرب سطات", "قطار يدهس 5 أبقار قرب سطات"])
    found = _find(index, "قطار يدهس خمسة أبقار قرب سطات - أنباء")
    assert found is not None
    assert found[0] == fold_key(fold("قطار يدهس 5 أبقار قرب سطات"))
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


def test_a_key_that_comes_again_has_its_new_text() -> None:
    """Adding a live key again replaces its texts."""
    index = NearIndex("en")
    index.add(b"k", "port closes", "Port closes")
    index.add(b"k", "museum of glass opens", "Museum of glass opens")
    assert len(index) == 1
    assert _find(index, "Museum of glass finally opens") is not None
    assert _find(index, "Port closes") is None


def test_removing_what_is_not_live_changes_nothing() -> None:
    """A key that is not live can be removed at any time."""
    index = _index(["Port closes after storm"], "en")
    index.remove(b"unknown")
    assert len(index) == 1


def test_slots_that_run_out_are_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last slot number is used, live headlines are renumbered and found as before."""
    monkeypatch.setattr(near, "_LAST_SLOT", 3)
    index = NearIndex("en")
    for number in range(12):
        text = f"Storm closes the port of town{chr(97 + number)} overnight"
        key = _add(index, text)
        found = _find(index, f"BREAKING: {text}!")
        assert found is not None
        assert found[0] == key
        if number > 1:
            index.remove(key)
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
