"""Whole pages as sites write them: the sets of `streams.evaluate.pages`, and reported pages where they are at hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.evaluate.pages import OWN_SETS, Page, headlines_of, is_right, own_pages, reported_pages

REPORTED = Path(__file__).parents[4] / "shared" / "faults"


def named(pages: Iterator[Page]) -> list[object]:
    return [pytest.param(page, id=f"{page.file} {page.kind}") for page in pages]


@pytest.mark.parametrize("page", named(page for name in OWN_SETS for page in own_pages(name)))
def test_page_gives_what_an_editor_reads(page: Page) -> None:
    """A page gives its headlines and nothing else, or is refused where it shows no strip."""
    assert is_right(page, headlines_of(page)), page.note


@pytest.mark.skipif(not REPORTED.exists(), reason="the reported pages are not part of the checkout")
def test_reported_pages_are_read_rightly() -> None:
    """Of the pages that were reported none is read wrongly."""
    wrong = [page.file for page in reported_pages(REPORTED) if not is_right(page, headlines_of(page))]
    assert wrong == []
