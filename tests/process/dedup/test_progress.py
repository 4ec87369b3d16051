"""A story moves on without a number too: another state, another span of time, a clause more."""

import pytest

from streams.process.dedup.compare import compare


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("state", "البحث عن صيادين بساحل العرائش", "العثور على صيادين بساحل العرائش"),
        ("state", "نشرة إنذارية من المستوى البرتقالي بالحسيمة", "نشرة إنذارية من المستوى الأحمر بالحسيمة"),
        ("state", "La régate de Sète reportée", "La régate de Sète annulée"),
        ("state", "Un cycliste blessé par un taxi", "Un cycliste grièvement blessé par un taxi"),
        ("state", "Baker arrested over Hull arson", "Baker charged over Hull arson"),
        ("state", "Boxer Ana Mora retires at 30", "Boxer Ana Mora retires at 30, agent confirms"),
        ("state", "Lens 0-0 Brest en amical", "Lens 0-0 Brest en amical à la mi-temps"),
        ("more", "Rovers 1-1 Albion", "Rovers 1-1 Albion (Rovers win 5-4 on pens)"),
        ("more", "توقيف مروج خمور بالميناء", "توقيف مروج خمور بالميناء ثم إطلاق سراحه"),
        ("number", "الحكم على المدير بالسجن خمسة أشهر", "الحكم على المدير بالسجن خمس سنوات"),
        ("number", "الحكم على المدير بالسجن خمسة أشهر", "الحكم على المدير بالسجن سنتين"),
        ("number", "السجن ستة أشهر لصاحب المتجر", "السجن سنة واحدة لصاحب المتجر"),
        ("number", "السجن عامين لصاحب المتجر", "السجن خمس سنوات لصاحب المتجر"),
        ("number", "السجن عام لصاحب المتجر", "السجن سنتين لصاحب المتجر"),
        ("number", "Le trésorier condamné à deux mois", "Le trésorier condamné à deux ans"),
        ("number", "Treasurer jailed for a month", "Treasurer jailed for a year"),
        ("number", "Bakery to open at 9pm", "Bakery to open at midnight"),
        ("number", "Le marché ouvre à midi", "Le marché ouvre à 15 heures"),
        ("number", "توقيف مشتبه فيهم بالسوق", "توقيف مشتبه فيهما بالسوق"),
        ("number", "One wing of the hangar burned", "Both wings of the hangar burned"),
        ("ordinal", "Vol à Sète : deux suspects arrêtés", "Vol à Sète : un troisième suspect arrêté"),
        ("score", "الفتح يتقدم على الماص بهدف دون رد", "الفتح يتقدم على الماص بثلاثة أهداف دون رد"),
        ("toll", "مقتل 4 عمال في انهيار منجم", "مقتل 4 عمال وإصابة 9 في انهيار منجم"),
        ("toll", "Un mort dans un feu à Sète", "Un mort et six blessés dans un feu à Sète"),
        ("toll", "Two dead in fire off Corfu", "Two dead and nine missing in fire off Corfu"),
    ],
)
def test_a_story_moves_on(kind: str, one: str, other: str) -> None:
    """What came of it updates the headline, and says what changed, in either direction."""
    relation, back = compare(one, other), compare(other, one)
    assert (relation.relation, relation.changes[0].kind) == ("update", kind)
    assert [(c.before, c.after) for c in back.changes] == [(c.after, c.before) for c in relation.changes]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Le tapis orange déroulé à Sète", "Le tapis rouge déroulé à Sète"),
        ("Baker named player of the month", "Baker named player of the year"),
        ("Quake shakes islands off Fiji", "Quake shakes islands off Fiji, local radio says"),
        ("Mayor sells the old town hall", "Mayor sells the old town hall, his party denies it"),
        ("Rovers beat Albion in the final", "Rovers beat Albion in the final (women)"),
    ],
)
def test_something_else_is_no_progress(one: str, other: str) -> None:
    """Colours of no alert, prizes, claims and other contests are other headlines."""
    assert compare(one, other).relation == compare(other, one).relation == "distinct"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("الحكم على المدير بالسجن خمسة أعوام", "الحكم على المدير بالسجن خمس سنوات"),
        ("السجن عامين لصاحب المتجر", "السجن سنتين لصاحب المتجر"),
        ("السجن عام واحد لصاحب المتجر", "السجن سنة لصاحب المتجر"),
        ("Le trésorier condamné à deux ans", "Le trésorier condamné à deux années"),
        ("Bakery to open at 12am", "Bakery to open at midnight"),
    ],
)
def test_one_span_has_two_names(one: str, other: str) -> None:
    """Years and hours have several names."""
    assert compare(one, other).relation == compare(other, one).relation == "duplicate"
