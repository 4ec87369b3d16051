"""Strips with nothing between their headlines but what begins each: a clock, a count, a section in brackets."""

import pytest

from streams.errors import SplitError
from streams.produce.extract import find_strips
from streams.produce.openings import openings
from streams.produce.split import split

NEWS = (
    "Orchard growers ask for help after the frost",
    "Night trains return to the southern line",
    "Archive of the old theatre goes online",
    "Swimming lake stays closed until autumn",
)
TIMES = ("18:40", "18:12", "17:55", "9:05")


def strip(form: str, times: tuple[str, ...] = TIMES) -> str:
    return " ".join(form.format(t=time, h=title) for time, title in zip(times, NEWS, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        strip("{t} {h}"),
        strip("[{t}] {h}"),
        strip("{t} - {h}"),
        strip("{t} : {h}", ("18h40", "18h12", "17h55", "9h05")),
        strip("{t} {h}", ("١٨:٤٠", "١٨:١٢", "١٧:٥٥", "٩:٠٥")),
        strip("{t} {h} -"),
        strip("12/03 {t} {h}"),
        strip("[12/03/2026 {t}] {h}"),
        "Latest news " + strip("{t} {h}"),
        "Fil info :  " + strip("{t} {h}"),
        strip("{t} {h}", ("0:20", "0:05", "23:40", "23:10")),
    ],
)
def test_clocks_part_headlines(text: str) -> None:
    """Each clock begins a headline and is no part of it; a label may stand before them, and a night pass."""
    page = f"{text}\n\nAbout us\nContact\n"
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots if slot.text] == list(NEWS)


@pytest.mark.parametrize(
    "text",
    [
        strip("{t} {h}", ("9:05", "17:55", "18:12", "18:40")),
        strip("{t} {h}", ("18:40", "17:12", "18:55", "9:05")),
        strip("{t} {h}", ("18:00",) * 4),
        strip("{h} at {t}"),
        "Ferry to the islands " + strip("{t} {h}"),
        f"18:40 {NEWS[0]} 18:12 {NEWS[1]}",
        strip("{t} {h}", ("88:40", "77:12", "66:55", "9:99")),
    ],
)
def test_other_times_part_nothing(text: str) -> None:
    """A timetable goes forward, a sentence has its words before a time, and two times are a beginning and an end."""
    assert not openings(text).starts
    with pytest.raises(SplitError):
        split(text)


@pytest.mark.parametrize(
    "text",
    [
        strip("{h} {t}"),
        strip("{h} ({t})"),
        strip("{h} - {t} -"),
        strip("{h} [12/03 {t}]"),
        strip("{h} {t}", ("18h40", "18h12", "17h55", "9h05")),
        strip("{h} {t}", ("0:20", "0:05", "23:40", "23:10")),
    ],
)
@pytest.mark.parametrize("before", ["", "Latest news: "])
def test_clocks_behind_headlines_part_them(before: str, text: str) -> None:
    """A clock may stand behind each headline as well; it is no part of it either."""
    assert (
        headlines(before + text) == headlines(f"The hill paper\n\n{before}{text}\n\nAbout us\n") == list(NEWS)
    )


@pytest.mark.parametrize(
    "text",
    [
        strip("{h} {t}", ("9:05", "17:55", "18:12", "18:40")),
        strip("{h} until {t}"),
        strip("{h} à {t}"),
        strip("{h} {t}", ("31:28", "29:27", "28:25", "27:20")),
        strip("{h} {t}").lower(),
        strip("{h} {t}") + " and later",
        f"{NEWS[0]} 18:40 {NEWS[1]} 18:12",
        "Fajr 18:40 Dhuhr 18:12 Asr 17:55 Isha 9:05",
        "Next trains Agadir to Fez 21h40 Azrou to Agadir 20h15 Fez to Sefrou 19h05",
        "Race of Sefrou Amina of Azrou 2:05 Salma of Agadir 2:04 Nadia of Fez 2:03",
    ],
)
def test_other_times_behind_words_part_nothing(text: str) -> None:
    """A programme goes forward, a preposition has its time, scores are no clocks, and a sentence goes on."""
    assert not openings(text).starts
    with pytest.raises(SplitError):
        split(text)


AGES = (
    ("5 min ago", "12 min ago", "1 hour ago", "3 hours ago"),
    ("5m ago", "12m ago", "1h ago", "2d ago"),
    ("il y a 5 min", "il y a 12 min", "il y a 1 h", "il y a 2 jours"),
    ("منذ 5 دقائق", "منذ ١٢ دقيقة", "منذ ساعة", "منذ يومين"),
)


