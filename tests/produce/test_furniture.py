"""What a site puts beside its headlines: told by its words alone, and by its place in most slots of a strip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.produce import furniture
from streams.produce.furniture import (
    is_call,
    is_counter,
    is_furniture,
    is_moment,
    tidy,
    without_announcement,
    without_bullet,
    without_notes,
)

TITLES = [
    "Orchard growers ask for help after the frost",
    "Night trains return to the southern line",
    "Archive of the old theatre goes online",
    "Swimming lake stays closed until Monday",
]


@pytest.mark.parametrize(
    "text",
    [
        "14:05", "14h05", "9.30 am", "3 min ago", "5m ago", "12 March 2026", "Tue, 3 Mar 2026 - 10:05 GMT", "yesterday",
        "il y a 5 minutes", "mardi 3 mars 2026", "Publié le 03/03/2026 à 14h05", "منذ 5 دقائق", "١٢ مارس ٢٠٢٦",
        "الثلاثاء 3 مارس", "just now",
    ],
)  # fmt: skip
def test_moments(text: str) -> None:
    """Clocks, dates and ages in three languages are moments."""
    assert is_moment(text)


@pytest.mark.parametrize(
    "text",
    [
        "17 dead", "May resigns", "Storm on Monday", "March against war", "3 hurt", "من هنا مرت العاصفة", "",
        "day 12", "Jour 12", "week 3", "يوم 40",
    ],
)  # fmt: skip
def test_headlines_are_no_moments(text: str) -> None:
    """A text with any other word is none, and a number behind a unit counts the days of a story."""
    assert not is_moment(text)


@pytest.mark.parametrize("text", ["(5)", "12 comments", "1,204", "3.", "١٢ تعليق", "💬 4", "1.2k views"])
def test_counters(text: str) -> None:
    """A number of views, comments and the like is a counter."""
    assert is_counter(text)


@pytest.mark.parametrize("text", [
        "Read more »", "View all news", "Lire la suite…", "اقرأ المزيد", "Share", "Click here for details",
        "Voir tout le fil info", "Follow us on Telegram", "Want alerts? Turn on notifications",
        "Activez les notifications", "Watch live", "تابع البث المباشر",
        "Abonnez-vous à notre lettre", "تابعونا على واتساب",
    ],
)  # fmt: skip
def test_calls(text: str) -> None:
    """What asks to do something is a call."""
    assert is_call(text)


@pytest.mark.parametrize(
    "text",
    [
        "Read my lips",
        "Share prices fall",
        "Join us or leave, minister tells villages",
        "Support for our troops grows",
        "More rain",
        "View from the hill wins prize",
        "DIGEST - Hill Town - June 25",
        "Press for a quick vote grows",
        "Tram strike, day 12",
        "Grève du tramway : jour 12",
        "Procès du maire, jour 4",
        *TITLES,
    ],
)
def test_headlines_are_no_furniture(text: str) -> None:
    """Headlines that begin as calls do are none."""
    assert not is_furniture(text)


@pytest.mark.parametrize(
    "shape",
    [
        "1{n}:05 {h}", "1{n}h05 - {h}", "{h} (1{n})", "{h} [{n} min ago]", "{h} - 1{n}:30", "{h} il y a {n} min",
        "{h} 1{n} comments", "{n}. {h}", "BREAKING: {h}", "{h} — by Ira Wood", "منذ {n} دقائق {h}", "{n} {h}",
        "#{n} {h}", "[Sport] {h}", "Sport: {h}", "SPORT - {h}", "Sport | {h}", "#Sport {h}", "{h} (Sport)",
        "{h} [Sport]", "Arts & culture : {h}", "اقتصاد | {h}",
    ],
)  # fmt: skip
def test_what_most_slots_have_is_taken_off(shape: str) -> None:
    """The same thing at the same place in most slots goes, and nothing with it."""
    assert tidy([shape.format(h=title, n=number) for number, title in enumerate(TITLES, start=1)]) == TITLES


@pytest.mark.parametrize(
    "shape",
    [
        "{h} - {n} dead",
        "{n} dead, {h}",
        "{h} | Hill Gazette",
        "{h} (women)",
        "{h} in 202{n}",
        "[Women] {h}",
        "Minister: {h}",
        "{h} [Women]",
    ],
)
def test_what_may_be_news_stays(shape: str) -> None:
    """Numbers that are no clock, notes and outlets stay with the headline."""
    texts = [shape.format(h=title, n=number) for number, title in enumerate(TITLES, start=1)]
    assert tidy(texts) == texts


def test_years_of_a_life_stay() -> None:
    """How old somebody was is no age of the headline: `… dies at 94 years`."""
    texts = ["Mort d'un peintre à 94 ans", "Mort d'une actrice à 88 ans", "Mort d'un juge à 71 ans"]
    assert tidy(texts) == texts


def test_a_quotation_mark_stays_where_a_clock_goes() -> None:
    """A » that closes a quotation is no mark between a headline and its clock."""
    titles = ["« Personne ne savait »", "Le port rouvre", "« Oui » au tram"]
    for clock in ("(10h05)", "10h05", "- il y a 5 min"):
        assert tidy([f"{title} {clock}" for title in titles]) == titles


def test_one_clock_among_headlines_stays() -> None:
    """What only some slots have is part of them."""
    texts = ["10:00 curfew begins in the capital tonight", *TITLES]
    assert tidy(texts) == texts


@pytest.mark.parametrize(
    "ages",
    [
        ("3 min ago", "14 min ago", "59 min ago", "2 hours ago"),
        ("3m ago", "14m ago", "2h ago", "1d ago"),
        ("منذ 5 دقائق", "منذ ساعة", "منذ ساعتين", "منذ يومين"),
    ],
)
def test_other_ages_among_ages_go_too(ages: tuple[str, ...]) -> None:
    """Ages differ in form: "yesterday" and "2 hours ago" stand where most have minutes."""
    assert tidy([f"{title} - {age}" for age, title in zip(ages, TITLES, strict=True)]) == TITLES
    assert tidy([f"{age} - {title}" for age, title in zip(ages, TITLES, strict=True)]) == TITLES


@given(st.lists(st.text(alphabet="ab 0123:-()[].", max_size=30), max_size=8))
def test_tidy_is_idempotent_enough_to_keep_places(texts: list[str]) -> None:
    """Slots keep their number and order, none becomes empty, and each stays a part of what it was."""
    left = tidy(texts)
    assert len(left) == len(texts)
    assert all(
        after in before and bool(after) == bool(before) for after, before in zip(left, texts, strict=True)
    )


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("» Ferry sinks", "Ferry sinks"), ("● Ferry", "Ferry"), ("⚡ Ferry", "Ferry"), ("🎥 Ferry", "Ferry"),
        ("Ferry ►", "Ferry"), ("«قال نعم»", "«قال نعم»"),
        ("—", "—"), ("-5 degrees", "-5 degrees"),
    ],
)  # fmt: skip
def test_bullets_around_a_text_are_dropped(text: str, bare: str) -> None:
    """Bullets, arrows and bars around a text go, quotation marks stay."""
    assert without_bullet(text) == bare


@pytest.mark.parametrize(
    "before",
    ["Breaking news: ", "LATEST   ", "Flash info : ", "عاجل: ", "آخر الأخبار - ", "Just in\xa0\xa0"],
)
def test_the_label_of_a_strip_is_no_part_of_its_first_headline(before: str) -> None:
    """A label before the first headline alone announces all of them."""
    assert without_announcement([before + TITLES[0], *TITLES[1:]]) == TITLES
    assert without_announcement(["", before + TITLES[0], *TITLES[1:]]) == ["", *TITLES]


@pytest.mark.parametrize(
    "texts",
    [
        [f"Live: {TITLES[0]}", *TITLES[1:]],
        [f"Exclusif : {TITLES[0]}", *TITLES[1:]],
        [f"حصري: {TITLES[0]}", *TITLES[1:]],
        [f"Breaking: {TITLES[0]}", TITLES[1], f"Breaking: {TITLES[2]}"],
        [f"Mayor: {TITLES[0]}", *TITLES[1:]],
        [f"Breaking: {TITLES[0]}", TITLES[1]],
        ["", "", ""],
    ],
)
def test_the_tag_of_a_headline_stays(texts: list[str]) -> None:
    """A tag that belongs to one headline, or that others have as well, is left for the fold."""
    assert without_announcement(texts) == texts


@pytest.mark.parametrize(
    "masthead",
    [
        "Tuesday 3 March 2026 | Rabat 17° | Breaking",
        "18:40 • Latest news",
        "الثلاثاء 3 مارس - الرباط 17° - عاجل",
    ],
)
def test_a_masthead_before_the_label_is_no_headline(masthead: str) -> None:
    """A date and the weather before the label of a strip are no slot of it."""
    assert without_announcement([masthead, *TITLES]) == ["", *TITLES]
    assert without_announcement([f"{TITLES[0]} | Breaking", *TITLES]) == [f"{TITLES[0]} | Breaking", *TITLES]


@pytest.mark.parametrize(
    "note",
    [
        "View all",
        "المزيد",
        "Tuesday 3 March 2026",
        "18:40",
        "Advertisement",
        "Tout le fil",
        "إعلان ممول",
        "Rabat 17°",
    ],
)
def test_a_slot_that_is_furniture_alone_is_empty(note: str) -> None:
    """Wherever it stands among three headlines or more: it says nothing."""
    assert without_notes([*TITLES, note]) == [*TITLES, ""]
    assert without_notes([note, *TITLES]) == ["", *TITLES]
    assert without_notes([TITLES[0], note]) == [TITLES[0], note]


@pytest.mark.parametrize(
    "short",
    [
        "Tram strike, Monday",
        "Procès du maire, jeudi",
        "Foire aux livres, le 12 mars",
        "Old bridge, 100 years",
        "سباق القوارب، الأحد",
        "Photos: Snow over the dunes",
        "By royal decree",
        "Il y a 60 ans, le barrage",
    ],
)
def test_a_short_headline_written_as_a_note_stays_among_headlines(short: str) -> None:
    """One with a day or a span of time beside a name is a headline, as no site writes one note for all of them."""
    assert without_notes([*TITLES, short]) == [*TITLES, short]
    assert without_notes([TITLES[0], short, *TITLES[1:]]) == [TITLES[0], short, *TITLES[1:]]


@pytest.mark.parametrize(
    "note", ["Ira Wood, {n} min ago", "Ira Wood - 1{n} March 2026", "Ira Wood · {n} h", "By Ira Wood"]
)
def test_a_note_for_each_headline_is_no_headline(note: str) -> None:
    """Who wrote it and when, in a slot behind each headline, leaves only the headlines."""
    slots = [slot for number, title in enumerate(TITLES, start=2) for slot in (title, note.format(n=number))]
    assert without_notes(slots) == [slot for title in TITLES for slot in (title, "")]


def test_a_note_in_each_story_of_several_lines_is_no_headline() -> None:
    """A line in five is no single one among headlines where the stories go on and on like that."""
    story = ("Ferries", "What the pilots want and what they get", "More on page 4", "Ira Wood, Monday")
    slots = [slot for title in TITLES for slot in (title, *story)]
    assert "Ira Wood, Monday" not in without_notes(slots)


@pytest.mark.parametrize(
    "note", ["Ira Wood, 3 min ago", "Ira Wood - 12 March 2026", "Hilltown | 10:05", "Wire, 12/03/2026"]
)
def test_one_that_says_when_its_page_was_written_is_no_headline(note: str) -> None:
    """An age, a clock or a full date beside a name is a note wherever it stands."""
    assert without_notes([*TITLES, note]) == [*TITLES, ""]


def test_the_weather_before_the_headlines_is_no_headline() -> None:
    """A place and its temperature in a slot of their own belong to the top of the page."""
    assert without_announcement(["Rabat 12°", *TITLES]) == ["", *TITLES]
    assert without_announcement(["", "Rabat 12°", f"Latest: {TITLES[0]}", *TITLES[1:]]) == ["", "", *TITLES]
    assert without_announcement([*TITLES, "Rabat 12°"]) == [*TITLES, "Rabat 12°"]


def test_a_label_before_each_headline_is_no_end_of_the_one_before() -> None:
    """Of `Breaking | A Breaking | B` the bar stands behind the labels; a tail without such a label in front stays."""
    *others, last = TITLES
    assert without_notes(["", *(f"{title} عاجل" for title in others), last]) == ["", *TITLES]
    assert without_notes(["", *(f"{title} عاجل" for title in TITLES)]) == [
        "",
        *(f"{title} عاجل" for title in TITLES),
    ]
    assert without_notes([f"{title} Breaking news" for title in TITLES]) == [
        f"{t} Breaking news" for t in TITLES
    ]


@given(
    st.one_of(
        st.from_regex(furniture._CLICK),
        st.from_regex(furniture._INVITING),
        st.sampled_from(sorted(furniture._CALLS)),
        st.lists(
            st.sampled_from([*sorted(furniture._BEGINNING)[::5], "12", "10:05", "...", "ferry", "ميناء"]),
            min_size=1,
        ).map(" ".join),
    )
)
def test_a_glance_misses_no_furniture(text: str) -> None:
    """What the first word rules out is no moment, no counter and no call."""
    if not furniture._may_be_furniture(text):
        assert not is_moment(text)
        assert not is_counter(text)
        assert not is_call(text)


@pytest.mark.parametrize(
    "form",
    ["{h} https://hill.example/{n}", "{h} (https://hill.example/{n})", "[{h}](https://hill.example/{n})"],
)
def test_the_address_of_a_link_is_no_part_of_its_headline(form: str) -> None:
    """Headlines are copied with where they lead to, behind them or below."""
    assert without_notes([form.format(h=title, n=number) for number, title in enumerate(TITLES)]) == TITLES
    below = [
        text for number, title in enumerate(TITLES) for text in (title, f"https://hill.example/{number}")
    ]
    assert without_notes(below) == [text for title in TITLES for text in (title, "")]
