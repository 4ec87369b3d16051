"""Headlines that stand bare in one element, by turns with elements that hold a word or an icon."""

import re

import pytest

from streams.errors import SplitError
from streams.produce.extract import find_strips

NEWS = (
    "Potters open their kilns to visitors",
    "Snow closes the pass for a second week",
    "Chess club wins the northern cup",
    "Bees return to the roofs of the town",
)
IN_ARABIC = (
    "الخزافون يفتحون أفرانهم للزوار",
    "الثلج يغلق الممر للأسبوع الثاني",
    "نادي الشطرنج يحرز كأس الشمال",
    "النحل يعود إلى أسطح المدينة القديمة",
)
BOXES = ("<div class='ticker'>{}</div>", "<marquee>{}</marquee>", "<div class='ticker'><p>{}</p></div>")


def read(strip: str) -> list[str]:
    page = f"<html><body><nav><a href='/'>Home</a></nav>{strip}<footer>Contact</footer></body></html>"
    return [slot.text for slot in find_strips(page, "here")[0].split.slots if slot.text]


@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("tag", ["b", "span class='c'", "a href='/c'", "font color='red'"])
@pytest.mark.parametrize(
    "labels",
    [
        ("Culture", "Weather", "Sport", "Society"),
        ("Culture:", "Weather:", "Sport:", "Society:"),
        ("1", "2", "3", "4"),
        ("9:10", "9:40", "10:05", "11:30"),
        ("3 min ago", "7 min ago", "1 hour ago", "2 hours ago"),
        ("Breaking",) * 4,
    ],
)
def test_a_word_before_each_headline_parts_them(labels: tuple[str, ...], tag: str, box: str) -> None:
    """A section, number, clock, age or label in an element of its own stands before each, and is no part of it."""
    for news in (NEWS, IN_ARABIC):
        inside = " ".join(
            f"<{tag}>{label}</{tag.split(maxsplit=1)[0]}> {text}"
            for label, text in zip(labels, news, strict=True)
        )
        assert read(box.format(inside)) == list(news)


def test_whoever_is_quoted_stays_with_the_headline() -> None:
    """A name with a colon is part of what is said."""
    names = ("Potter:", "Warden:", "Captain:", "Keeper:")
    inside = " ".join(f"<b>{name}</b> {text}" for name, text in zip(names, NEWS, strict=True))
    assert read(BOXES[0].format(inside)) == [f"{name} {text}" for name, text in zip(names, NEWS, strict=True)]


@pytest.mark.parametrize(
    "icon", ["<i class='fa fa-circle'></i>", "<span class='sep'></span>", "<b><i></i></b>"]
)
@pytest.mark.parametrize("box", BOXES)
def test_icons_between_headlines_part_them(box: str, icon: str) -> None:
    """An element without text stands where others have a symbol."""
    assert read(box.format(icon.join(NEWS))) == list(NEWS)
    assert read(box.format("".join(icon + text for text in IN_ARABIC))) == list(IN_ARABIC)


@pytest.mark.parametrize(
    "unseen",
    [
        "<!-- item -->",
        " <!----> ",
        "\n<!-- /item -->\n<!-- item -->\n",
        "<span hidden>Next</span>",
        "<svg viewBox='0 0 4 4'><title>dot</title><circle r='2'/></svg>",
        " <svg><g><svg></svg></g></svg> ",
        "<!-- dot --><svg></svg>",
    ],
)
@pytest.mark.parametrize("box", BOXES)
def test_what_nobody_reads_between_headlines_parts_them(box: str, unseen: str) -> None:
    """A comment, something hidden or a drawing stands where others have a symbol; its words are none of the strip."""
    for news in (NEWS, IN_ARABIC):
        assert read(box.format(unseen.join(news))) == list(news)
        assert read(box.format("".join(unseen + text for text in news))) == list(news)


@pytest.mark.parametrize(
    "headline",
    [
        "Potters open <!-- -->3<!-- --> kilns to visitors<!-- -->, and the town sells cups",
        "<!-- react -->Snow closes the pass <!-- -->for a second week<!-- --> and the valley road too",
        "Chess club wins the <svg class='flag'><title>flag</title></svg> northern cup",
    ],
)
def test_comments_and_drawings_inside_a_headline_part_nothing(headline: str) -> None:
    """Frameworks put comments between the parts of a sentence; a drawing between two words leaves two words."""
    bare = re.sub(r"<!--.*?-->|<svg.*</svg> ", "", headline)
    assert read(f"<div class='breaking-news'>{headline}</div>") == [bare]


@pytest.mark.parametrize(
    "headline",
    [
        "Potters <b>open</b> their kilns to all visitors, <b>free</b> of charge, and <b>sell</b> cups at the gate",
        "<b>Potters</b> open their old kilns <b>to visitors</b> who came by train <b>on Sunday</b> from the coast",
        "<b>Potters</b> of the old town open kilns, <b>Saturday</b> Until late in the evening",
        "قال <b>المدير</b> إن أشغال الجسر القديم <b>ستبدأ</b> قبل نهاية فصل الشتاء <b>المقبل</b> على الأرجح",
    ],
)
def test_words_of_one_headline_in_bold_part_nothing(headline: str) -> None:
    """A sentence goes on behind its words in bold, in small letters or with less than a headline."""
    try:
        shown = read(f"<div class='breaking-news'>{headline}</div>")
    except SplitError:
        return
    assert shown == [headline.replace("<b>", "").replace("</b>", "")]
