"""Figures on natural and edited pairs hold what docs/near-duplicates.md says."""

from collections import Counter
from pathlib import Path

import pytest

from streams.evaluate.edits import EDITS, edited_pairs
from streams.evaluate.near import (
    PACKAGED,
    Figures,
    development_pairs,
    measure,
    packaged_pairs,
    report,
    varied_headlines,
)
from streams.process.dedup.words import LANGUAGES

SHARED = [
    directory / "shared/data/edited_pairs.dev.jsonl" for directory in Path(__file__).resolve().parents[3:6]
]


def test_natural_pairs_are_decided_as_labelled() -> None:
    """No natural pair is merged wrongly, and every relation is found."""
    figures = measure(packaged_pairs("natural_pairs.tsv"))
    assert figures.false_merges == 0
    assert figures.recall == 1
    assert figures.count("update", "update") == figures.count("update")


def test_no_fact_is_swallowed() -> None:
    """Of pairs with a note, a phrase or another fact more, none is merged; nearly all that say the same are."""
    figures = measure(packaged_pairs("fact_pairs.tsv"))
    assert figures.false_merges == 0
    assert figures.recall >= 0.98
    assert figures.count("update", "update") >= 0.95 * figures.count("update")


@pytest.mark.parametrize(
    ("name", "pairs", "each"), [("natural_pairs.tsv", 240, 50), ("fact_pairs.tsv", 1000, 45)]
)
def test_there_are_pairs_of_every_relation(name: str, pairs: int, each: int) -> None:
    """The pairs are many, none stands twice, and each relation is there in number."""
    packaged = packaged_pairs(name)
    assert len({(pair.a, pair.b) for pair in packaged}) == len(packaged) >= pairs
    assert min(Counter(pair.relation for pair in packaged).values()) >= each
    assert name in PACKAGED


@pytest.mark.parametrize("language", LANGUAGES)
def test_edits_of_our_own_headlines_keep_the_promise(language: str) -> None:
    """Wherever the tests run: 99.2 % of what is merged is the same headline, and most of it is found."""
    pairs = list(edited_pairs(language))
    assert len(pairs) > 900
    figures = measure(pairs)
    assert figures.precision >= 0.992
    assert figures.recall >= 0.94
    assert figures.false_merges <= 0.002
    for edit in ("number", "day"):
        assert figures.count(None, "update", edit) >= 0.9 * figures.count(edit=edit)


def test_edits_are_the_same_every_time() -> None:
    """A seed decides them, no pair is a headline beside itself, and every kind of edit is there."""
    pairs = list(edited_pairs("ar"))
    assert pairs == list(edited_pairs("ar"))
    assert all(pair.a != pair.b for pair in pairs)
    assert {pair.edit for pair in pairs} == {*EDITS, "word"}


def test_edited_pairs_keep_their_figures() -> None:
    """On every tenth development pair precision, recall and updates stay above what was promised."""
    path = next((path for path in SHARED if path.exists()), None)
    if path is None:
        pytest.skip("the development pairs are not on this machine")
    figures = measure(development_pairs(path)[::10])
    assert figures.precision >= 0.992
    assert figures.recall >= 0.94
    assert figures.false_merges <= 0.002
    assert figures.count(None, "update", "number") >= 0.9 * figures.count(edit="number")


def test_figures_count_what_was_decided() -> None:
    """Precision, recall and false merges follow from the counts."""
    figures = Figures(
        Counter(
            {
                ("typo", "duplicate", "duplicate"): 8,
                ("typo", "duplicate", "distinct"): 2,
                ("number", "distinct", "duplicate"): 1,
                ("number", "distinct", "update"): 9,
            }
        )
    )
    assert figures.precision == pytest.approx(8 / 9)
    assert figures.recall == pytest.approx(0.8)
    assert figures.false_merges == pytest.approx(0.1)


def test_a_report_has_a_line_for_each_kind_of_edit(capsys: pytest.CaptureFixture[str]) -> None:
    """The report names the figures, then each kind of edit with what was decided."""
    report(
        "pairs",
        Figures(
            Counter(
                {
                    ("number", "distinct", "update"): 9,
                    ("typo", "duplicate", "duplicate"): 4,
                    ("typo", "duplicate", "distinct"): 1,
                }
            )
        ),
    )
    lines = capsys.readouterr().out.splitlines()
    assert "pairs: 14 pairs" in lines
    assert "number edits that are updates 100.0%" in lines
    assert "duplicate typo               5          4       0         1" in lines
    assert lines[-1] == "kinds that fail: duplicate typo (1)"


def test_varied_headlines_are_the_same_every_time() -> None:
    """A seed decides the headlines of the benchmark, and few of them repeat another."""
    corpus = ["قطار يدهس ثلاث أبقار قرب سطات", "افتتاح معرض الفرس بمدينة الجديدة"]
    headlines = list(varied_headlines(corpus, 200))
    assert headlines == list(varied_headlines(corpus, 200))
    assert 0 < sum(headline.endswith("أيضا") for headline in headlines) < 40
