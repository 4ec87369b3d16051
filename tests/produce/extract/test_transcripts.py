"""Texts whose lines are as long as headlines and are none: chats, dialogues, logs, letters, lists of other things."""

import pytest

from streams.errors import SplitError
from streams.produce.extract import find_strips

SAID = (
    ("Lena", "The boat leaves from the second pier"),
    ("Omid", "Then the bags have to be packed tonight"),
    ("Lena", "The red one stands in the hall already"),
    ("Omid", "Was the key given to the neighbours"),
    ("Lena", "They take the cat for the week as well"),
    ("Omid", "All that is missing is a good book"),
)
SAID_IN_ARABIC = (
    ("لينا", "المركب ينطلق من الرصيف الثاني غدا"),
    ("أوميد", "إذن يجب حزم الحقائب هذه الليلة"),
    ("لينا", "الحقيبة الحمراء في الممر منذ الصباح"),
    ("أوميد", "هل أعطي المفتاح للجيران قبل السفر"),
    ("لينا", "سيعتنون بالقطة طوال الأسبوع أيضا"),
    ("أوميد", "لا ينقصنا سوى كتاب جيد للطريق"),
)
THINGS = (
    "Paint the fence behind the old barn",
    "Ask the joiner for a second window",
    "Carry the stove down to the cellar",
    "Order six bags of lime and sand",
)


def lines(form: str, said: tuple[tuple[str, str], ...] = SAID) -> str:
    return "\n".join(
        form.format(m=number, who=who, nick=who.lower(), text=text) for number, (who, text) in enumerate(said)
    )


@pytest.mark.parametrize(
    "text",
    [
        lines("[03/11/2024, 21:1{m}:40] {who}: {text}"),
        lines("03/11/2024, 21:1{m} - {who}: {text}"),
        lines("03/11/2024 à 21:1{m} - {who} : {text}"),
        lines("[9:1{m} PM] {who}: {text}"),
        lines("[21:1{m}] <{nick}> {text}"),
        lines("21:1{m} <@{nick}> {text}"),
        lines("{who}: {text}"),
        lines("{who}, [03.11.2024 21:1{m}]\n{text}\n"),
        lines("[3/11/2024، 9:1{m}:40 م] {who}: {text}", SAID_IN_ARABIC),
        lines("3/11/2024، 9:1{m} م - {who}: {text}", SAID_IN_ARABIC),
        lines("{who}: {text}", SAID_IN_ARABIC),
        "\n".join(f"{who}: I {text.lower()}" for who, text in (*SAID[:4], *SAID[1:5])),
    ],
)
def test_a_chat_is_no_strip(text: str) -> None:
    """Few who speak again and again, as chats are exported in and dialogues written, give no headlines."""
    with pytest.raises(SplitError):
        find_strips(text, "here")


@pytest.mark.parametrize(
    "form",
    [
        "2024-11-03 21:10:4{n} INFO {t}",
        "Nov  3 21:10:4{n} barn cron[41{n}]: {t}",
        "4b{n}e09d {t}",
        "- [ ] {t}",
        "{t} ........ {n}",
        "{t}, 0{n}2 555 01 01",
        '"{t}",https://barn.example/{n}',
    ],
)
def test_a_log_or_a_list_of_something_else_is_no_strip(form: str) -> None:
    """Lines of a log, commits, tasks with a box, contents with dots to their page, and contacts are no headlines."""
    with pytest.raises(SplitError):
        find_strips("\n".join(form.format(n=number, t=thing) for number, thing in enumerate(THINGS)), "here")


def test_the_head_of_a_letter_is_no_strip() -> None:
    """Who writes to whom, and about what, is no news."""
    head = "From: Lena Brook of the rowing club\nTo: Omid Vale and all members\nSubject: Boats for the spring regatta"
    with pytest.raises(SplitError):
        find_strips(head, "here")


@pytest.mark.parametrize(
    "form",
    [
        "{who}: {text}",
        "2{m}:10 {who}: {text}",
        "{text} 0{m}.11.2024",
        "0{m}/11/2024 21:10:40 {text}",
        "INFO {text}",
        "2{m}:10\t{text}",
        "2{m}:10 | {text}",
    ],
)
def test_headlines_in_like_forms_are_a_strip(form: str) -> None:
    """Headlines that quote many people, or stand with times, dates or a label, are a strip."""
    speakers = ("Minister", "Union", "Mayor", "Coach", "Bank", "Minister")
    said = tuple((who, text) for who, (_, text) in zip(speakers, SAID, strict=True))
    assert len(find_strips(lines(form, said), "here")[0].split.slots) == len(SAID)


def test_two_who_are_quoted_the_newest_first_are_news() -> None:
    """A debate that is reported goes back in time, and a chat forward; sections come again, and speak not."""
    reported = "\n".join(f"21:{59 - number} {who}: {text}" for number, (who, text) in enumerate(SAID))
    sections = "\n".join(
        f"{section} : {text.lower()}" for section, (_, text) in zip(("Foot", "Santé") * 3, SAID, strict=True)
    )
    for text in (reported, sections):
        assert len(find_strips(text, "here")[0].split.slots) == len(SAID)
