"""What a page may ask of the parser: what would take hours or all memory is left out or refused, and nothing else."""

import pytest
from selectolax.lexbor import LexborHTMLParser

from streams.errors import InputError
from streams.produce.extract import MAX_DEPTH, find_strips
from streams.produce.extract.limits import MAX_ATTRIBUTES, tree_of
from streams.produce.extract.links import address_of
from streams.sources.proposal import feeds_of

_TITLES = ["Parliament votes on the new water law", "Storm closes the harbour", "Olive harvest begins early"]
_STRIP = f'<ul class="news-ticker">{"".join(f"<li>{title}</li>" for title in _TITLES)}</ul>'


def _slots(page: str) -> list[str]:
    return [slot.text for slot in find_strips(page, "a test")[0].split.slots]


@pytest.mark.parametrize(
    "value", ["", "=1", "='>'", '="<b x>"', " = 1", "/", '"', "='it is'"], ids=lambda value: f"a{value}"
)
def test_of_a_tag_so_many_attributes_are_read_and_no_more(value: str) -> None:
    """However they are written; what stands behind the tag is read as ever."""
    attributes = " ".join(f"Name{number}{value}" for number in range(5 * MAX_ATTRIBUTES))
    page = f"<!doctype html><body><P {attributes}>Text</P>{_STRIP}</body>"
    node = tree_of(page, "a test").css_first("p")
    assert node is not None
    assert len(node.attributes) <= MAX_ATTRIBUTES + 1
    assert node.text() == "Text"
    assert _slots(page) == _TITLES


def test_a_tag_with_a_long_value_is_left_as_it_is() -> None:
    """Pages keep all that their scripts need in one attribute, with many words and brackets."""
    value = "{&quot;a&quot;: 'what > else / there = is'} " * 1_000
    page = f'<!doctype html><body><div data-page="{value}" class="last">x</div>{_STRIP}</body>'
    node = tree_of(page, "a test").css_first("div")
    assert node is not None
    assert node.attributes == (LexborHTMLParser(page).css_first("div") or node).attributes
    assert node.attributes["class"] == "last"
    assert _slots(page) == _TITLES


def test_the_attributes_of_many_roots_are_not_added_up() -> None:
    """`<html a><html b>` is one element with all of them."""
    roots = "".join(f"<HTML a{number}></html><body b{number}></body>" for number in range(300))
    page = f"<!doctype html>{roots}{_STRIP}"
    tree = tree_of(page, "a test")
    assert tree.root is not None
    assert len(tree.root.attributes) <= MAX_ATTRIBUTES
    assert _slots(page) == _TITLES


def test_a_list_of_very_many_choices_is_none() -> None:
    """Nobody reads headlines there."""
    page = f"<!doctype html><select>{'<option>x' * 20_000}</select>{_STRIP}"
    assert not tree_of(page, "a test").css("option")
    assert _slots(page) == _TITLES
    assert len(tree_of(f"<select>{'<option>x' * 300}</select>", "a test").css("option")) == 300


@pytest.mark.parametrize("ending", ["", "</B>" * 400])
def test_elements_that_every_paragraph_would_open_anew_are_refused(ending: str) -> None:
    """Forty kilobytes of them are millions of elements, also where all are closed in the end."""
    left_open = "".join(f"<B class=b{number}>" for number in range(400))
    page = f"<p>{left_open}{'<p>x' * 5_000}{ending}{_STRIP}"
    with pytest.raises(InputError, match="leaves too many elements open"):
        find_strips(page, "a test")
    head = f"<head><link rel=canonical href=/a>{page}"
    assert address_of(head, "https://a.example/") == "https://a.example/"
    assert feeds_of(head, "https://a.example/") == []


def test_careless_pages_are_read() -> None:
    """Thousands of elements that are left open, but alike, and as many that are closed, each with its own style."""
    careless = "<p><b><font size=2>News of the region" * 1_000
    neat = "".join(f"<p><b class=b{number}>News</b> of the region" for number in range(2_000))
    page = f"<!doctype html>{_STRIP}{careless}{neat}"
    assert _slots(page) == _TITLES


def test_of_a_page_with_very_many_tags_less_may_be_nested() -> None:
    """Each tag looks through all elements that are open."""
    deep = "<span>" * (MAX_DEPTH - 100)
    tree_of(deep, "a test")
    with pytest.raises(InputError, match="nested more than"):
        tree_of(deep + "</i>" * 300_000, "a test")
