"""Headlines get their topics, honestly: what is unsure is left open, and variants of one get one."""

from unittest import mock

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.mediatopics import TOPIC_BY_SLUG, slug_of
from streams.errors import InputError
from streams.process.categorize import model
from streams.process.categorize.model import TOPICS, Categorizer, packaged_model, read_model, warm_up
from streams.process.fold import fold
from streams.process.language import detect

CATEGORIZER = Categorizer()

CLEAR = [
    ("arts", "الممثلة تعود إلى المسرح في مسرحية جديدة"),
    ("arts", "Le festival de cinéma dévoile ses films en compétition"),
    ("crime", "النيابة العامة تأمر بسجن المتهم بالسرقة"),
    ("crime", "Police arrest suspect in murder case"),
    ("disaster", "Séisme : les secouristes cherchent des survivants"),
    ("economy", "Central bank cuts interest rates as inflation slows"),
    ("education", "تلاميذ البكالوريا يجتازون الامتحانات"),
    ("environment", "Sécheresse : les barrages au plus bas, le climat en cause"),
    ("health", "Hospital patients wait longer for cancer treatment"),
    ("labour", "Les syndicats appellent à la grève pour les salaires"),
    ("lifestyle", "Recette facile : un gâteau au chocolat pour le dessert"),
    ("politics", "البرلمان يصوت على مشروع قانون قدمته الحكومة"),
    ("religion", "مواقيت الصلاة خلال شهر رمضان بالمساجد"),
    ("science", "NASA telescope finds new planet, astronomers say"),
    ("society", "Des migrants et réfugiés réclament leurs droits"),
    ("sport", "المنتخب يفوز في مباراة كأس العالم"),
    ("conflict", "قصف صاروخي وغارات جوية رغم الهدنة"),
    ("weather", "Météo : pluie et vent attendus, températures en baisse"),
]


def categorize(text: str) -> str | None:
    """The topic of a headline, worked out as the pipeline does."""
    folded = fold(text)
    return CATEGORIZER.categorize(text, folded, detect(folded)).topic


@pytest.mark.parametrize(("slug", "text"), CLEAR)
def test_a_clear_headline_gets_its_topic(slug: str, text: str) -> None:
    """What a reader would not doubt, the categorizer does not either."""
    assert categorize(text) == TOPIC_BY_SLUG[slug]


@pytest.mark.parametrize("text", ["", "…", "12", "zzgrmpf qwxyt", "日本語の見出し"])
def test_without_evidence_there_is_no_topic(text: str) -> None:
    """No known word, no letter or another language: `uncategorised`, not a guess."""
    folded = fold(text)
    assert CATEGORIZER.categorize(text, folded, detect(folded)).topic is None


def test_variants_of_a_headline_get_one_category() -> None:
    """Tags, case, tashkeel and quotes do not change what a headline is about."""
    assert categorize("عاجل: المُنتخب يفوز في «مباراة» كأس العالم") == categorize(
        "المنتخب يفوز في مباراة كأس العالم"
    )
    assert categorize("URGENT - GRÈVE GÉNÉRALE DES SYNDICATS") == categorize("grève générale des syndicats")


def test_a_headline_of_two_topics_names_both() -> None:
    """Several topics where there are several, the surest first."""
    text = "Festival du film : le champion du monde de football président du jury de cinéma"
    folded = fold(text)
    topics = CATEGORIZER.categorize(text, folded, "fr").topics
    slugs = {slug_of(score.topic) for score in CATEGORIZER.categorize(text, folded, "fr").topics}
    assert "arts" in slugs
    assert [score.confidence for score in topics] == sorted((s.confidence for s in topics), reverse=True)


@given(st.text(max_size=200), st.sampled_from(["ar", "fr", "en", "und", "zh"]))
def test_confidences_are_shares_in_falling_order(text: str, language: str) -> None:
    """For any text: confidences within 0 and 1, sorted; a topic only above the threshold."""
    categories = CATEGORIZER.categorize(text, fold(text), language)
    confidences = [score.confidence for score in categories.topics]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= confidence <= 1 for confidence in confidences)
    if categories.topic is not None:
        assert categories.topic == categories.topics[0].topic
        assert confidences[0] >= packaged_model().threshold


@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from([text for _, text in CLEAR]), st.text(max_size=60)),
            st.sampled_from(["ar", "fr", "en", "und"]),
        ),
        max_size=12,
    )
)
def test_many_headlines_mention_what_each_does(headlines: list[tuple[str, str]]) -> None:
    """Together, as a busy worker does it, or one by one: the same topics with the same confidences."""
    folded = [(fold(text), language) for text, language in headlines]
    one_by_one = [mentions for each in folded for mentions in CATEGORIZER.mentions([each])]
    warm_up()
    with mock.patch.object(model, "_MANY", 0):
        assert CATEGORIZER.mentions(folded) == one_by_one


@settings(deadline=None)  # a fresh categorizer works every word out anew
@given(st.lists(st.sampled_from([text for _, text in CLEAR]), max_size=30))
def test_what_came_before_does_not_matter(texts: list[str]) -> None:
    """Remembered words save work and change nothing: a fresh categorizer says the same."""
    fresh = Categorizer()
    for text in texts:
        folded = fold(text)
        language = detect(folded)
        assert CATEGORIZER.categorize(text, folded, language) == fresh.categorize(text, folded, language)


def test_why_names_the_words_that_decided() -> None:
    """The weightiest word comes first, in nats above the average topic."""
    text = "La grève des dockers continue"
    reasons = CATEGORIZER.why(text, fold(text), "fr")
    assert {reason.words for reason in reasons} >= {"greve", "dockers"}
    assert all(reason.topic == TOPIC_BY_SLUG["labour"] for reason in reasons)
    weights = [reason.weight for reason in reasons]
    assert weights == sorted(weights, reverse=True)


def test_the_packaged_model_is_small_and_whole() -> None:
    """At most 3 MB of text, three languages, weights only for the seventeen topics."""
    model = packaged_model()
    assert set(model.languages) == {"ar", "fr", "en"}
    assert len(msgspec.json.encode(model)) < 3_000_000
    for learned in model.languages.values():
        assert len(learned.bias) == len(TOPICS)
        assert all(0 <= index < len(TOPICS) for row in learned.weights.values() for index in row[::2])


def test_a_file_that_is_no_model_is_refused_with_its_name() -> None:
    """The error says which file, so that the user need not guess."""
    with pytest.raises(InputError, match=r"other\.json"):
        read_model(b'{"version": 3}', "other.json")
