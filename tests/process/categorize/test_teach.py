"""Topics by example: what is learnt, what it is told about bad examples, and the file that comes of it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import InputError
from streams.process.categorize.model import TOPICS, Categorizer
from streams.process.categorize.taught import TaughtScorer, TaughtTopic, encode_taught, read_taught
from streams.process.categorize.teach import LEAST_EXAMPLES, read_examples, teach
from streams.process.fold import fold
from streams.process.language import detect

FOR = """\
Container ship docks at the port of Rades after storm
Port of Tangier handles record number of containers
Dockers at Algiers port unload grain from cargo ship
New crane arrives at the container terminal of Sfax
Le port de Radès rouvre après la tempête
Un porte-conteneurs accoste au port de Tanger
Les dockers du port de Casablanca déchargent un cargo
ميناء رادس يستقبل سفينة حاويات جديدة
سفينة شحن ترسو في ميناء طنجة المتوسط
عمال ميناء الجزائر يفرغون شحنة قمح
"""
AGAINST = """\
Bank of Algeria cuts its interest rate
Export of dates grows by a third
Ferry company raises summer fares
Air carrier opens a line to Tunis
Le prix du blé augmente sur les marchés
Une tempête prive de courant le nord du pays
Les exportations de textile reculent
البنك المركزي يخفض سعر الفائدة
أمطار غزيرة على شمال تونس
ارتفاع أسعار القمح في الأسواق العالمية
"""

APART = "zorblat\nquimper\nvextol\nharnish\nploom\ntregga\nwundle\nsnarvik\nbrill\ngaspode\n"
"""Examples that have nothing in common."""


def taught(examples_for: str = FOR, against: str = AGAINST, before: TaughtTopic | None = None) -> TaughtTopic:
    return teach(
        "harbours",
        read_examples(examples_for.encode(), "for"),
        read_examples(against.encode(), "against"),
        before,
    )


HARBOURS = taught()


def takes(topic: TaughtTopic, text: str) -> bool:
    folded = fold(text)
    language = detect(folded)
    shares = Categorizer().shares(folded, language)
    return TaughtScorer(topic.versions[-1]).takes(folded, language, shares)


@pytest.mark.parametrize(
    ("text", "is_taken"),
    [
        ("Port of Sfax welcomes its largest container ship", True),
        ("Le port de Sfax accueille un cargo de blé", True),
        ("ميناء صفاقس يستقبل سفينة قمح", True),
        ("Central bank keeps its rate", False),
        ("Pluies sur le nord de la Tunisie", False),
        ("الترجي يفوز بالكأس", False),
        ("Esperance wins the cup in Rades", False),
    ],
)
def test_a_topic_takes_what_is_like_its_examples(text: str, is_taken: bool) -> None:
    """In each of the three languages, also words that only look like it stay out."""
    assert takes(HARBOURS, text) is is_taken


def test_the_same_examples_give_the_same_file_in_any_order() -> None:
    """What is reviewed in git moves only when examples do; lines that repeat or are empty teach nothing."""
    lines = FOR.splitlines()
    shuffled = "\n\n".join([*reversed(lines), lines[0].upper()])
    assert encode_taught(taught(shuffled)) == encode_taught(HARBOURS)
    assert taught(before=HARBOURS) == HARBOURS


def test_teaching_again_adds_a_version_and_keeps_the_old_one() -> None:
    """Replays need what held then."""
    more = taught(FOR + "Ferry terminal of La Goulette opens its second quay\n", before=HARBOURS)
    assert [each.version for each in more.versions] == [1, 2]
    assert more.version(1) == HARBOURS.version(1)
    assert more.versions[0].digest != more.versions[1].digest
    assert more.version(3) is None


def test_the_measure_counts_examples_that_were_left_out() -> None:
    """Examples that have nothing in common cannot be told by each other, and the file says so."""
    assert HARBOURS.versions[0].leave_one_out.precision >= 0.9
    assert taught(APART).versions[0].leave_one_out.recall < 0.3


def test_what_nothing_is_known_of_is_not_taken() -> None:
    """Whatever the examples against were: a topic takes what speaks for it, not what is merely new."""
    for topic in (HARBOURS, taught(APART), taught(against=AGAINST.replace("Bank", "Club"))):
        assert not takes(topic, "Zwerfel glompt in Hrubitz")


@pytest.mark.parametrize(
    ("examples_for", "problem"),
    [
        ("\n".join(FOR.splitlines()[: LEAST_EXAMPLES - 1]), "for: 9 different headlines; at least 10"),
        ("\n".join(FOR.splitlines()[:1] * 20), "for: 1 different headlines"),
        (FOR + "17 %\n", "for:11: .* no word"),
        (FOR + "x" * 3000, "for:11: 3,000 characters"),
        (FOR + AGAINST.splitlines()[2], "against:3: .* at for:11"),
        (FOR + "FERRY company raises summer fares!", "against:3: .* at for:11"),
    ],
    ids=["too few", "one again and again", "no words", "too long", "on both sides", "on both sides, retyped"],
)
def test_examples_that_teach_nothing_are_refused(examples_for: str, problem: str) -> None:
    """With the file and the line."""
    with pytest.raises(InputError, match=problem):
        taught(examples_for)


def test_examples_are_utf_8() -> None:
    """A file in another encoding is told, with its line."""
    with pytest.raises(InputError, match="for:2: not UTF-8"):
        read_examples(b"Port of Sfax\ncaf\xe9 du port\n", "for")


def test_a_file_survives_being_written_and_read() -> None:
    """read(encode(x)) == x, a weight a line."""
    encoded = encode_taught(HARBOURS)
    assert read_taught(encoded, "x") == HARBOURS
    assert encoded.count(b"\n") > len(HARBOURS.versions[0].features)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b"\xff", b"[" * 5000])
def test_a_file_that_is_none_is_told(data: bytes) -> None:
    """With its name."""
    with pytest.raises(InputError, match=r"^topic\.json: "):
        read_taught(data, "topic.json")


def test_versions_count_from_one() -> None:
    """A file that lost its old versions cannot be used: a replay would need them."""
    late = msgspec.structs.replace(HARBOURS.versions[0], version=2)
    with pytest.raises(InputError, match="without a gap"):
        read_taught(encode_taught(TaughtTopic(topic="harbours", versions=(late,))), "x")


@given(st.text(max_size=300), st.sampled_from(["ar", "fr", "en", "es", "und"]))
def test_a_headline_is_taken_where_its_score_is_not_below_the_threshold(text: str, language: str) -> None:
    """Whatever the text is; what a scorer remembers of words changes nothing."""
    folded = fold(text)
    shares = tuple(1 / len(TOPICS) for _ in TOPICS)
    scorer = TaughtScorer(HARBOURS.versions[0])
    first = scorer.score(folded, language, shares)
    assert scorer.score(folded, language, shares) == first
    assert scorer.takes(folded, language, shares) == (first >= 0)
