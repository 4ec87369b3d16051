"""Where the words of who says it and of where it happens stand: in front, inside, or at the end."""

import pytest

from streams.process.dedup.compare import compare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FBI: no arrests in museum theft", "No arrests in museum theft, FBI says"),
        ("Coastguard says no one was hurt in ferry fire", "No one was hurt in ferry fire, coastguard says"),
        ("Mayor: tram will stay free for students", "Mayor says tram will stay free for students"),
        ("Unicef : deux millions d'enfants ont faim", "Deux millions d'enfants ont faim, selon l'Unicef"),
        ("Macron : « la digue sera refaite »", "Macron affirme que la digue sera refaite"),
        ("أردوغان: المفاوضات مع الجيران مستمرة", "قال أردوغان إن المفاوضات مع الجيران مستمرة"),
    ],
)
def test_a_verb_of_saying_says_what_a_colon_does(one: str, other: str) -> None:
    """The same words from the same mouth, which is named in front or at the end."""
    assert compare(one, other).relation == compare(other, one).relation == "duplicate"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("FBI: no arrests in museum theft", "No arrests in museum theft, mayor says"),
        ("No arrests in museum theft", "No arrests in museum theft, FBI says"),
        ("Rebels: army shelled the town", "Army says rebels shelled the town"),
        ("Macron : « la digue sera refaite »", "Scholz affirme que la digue sera refaite"),
        ("أردوغان: المفاوضات مع الجيران مستمرة", "قال بوتين إن المفاوضات مع الجيران مستمرة"),
        ("المفاوضات مع الجيران مستمرة هذا العام", "قال أردوغان إن المفاوضات مع الجيران مستمرة هذا العام"),
    ],
)
def test_another_speaker_or_none_is_another_headline(one: str, other: str) -> None:
    """A claim is no fact, and whose it is counts."""
    assert compare(one, other).relation == compare(other, one).relation == "distinct"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Un dépôt de bois brûle à Safi : trois pompiers blessés", "Safi : un dépôt de bois brûle, 3 pompiers blessés"),
        ("ارتفاع منسوب السد في القنيطرة إلى 8 أمتار", "القنيطرة.. ارتفاع منسوب السد إلى ثمانية أمتار"),
        ("انهيار جدار مدرسة بأكادير بعد أمطار غزيرة", "أكادير: انهيار جدار مدرسة بعد أمطار غزيرة"),
        ("Crane falls in Leeds on parked cars, 2 hurt", "Leeds: Crane falls on parked cars, two hurt"),
    ],
)  # fmt: skip
def test_a_place_stands_in_front_or_inside(one: str, other: str) -> None:
    """A town before a separator is where it happens, which the other headline says in a phrase of its own."""
    assert compare(one, other).relation == compare(other, one).relation == "duplicate"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Crane falls in Leeds on parked cars, 2 hurt", "Hull: Crane falls on parked cars, two hurt"),
        ("Crane falls near Leeds on parked cars, 2 hurt", "Leeds: Crane falls on parked cars, two hurt"),
        ("طنجة.. انطلاق قافلة طبية كبيرة", "انطلاق قافلة طبية كبيرة إلى طنجة"),
        ("طنجة.. وصول قافلة طبية كبيرة", "وصول قافلة طبية كبيرة من طنجة"),
        ("طنجة.. وصول قافلة طبية كبيرة", "وصول قافلة طبية كبيرة لطنجة"),
        ("Oran : une chorale de marins arrive", "Une chorale de marins arrive d'Oran"),
        ("Le club vend à Nice son gardien de but", "Nice : le club vend son gardien de but"),
        ("Le ministre attend à Moscou une réponse écrite", "Moscou : le ministre attend une réponse écrite"),
        ("Crane falls in Leeds on parked cars, 2 hurt", "Leeds: Crane falls on parked cars, six hurt"),
    ],
)
def test_another_place_is_another_headline(one: str, other: str) -> None:
    """Near it, to it, from it, sold to it, or the government in it is not there."""
    assert compare(one, other).relation != "duplicate"


@pytest.mark.parametrize(
    ("relation", "one", "other"),
    [
        ("distinct", "Karim Tahar wins rowing title", "Tahar Karim wins rowing title"),
        ("distinct", "Lens Lille reporté à dimanche soir", "Lille Lens reporté à dimanche soir"),
        ("distinct", "منير سالم يحرز لقب التجديف", "سالم منير يحرز لقب التجديف"),
        ("duplicate", "وزير النقل الأردني يدشن محطة القطار", "يدشن وزير النقل الأردني محطة القطار"),
        ("duplicate", "النادي يعير مهاجمه الشاب", "يعير النادي مهاجمه الشاب"),
        ("distinct", "المدرب يعير النادي مهاجمه الشاب", "يعير النادي المدرب مهاجمه الشاب"),
    ],
)
def test_a_verb_may_open_a_headline(relation: str, one: str, other: str) -> None:
    """A verb stands before its subject or behind it; two names in another order are two others."""
    assert compare(one, other).relation == compare(other, one).relation == relation