@pytest.mark.parametrize("form", ["{h} {t}", "{h} ({t})", "{h} - {t} |", "{t} {h}", "({t}) {h}", "{t} - {h}"])
@pytest.mark.parametrize("ages", AGES, ids=["en", "short", "fr", "ar"])
def test_ages_part_headlines(ages: tuple[str, ...], form: str) -> None:
    """How long ago each was published stands before or behind it, and is no part of it."""
    text = strip(form, ages)
    assert headlines(text) == headlines(f"The hill paper\n\n{text}\n\nAbout us\n") == list(NEWS)


@pytest.mark.parametrize(
    "text",
    [
        f"{NEWS[0]} 5 min ago {NEWS[1]} 12 min ago",
        strip("{h} {t}", AGES[0]).lower(),
        "Mill closed 5 days ago, lake 6 days ago and road 7 days ago",
        "قرية بلا ماء منذ 5 أيام ومدينة بلا كهرباء منذ 3 أيام",
    ],
)
def test_other_ages_part_nothing(text: str) -> None:
    """In a sentence ages are few, or what stands between them is no headline."""
    assert not openings(text).starts


def test_a_separator_between_clocks_wins() -> None:
    """Where a symbol stands between the headlines it parts them, and the clocks stand beside it."""
    assert split(" | ".join(f"{t} {h}" for t, h in zip(TIMES, NEWS, strict=True))).separator == " | "


SECTIONS = ("Farming", "Transport", "Culture", "Sport")


def numbered(form: str, numbers: tuple[object, ...] = (1, 2, 3, 4)) -> str:
    return " ".join(form.format(n=number, h=title) for number, title in zip(numbers, NEWS, strict=True))


def labelled(form: str, labels: tuple[str, ...]) -> str:
    return " ".join(form.format(s=label, h=title) for label, title in zip(labels, NEWS, strict=True))


def headlines(text: str) -> list[str]:
    return [slot.text for slot in find_strips(text, "here")[0].split.slots if slot.text]


@pytest.mark.parametrize(
    "form",
    ["{n}. {h}", "{n}) {h}", "({n}) {h}", "{n}- {h}", "{n} - {h} ;", "#{n} {h}", "n°{n} {h}", "{n}° {h}"],
)
@pytest.mark.parametrize("numbers", [(1, 2, 3, 4), ("01", "02", "03", "04"), tuple("١٢٣٤")])
@pytest.mark.parametrize("before", ["", "Breaking: "])
def test_numbers_part_headlines(before: str, form: str, numbers: tuple[object, ...]) -> None:
    """Numbers that count from one begin headlines and are no part of them, in a text alone and in a page's line."""
    text = before + numbered(form, numbers)
    assert headlines(text) == headlines(f"The hill paper\n\n{text}\n\nAbout us\n") == list(NEWS)


@pytest.mark.parametrize("signs", ["①②③④", "❶❷❸❹", [f"{number}\ufe0f\u20e3" for number in (1, 2, 3, 4)]])
def test_signs_that_count_are_numbers(signs: tuple[object, ...]) -> None:
    """Numbers in circles and on keys count as others do."""
    assert headlines(numbered("{n} {h}", tuple(signs))) == list(NEWS)


@pytest.mark.parametrize(
    "form", ["{n}) {h}", "({n}) {h}", "{n}. {h}", "{n}/ {h}", "{n} - {h} ;", "[{n}] {h}"]
)
@pytest.mark.parametrize(
    "letters",
    ["abcd", "ABCD", ("i", "ii", "iii", "iv"), ("I", "II", "III", "IV"), "أبجد", "ابتث"],
    ids="-".join,
)
def test_letters_and_roman_numerals_part_headlines(form: str, letters: tuple[object, ...]) -> None:
    """Letters count as numbers do, Arabic ones in both of their orders, and are no part of headlines either."""
    text = numbered(form, tuple(letters))
    assert headlines(text) == headlines(f"The hill paper\n\n{text}\n\nAbout us\n") == list(NEWS)


