"""Proverbs, quotations, verses and prayers that scroll as headlines do: told by their label, name or source."""

import pytest

from streams.errors import SplitError
from streams.produce.extract import find_strips

SAYINGS = (
    "A lamp that is lent burns twice as long",
    "The well knows nothing of the rain",
    "Who counts the stones forgets the road",
    "No boat was ever built by the wind",
)
IN_ARABIC = (
    "المصباح المعار يضيء مرتين في الليل",
    "البئر لا تعرف شيئا عن المطر البعيد",
    "من يعد الحجارة ينسى الطريق الطويل",
    "لم تبن الريح مركبا في أي يوم",
)
NEWS = (
    "Prayer for the miners fills the old square",
    "Verse on a wall starts a debate in the north",
    "Quotes for the new bridge come in too high",
    "Wisdom of the old road plan is questioned",
)


def page(strip: str) -> str:
    return f"<html><body><nav><a href='/'>Home</a></nav>{strip}<footer>Contact</footer></body></html>"


def items(texts: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li>{text}</li>" for text in texts) + "</ul>"


def line(texts: tuple[str, ...]) -> str:
    return " | ".join(texts)


@pytest.mark.parametrize("texts", [SAYINGS, IN_ARABIC])
@pytest.mark.parametrize(
    "label",
    ["Proverbs", "Quote of the day", "Words of wisdom", "Citation du jour", "حكمة اليوم", "أمثال شعبية"],
)
def test_what_is_labelled_a_saying_is_no_strip(label: str, texts: tuple[str, ...]) -> None:
    """The label stands in the element, before it, before one around it, or before the first saying of a text."""
    for shown in (
        page(f"<div class='ticker'><span>{label}</span>{items(texts)}</div>"),
        page(f"<h3>{label}</h3><div class='ticker'>{items(texts)}</div>"),
        page(f"<h4>{label} :</h4><div><marquee>{line(texts)}</marquee></div>"),
        page(f"<marquee><b>{label}</b> {line(texts)}</marquee>"),
        page(f"<marquee>{label}: {line(texts)}</marquee>"),
        f"{label}: {line(texts)}",
        f"{label}\n" + "\n".join(texts),
    ):
        with pytest.raises(SplitError):
            find_strips(shown, "here")


@pytest.mark.parametrize("name", ["proverb-ticker", "ticker citations", "hikma-ticker", "ticker-amthal"])
def test_what_is_called_a_saying_is_no_strip(name: str) -> None:
    """Neither as items nor as a line, which is not found in spite of its element's name."""
    for strip in (
        f"<div class='{name}'>{items(SAYINGS)}</div>",
        f"<marquee class='{name}'>{line(SAYINGS)}</marquee>",
        f"<div class='{name}'><marquee>{line(SAYINGS)}</marquee></div>",
    ):
        with pytest.raises(SplitError):
            find_strips(page(strip), "here")


@pytest.mark.parametrize(
    "form",
    [
        "“{h}” (Ada Brook)", "{h} (proverb of the hills)", "{h} — proverbe ancien", "{h} (مثل قديم)", "Proverb: {h}",
        "حكمة: {h}", "اللهم {h}", "{h} [الحجر: 4]", "<blockquote>{h}</blockquote>",
    ],
)  # fmt: skip
def test_sayings_with_their_source_are_no_strip(form: str) -> None:
    """Whoever said it, where it is from, or what it is, stands with each."""
    strip = f"<div class='ticker'>{items(tuple(form.format(h=text) for text in SAYINGS))}</div>"
    with pytest.raises(SplitError):
        find_strips(page(strip), "here")


@pytest.mark.parametrize(
    "strip",
    [
        f"<div class='ticker'>{items(NEWS)}</div>",
        f"<marquee>{line(NEWS)}</marquee>",
        f"<div class='ticker'><span>Prayer</span>{items(NEWS)}</div>",
        f"<div><b>Proverb of the day</b><p>{SAYINGS[0]}</p></div><div class='ticker'>{items(NEWS)}</div>",
        f"<div class='proverb'>{SAYINGS[0]}</div><div class='ticker'>{items(NEWS)}</div>",
    ],
)
def test_news_of_like_words_and_beside_a_saying_is_a_strip(strip: str) -> None:
    """Headlines that begin with such words are news, and so is a strip that has a saying beside it."""
    found = find_strips(page(strip), "here")[0]
    assert tuple(slot.text for slot in found.split.slots if slot.text)[-4:] == NEWS
