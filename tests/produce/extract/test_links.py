"""Where headlines lead: links made absolute where the page's address is known, and nothing else."""

import pytest

from streams.produce.extract import find_strips, resplit
from streams.produce.extract.links import MAX_LINK, resolve

A = "Orchard growers ask for help after the frost"
B = "Night trains return to the southern line"


@pytest.mark.parametrize(
    ("href", "address", "link"),
    [
        ("/a/1", "https://example.org/news/", "https://example.org/a/1"),
        ("https://example.com/x", None, "https://example.com/x"),
        ("/a/1", None, None),
        ("#top", "https://example.org/", None),
        ("javascript:void(0)", "https://example.org/", None),
        ("mailto:a@example.org", "https://example.org/", None),
        ("data:text/html,x", None, None),
        ("https://user:secret@example.org/", None, None),
        ("https://[broken/", None, None),
        ("https://example.org/a b", None, None),
        ("https://example.org/" + "a" * MAX_LINK, None, None),
        ("", "https://example.org/", None),
    ],
)
def test_links_are_absolute_and_lead_to_pages(href: str, address: str | None, link: str | None) -> None:
    """Only http and https, resolved, bounded, without credentials or blanks."""
    assert resolve(href, address) == link


@pytest.mark.parametrize(
    "head",
    [
        '<base href="https://example.org/n/">',
        '<link rel="canonical" href="https://example.org/n/">',
        '<meta property="og:url" content="https://example.org/n/">',
    ],
)
def test_slots_carry_links_that_the_strip_gives_again(head: str) -> None:
    """A slot's link is that of its headline, and what the strip carries is enough to tell it again."""
    page = (
        f'<html><head>{head}</head><body><ul class="ticker"><li><a href="/s">Farms</a> <a href="1">{A}</a></li>'
        f'<li><a href="/s">Rail</a> <a href="2">{B}</a></li></ul></body></html>'
    )
    (found,) = find_strips(page, "here")
    assert [slot.link for slot in found.split.slots] == ["https://example.org/n/1", "https://example.org/n/2"]
    assert resplit(found.text, found.format) == found.split


def test_the_link_of_read_more_is_the_headlines() -> None:
    """An item whose headline is no link itself leads where its one link leads."""
    items = "".join(
        f'<li>{text} <a href="https://example.org/{n}">Read more</a></li>' for n, text in enumerate((A, B))
    )
    (found,) = find_strips(f'<ul class="ticker">{items}</ul>', "here")
    assert [(slot.text, slot.link) for slot in found.split.slots] == [
        (A, "https://example.org/0"),
        (B, "https://example.org/1"),
    ]
