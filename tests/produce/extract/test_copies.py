"""Copies that endless scrolling appends are no slots, however deep their headlines stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.produce.extract import find_strips, resplit
from streams.produce.extract.copies import without_repetitions

NEWS = (
    "Orchard growers ask for help after the frost",
    "Night trains return to the southern line",
    "Archive of the old theatre goes online",
)


def links(texts: tuple[str, ...]) -> str:
    return "".join(f'<a href="/{number}">{text}</a>' for number, text in enumerate(texts))


def first(page: str) -> list[str]:
    return [slot.text for slot in find_strips(page, "here")[0].split.slots]


@pytest.mark.parametrize(
    "strip",
    [
        f"<div><div>{links(NEWS)}</div></div><div>{links(NEWS)}</div>",
        f"<button>▶</button><div>{links(NEWS)}</div><div aria-hidden='true'>{links(NEWS)}</div>",
        f"<p>{links(NEWS)}</p>" * 3,
        f"{' • '.join(NEWS * 2)}<b>•</b>{' • '.join(NEWS * 2)}",
        f"<span>{NEWS[0]}</span>" * 4,
    ],
)
def test_a_strip_is_read_once(strip: str) -> None:
    """Copies of other depth, in text, and of one headline again and again are left out."""
    slots = first(f'<div class="ticker">{strip}</div>')
    assert slots == list(NEWS[: len(slots)])
    assert len(slots) == (1 if strip.startswith("<span>") else len(NEWS))


def test_only_what_is_marked_as_a_copy_is_one() -> None:
    """A slider also marks the slides that its copies are beside; the first of several copies stays."""
    around = '<div class="slide-duplicate"><a>{}</a></div>{}<div class="slide-duplicate">{}</div>'
    slides = "".join(
        f'<div class="slide {mark}"><a>{text}</a></div>' for text, mark in zip(NEWS, MARKS, strict=True)
    )
    looped = around.format(NEWS[-1], slides, NEWS[0])
    assert first(f'<div class="ticker"><div>{looped}</div></div>') == list(NEWS)
    hidden = "".join(f'<p aria-hidden="true">{text}</p>' for text in (*NEWS, NEWS[0]))
    assert first(f'<div class="ticker">{hidden}</div>') == list(NEWS)


MARKS = ("slide-active", "slide-next", "slide-duplicate-prev")


def test_elements_that_differ_are_no_copies() -> None:
    """Two slides that share a headline are both read."""
    page = f'<div class="ticker"><div>{links(NEWS[:2])}</div><div>{links(NEWS[1:])}</div></div>'
    assert first(page) == [*NEWS[:2], *NEWS[1:]]


def test_links_of_what_stays_are_kept() -> None:
    """Leaving a copy out moves no link to another headline."""
    page = f'<base href="https://a.example/"><div class="ticker"><div>{links(NEWS)}</div><p>{links(NEWS)}</p></div>'
    (found,) = find_strips(page, "here")
    assert [slot.link for slot in found.split.slots] == [f"https://a.example/{n}" for n in range(3)]
    assert resplit(found.text, found.format, found.split.separator) == found.split


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=5), st.integers(2, 4))
def test_repetitions_go_and_nothing_else(texts: list[str], times: int) -> None:
    """What is left of copies is the shortest list of which they are copies, the last perhaps in part; others stay."""
    once = without_repetitions(texts)
    assert (once * len(texts))[: len(texts)] == texts
    if len(set(texts)) > 1 and len(texts) % len(once) == 0:
        assert without_repetitions(texts * times) == once


def test_hidden_slides_are_read_before_clones() -> None:
    """A slider hides all slides but one, and puts a clone of the last before the first: the order is the slides'."""
    slides = "".join(
        f'<div class="slide"{" aria-hidden=true" if number else ""}><a>{text}</a></div>'
        for number, text in enumerate(NEWS)
    )
    clone = '<div class="slide cloned" aria-hidden="true"><a>{}</a></div>'
    page = f'<div class="ticker">{clone.format(NEWS[-1])}{slides}{clone.format(NEWS[0])}</div>'
    assert first(page) == list(NEWS)


@pytest.mark.parametrize("label", ["", "Latest news • "])
def test_a_line_that_says_all_again_is_read_once(label: str) -> None:
    """The line of a text that scrolls without end has its headlines twice, behind its label."""
    page = f"{label}{' • '.join(NEWS * 2)}\n\nAbout us\nContact\n"
    assert [text for text in first(page) if text] == list(NEWS)


def test_a_loop_without_a_name_is_a_strip() -> None:
    """Three headlines that come again and again between dots are one: no prose does that."""
    dots = "".join(f"<span>{text}</span><span>·</span>" for text in NEWS * 3)
    page = f"<div><div>{dots}</div></div><main><h1>The old mill</h1><p>It stood by the river.</p></main>"
    assert first(page) == list(NEWS)


@pytest.mark.parametrize(
    ("texts", "once"),
    [
        ("ABCABC", "ABC"),
        ("ABCABCAB", "ABC"),
        ("ABAB", "AB"),
        ("AAA", "A"),
        ("AA", "AA"),
        ("ABCAB", "ABCAB"),
        ("ABCABD", "ABCABD"),
        ("ABBA", "ABBA"),
        ("", ""),
    ],
)
def test_a_loop_ends_anywhere(texts: str, once: str) -> None:
    """After two whole copies the beginning of a third may follow; one copy and a part of it may be meant."""
    assert "".join(without_repetitions(list(texts))) == once


@pytest.mark.parametrize("items", ["<ul>{}</ul>", "<div><p>{}</p></div>"])
def test_a_copy_for_printers_is_no_headline(items: str) -> None:
    """A text that says what two others say is a copy of them in one piece."""
    shown = "".join(f"<li>{text}</li>" for text in NEWS)
    page = f'<div class="ticker">{items.format(shown)}<div class="print">{"; ".join(NEWS)}</div></div>'
    assert first(page) == list(NEWS)
