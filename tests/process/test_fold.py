"""Folding: what does not count in a headline's identity, and what does."""

import json
import tomllib
from hashlib import blake2b
from importlib.resources import files
from itertools import chain

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.evaluate.near import packaged_pairs
from streams.process.fold import FOLD_VERSION, fold, fold_key, fold_words, headline_of
from streams.process.letters import PLAIN_ARABIC, WORDS

SAME = [
    ("وزارة الصّحة تُعلن", "وزاره الصحه تعلن"),
    ("أكادير", "اكادير"),
    ("أگادير", "أكادير"),
    ("مســـتشفى", "مستشفي"),
    ("نمو بنسبة %52", "نمو بنسبة ٥٢٪"),
    ("نمو بنسبة 52 %", "نمو بنسبة 52%"),
    ("مصر تفوز 2_1", "مصر تفوز 2 - 1"),
    ("مصر تفوز 2–1", "مصر تفوز 2-1"),
    ("عاجل: زلزال بالحسيمة", "زلزال بالحسيمة"),
    ("عاجل.. زلزال بالحسيمة", "زلزال بالحسيمة"),
    ("عاجل | بالفيديو: زلزال بالحسيمة", "زلزال بالحسيمة"),
    ("[فيديو] زلزال بالحسيمة", "زلزال بالحسيمة"),
    ("زلزال بالحسيمة (صور)", "زلزال بالحسيمة"),
    ("زلزال بالحسيمة - هسبريس", "زلزال بالحسيمة"),
    ('تصريح "قوي"', "تصريح «قوي»"),
    ("URGENT - Séisme à Al Hoceïma", "seisme a al hoceima"),
    ("L’Œuvre d’art", "l'oeuvre d'art"),
    ("Breaking: Quake hits north", "quake hits north"),
    ("Quake hits north | Reuters", "Quake hits north"),
    ("Pétrole : +3,5 %", "Pétrole +3.5%"),
    ("$5 million deal", "5 $ million deal"),
    ("e\u0301te\u0301", "été"),
    ("Un policier tue\u0301", "UN POLICIER TUÉ"),
    ("Un blessé arrête un métro", "un blessé arrete un metro"),
    ("ﺍﻟﻤﻐﺮﺏ", "المغرب"),
    ("\u200fالمغرب\u200e", "المغرب"),
    ("ＦＩＦＡ ２０２６", "FIFA 2026"),
    ("$¹ million", "1 $ million"),
    ("Will it rain ?", "will it rain?"),
    ("Will it rain?!", "Will it rain ?"),
    ("هل تمطر ؟", "هل تمطر؟"),
    ("l?orage arrive", "l'orage arrive"),
    ("??? Rain", "rain"),
    ("Fitch rates the port (BB+)", "fitch rates the port BB+"),
    ("Fitch rates the port BB−", "fitch rates the port BB-"),
    ("Canal + shows the final", "Canal+ shows the final"),
    ("Mid- to late spring", "mid to late spring"),
    ("Group A - Hill beat Lake", "Group A: Hill beat Lake"),
    ("Group A- Hill beat Lake", "Group A: Hill beat Lake"),
    ("« Groupe  B- Colline-Lac »", "groupe B: Colline-Lac"),
    ("المجموعة C- التل والبحيرة", "المجموعة C: التل والبحيرة"),
]
DIFFERENT = [
    ("Fitch rates the port BB+", "Fitch rates the port BB-"),
    ("Fitch rates the port BB+", "Fitch rates the port BB"),
    ("S&P lowers the town to AA-: what now?", "S&P lowers the town to AA: what now?"),
    ("فيتش تمنح الميناء درجة BBB-", "فيتش تمنح الميناء درجة BBB"),
    ("Agency affirms the mill at 'A-'/stable", "Agency affirms the mill at 'A'/stable"),
    ("Agency affirms the mill at A+(hil)", "Agency affirms the mill at A-(hil)"),
    ("Appel aux donneurs « O- »", "Appel aux donneurs « O+ »"),
    ("Blood group B- wanted in Azrou", "Blood group B wanted in Azrou"),
    ("مصرع 3 أشخاص", "مصرع 13 شخصا"),
    ("مصر تفوز 2-1", "مصر تفوز 21"),
    ("ارتفاع 3.5%", "ارتفاع 35%"),
    ("درجات الحرارة -5", "درجات الحرارة 5"),
    ("عقد بقيمة 5$", "عقد بقيمة 5€"),
    ("نمو 5%", "نمو 5"),
    ("المغرب يفوز", "المغرب لا يفوز"),
    ("هسبريس تحتفي بعيدها", "تحتفي بعيدها"),
    ("عاجل في ملف الصحراء", "في ملف الصحراء"),
    ("urgent besoin de sang", "besoin de sang"),
    ("Rendez-vous à 18:30", "Rendez-vous à 18:45"),
    ("Minister resigns", "Minister resigns?"),
    ("Un policier tue", "Un policier tué"),
    ("Un loup égorge dans la vallée", "Un loup égorgé dans la vallée"),
    ("Le président épingle", "Le président épinglé"),
    ("L'ÉLU ACCUSÉ DE FRAUDE", "L'élu accuse de fraude"),
    ("Minister resigns. Why?", "Minister resigns? Why"),
    ("الوزير يستقيل", "الوزير يستقيل؟"),
    ("Le maire démissionne", "Le maire démissionne ?!"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_headline_fold_alike(one: str, other: str) -> None:
    """Marks, seats, tags, outlets, quotes, digits' scripts and signs' places do not count."""
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_facts_never_fold_alike(one: str, other: str) -> None:
    """Numbers, their points, signs and units, and every word count."""
    assert fold(one) != fold(other)


@pytest.mark.parametrize("text", ["عاجل", "URGENT :", "هسبريس", "(صور)", "!!!", "…", "☀️"])
def test_nothing_folds_to_nothing(text: str) -> None:
    """A headline that is only a tag or only signs still has an identity."""
    assert fold(text)


@given(st.text())
@example("tu\ufdd0")
def test_folding_is_idempotent(text: str) -> None:
    """fold(fold(x)) == fold(x), for any text at all."""
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="اأإآبةىيعجل:.-|() 012٣%+,/_فيديوurgentéàV", max_size=40))
def test_folding_is_idempotent_where_tags_and_numbers_meet(text: str) -> None:
    """The same, dense in the characters that rules look at."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_surrounding_white_space_does_not_count(text: str) -> None:
    """Slots are cut from strips with more or less space around them."""
    assert fold(f" \u00a0{text}\n") == fold(text)


@given(st.text(alphabet=PLAIN_ARABIC + " "))
@example(PLAIN_ARABIC)
def test_arabic_letters_fold_as_they_are_translated(text: str) -> None:
    """A text of nothing but Arabic letters is folded in a quicker way, to the same."""
    assert fold_words(text) == " ".join(text.translate(WORDS).split())


@given(
    st.lists(
        st.one_of(
            st.text(st.sampled_from(PLAIN_ARABIC), max_size=8),
            st.sampled_from(["نقلا", "عن", "رويترز", "الصحافة", "عاجل", ""]),
        ),
        max_size=12,
    ).map(" ".join)
)
@example("الوزير يستقيل نقلا عن رويترز")
def test_a_glance_at_arabic_letters_misses_no_note(text: str) -> None:
    """A text of nothing but Arabic letters is folded in a shorter way, with the same result."""
    assert fold(text) == (fold_words(headline_of(text)) or " ".join(text.split()))


@given(st.text(), st.text())
def test_keys_are_equal_when_and_only_when_folds_are(one: str, other: str) -> None:
    """The key stands for the folded text."""
    assert (fold_key(one) == fold_key(other)) == (one == other)
    assert len(fold_key(one)) == 20


def test_what_folds_otherwise_has_another_version() -> None:
    """Keys outlive a program: whoever changes what some headline folds to raises FOLD_VERSION, and pins it here.

    Outlets and tags are part of the fold, so a name more in those lists is another version too.
    """
    gazetteer = files("streams.process.gazetteer")
    notes = tomllib.loads(gazetteer.joinpath("notes.toml").read_text("utf-8"))
    folding = {
        name: listed for name, listed in notes.items() if name not in {"labels", "signatures", "papers"}
    }
    digest = blake2b(digest_size=8)
    digest.update(json.dumps(folding).encode())
    digest.update(gazetteer.joinpath("outlets.txt").read_bytes())
    digest.update(files("streams.process").joinpath("participles.txt").read_bytes())
    for pair in packaged_pairs("natural_pairs.tsv"):
        digest.update(f"{fold(pair.a)}\n{fold(pair.b)}\n".encode())
    for text in chain.from_iterable(SAME + DIFFERENT):
        digest.update(f"{fold(text)}\n".encode())
    assert (FOLD_VERSION, digest.hexdigest()) == (5, "f9d6a0f5a8ee5690")
