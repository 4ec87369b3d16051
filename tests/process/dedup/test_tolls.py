"""A toll that is told anew in other words is an update, and what is another fact is none."""

import pytest

from schemas.events import Change
from streams.process.dedup.compare import compare


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Quarry blast near Zagora kills 4", "Death toll in Zagora quarry blast rises to 7"),
        ("Quarry blast near Zagora kills 4", "Quarry blast near Zagora: toll climbs to 7"),
        ("At least 4 dead in quarry blast near Zagora", "Quarry blast near Zagora kills 7"),
        ("Four miners killed in quarry blast near Zagora", "Toll from Zagora quarry blast now at seven"),
        ("Dozens killed in quarry blast near Zagora", "Death toll in Zagora quarry blast reaches 41"),
        ("Éboulement près de Zagora : 4 morts", "Éboulement près de Zagora : le bilan monte à 7 morts"),
        ("Un éboulement fait 4 morts près de Zagora", "Éboulement près de Zagora : nouveau bilan de 7 morts"),
        (
            "Éboulement près de Zagora : 4 morts",
            "Le bilan de l'éboulement près de Zagora s'alourdit à 7 morts",
        ),
        ("Éboulement : un mort et deux blessés à Zagora", "Éboulement : deux morts et cinq blessés à Zagora"),
        ("4 قتلى في انفجار محجر قرب زاكورة", "ارتفاع عدد قتلى انفجار محجر قرب زاكورة إلى 7"),
        ("مقتل 4 عمال في انفجار محجر قرب زاكورة", "ارتفاع حصيلة ضحايا انفجار محجر قرب زاكورة إلى سبعة"),
        ("مقتل 4 عمال في انفجار محجر قرب زاكورة", "حصيلة جديدة: مقتل 7 عمال في انفجار محجر قرب زاكورة"),
        ("انفجار محجر قرب زاكورة يخلف 4 قتلى", "حصيلة انفجار محجر قرب زاكورة ترتفع إلى 7 قتلى"),
        ("قتيل وجريحان في انفجار محجر قرب زاكورة", "3 قتلى و5 جرحى في انفجار محجر قرب زاكورة"),
        ("انتشال 4 جثث بعد انفجار محجر قرب زاكورة", "انتشال 12 جثة بعد انفجار محجر قرب زاكورة"),
    ],
)
def test_a_toll_told_anew_is_an_update(one: str, other: str) -> None:
    """Whichever words tell it, and wherever the place stands; from either side."""
    for told in (compare(one, other), compare(other, one)):
        assert (told.relation, told.rule) == ("update", "toll")


def test_an_update_says_how_the_toll_changed() -> None:
    """In the direction of the headlines, for each group of victims."""
    one, other = "قتيل وجريحان في انفجار محجر قرب زاكورة", "3 قتلى و5 جرحى في انفجار محجر قرب زاكورة"
    dead, injured = compare(one, other).changes
    assert (dead.before, dead.after) == ("قتيل", "3")
    assert injured.kind == "toll"
    blast, toll = "Quarry blast near Zagora kills 4", "Death toll in Zagora quarry blast rises to 7"
    assert compare(blast, toll).changes == (Change(kind="toll", before="4", after="7"),)
    assert compare(toll, blast).changes == (Change(kind="toll", before="7", after="4"),)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Quarry blast near Zagora kills 4", "Death toll in Safi quarry blast rises to 7"),
        ("Quarry blast near Zagora kills 4", "Death toll in Zagora quarry fire rises to 7"),
        ("Quarry blast near Zagora kills 4", "Number of injured in Zagora quarry blast rises to 7"),
        ("Quarry blast near Zagora kills 4", "Death toll in Zagora quarry blast rises to 4"),
        ("Quarry blast near Zagora kills 4", "Army denies death toll in Zagora quarry blast rises to 7"),
        ("Quarry blast near Zagora kills 4", "Death toll in Zagora quarry blast may rise to 7"),
        ("Quarry blast near Zagora kills 4", "Two more die in quarry blast near Zagora"),
        ("Four soldiers killed in Zagora blast", "Zagora blast leaves seven tourists dead"),
        ("Zagora police kill 4 miners", "Miners kill 7 Zagora police"),
        ("Iran strikes on Israel kill 4", "Death toll from Israel strikes on Iran rises to 7"),
        ("Frappes de l'Iran sur Israël : 4 morts", "Frappes d'Israël sur l'Iran : le bilan monte à 7 morts"),
        (
            "4 blessés dans un éboulement près de Zagora",
            "Éboulement près de Zagora : le bilan monte à 7 morts",
        ),
        ("إصابة 4 عمال في انفجار محجر قرب زاكورة", "ارتفاع حصيلة قتلى انفجار محجر قرب زاكورة إلى 7"),
        ("مقتل 4 عمال في انفجار محجر قرب زاكورة", "نفي ارتفاع حصيلة قتلى انفجار محجر قرب زاكورة إلى 7"),
        ("مقتل 4 عمال في حريق محجر قرب زاكورة", "ارتفاع حصيلة قتلى انفجار محجر قرب زاكورة إلى 7"),
        ("وفاة فنان في حادث بزاكورة", "وفاة شخصين في حادث بزاكورة"),
    ],
)
def test_another_fact_is_no_toll_told_anew(one: str, other: str) -> None:
    """Other places, events, victims and doers; a denial, a doubt, the same toll, the injured beside the dead."""
    assert compare(one, other).relation == compare(other, one).relation == "distinct"