@pytest.mark.parametrize(
    "text",
    [
        numbered("{n}) {h}", tuple("bcde")),
        numbered("{n}) {h}", tuple("abbc")),
        numbered("{n}. {h}", ("i", "ii", "iv", "v")),
        numbered("{n} {h}", tuple("ABCD")),
        numbered("{n}) {h}", tuple("abcd")).lower(),
        f"A. {NEWS[0]} B. {NEWS[1]}",
        "A. Stone beats B. Hill and C. Lake at the open",
        "The treaty has three parts: " + numbered("{n}) {h}", tuple("abcd")),
        "a) Paris b) Rome c) Athens d) Lisbon",
    ],
)
def test_other_letters_part_nothing(text: str) -> None:
    """Letters with gaps, initials, clauses and answers to a question are no openings."""
    assert not openings(text).starts
    with pytest.raises(SplitError):
        split(text)


def test_letters_beside_a_separator_are_no_part_of_headlines() -> None:
    """What counts the slots goes, whatever stands between them; the initials of two people stay."""
    assert headlines(
        " | ".join(f"{letter}) {title}" for letter, title in zip("abcd", NEWS, strict=True))
    ) == list(NEWS)
    named = ["A. Stone wins the open again", "B. Hill leaves the lake race"]
    assert headlines(" || ".join(named)) == named


def test_a_numbered_strip_that_scrolls_without_end_is_read_once() -> None:
    """Numbers may begin again, and a headline begin with a number of its own."""
    news = [*NEWS[:3], "12 villages cut off by snow"]
    text = " ".join(f"{number}. {title}" for number, title in enumerate(news, start=1))
    assert headlines(f"{text} {text}") == news


@pytest.mark.parametrize(
    "text",
    [
        numbered("{n}. {h}", (2, 3, 4, 5)),
        numbered("{n}. {h}", (1, 2, 2, 3)),
        numbered("{n} {h}"),
        numbered("{n}. {h}").replace("after the frost", "after Stage 1. of the frost"),
        f"1. {NEWS[0]} 2. {NEWS[1]}",
        "The treaty has three parts: " + numbered("({n}) {h}"),
        "1. Hill 24 2. Lake 22 3. Coast 21 4. Plain 20",
    ],
)
def test_other_numbers_part_nothing(text: str) -> None:
    """Numbers with gaps, without a mark, inside a sentence, or with a word or two behind each, are no openings."""
    assert not openings(text).starts
    with pytest.raises(SplitError):
        split(text)


def test_numbered_steps_in_a_page_are_no_strip() -> None:
    """A line of numbered sentences is how to do something."""
    steps = (
        "1. Wash the quinces in cold water. 2. Cut them into four pieces. 3. Cook them until they are soft."
    )
    with pytest.raises(SplitError):
        find_strips(f"Quince jelly\n\n{steps}\n\nServe cold\n", "here")


@pytest.mark.parametrize("form", ["[{s}] {h}", "【{s}】{h}", "({s}) {h}"])
@pytest.mark.parametrize(
    "labels", [SECTIONS, ("فلاحة", "نقل", "فن وثقافة", "رياضة"), ("Société", "Santé", "Arts", "Foot")]
)
def test_sections_part_headlines(form: str, labels: tuple[str, ...]) -> None:
    """The name of a section in brackets begins a headline and is no part of it, whatever else stands between them."""
    text = labelled(form, labels)
    assert headlines(text) == list(NEWS)
    assert headlines(labelled(f"{form} |", labels)) == list(NEWS)


def test_other_labels_in_square_brackets_part_headlines_and_stay() -> None:
    """A label that is no section's name may be news: it parts headlines and is published with its own."""
    text = labelled("[{s}] {h}", ("Rabat", "Sfax", "Women", "Oran"))
    assert headlines(text) == [
        f"[{s}] {h}" for s, h in zip(("Rabat", "Sfax", "Women", "Oran"), NEWS, strict=True)
    ]


@pytest.mark.parametrize(
    "text",
    [
        labelled("({s}) {h}", ("Rabat", "Sfax", "Women", "Oran")),
        labelled("{h} [{s}]", SECTIONS),
        labelled("[{s}] {h}", ("Sport", "the", "Culture", "his")),
        "Trader [sic] of the year: " + labelled("[{s}] {h}", SECTIONS),
        "[Sport] Cup final [video] [Culture] Old mill opens [World] Talks go on",
    ],
)
def test_other_brackets_part_nothing(text: str) -> None:
    """Brackets that are notes, words put into a quotation, or round ones around other words, are no openings."""
    assert not openings(text).starts


def test_a_bar_parts_headlines_that_begin_with_different_emoji() -> None:
    """Where a symbol stands between emoji it parts the headlines, and the emoji stand beside it."""
    strip = " | ".join(f"{sign} {title}" for sign, title in zip("🍏🚆🎭🏊", NEWS, strict=True))
    assert split(strip).separator == " | "
