"""Splitting: known strips exactly, laws for all of them, and no guessing."""

from pathlib import Path
from statistics import fmean

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.errors import SplitError
from streams.produce.split import MAX_CHARACTERS, MAX_SLOTS, MIN_CONFIDENCE, Split, split

STRIPS = Path(__file__).parent / "strips"
SEED_PAGE = Path(__file__).parents[3] / "shared" / "seed" / "maghress_page.txt"


class Known(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A strip with the slots that it must give. Add yours to strips/split.json."""

    name: str
    text: str
    slots: list[str]
    separator: str | None
    truncated: list[int] = []
    pin: str | None = None


class Refused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text that must not be split without a pin."""

    name: str
    text: str


KNOWN = msgspec.json.decode((STRIPS / "split.json").read_bytes(), type=list[Known])
REFUSED = msgspec.json.decode((STRIPS / "refused.json").read_bytes(), type=list[Refused])

SEPARATORS = [
    "\xa0\xa0\xa0\xa0", "   ", "\t", "\n", " | ", "|", " ||| ", " - ", " – ", " • ", "•", " · ", " * ",
    " *** ", " // ", " /// ", " ► ", " ◄ ", " » ", " :: ", " +++ ", " 🔴 ", "\u200f | \u200f",
]  # fmt: skip
TRAPS = [
    ": ",
    " : ",
    ".. ",
    "... ",
    " 2 - 1 ",
    " 2-1 ",
    " http://x.example/a ",
    " 23/12/2025 ",
    " (A/B) ",
    " %52 ",
]
WORDS = [
    "الحكومة", "تصادق", "على", "مشروع", "قانون", "جديد", "لتنظيم", "قطاع", "الصيد", "البحري",
    "بالمدينة", "الساحلية", "le", "ministre", "annonce", "une", "réforme", "des", "transports",
    "publics", "dans", "la", "région", "du", "nord", "the", "council", "approves", "another", "plan",
    "for", "clean", "water", "in", "coastal", "towns",
]  # fmt: skip


@st.composite
def headlines(draw: st.DrawFn) -> str:
    """A headline of five to ten words, at times with what could be taken for a separator inside."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=5, max_size=10))
    trap = draw(st.sampled_from(["", *TRAPS]))
    if not trap:
        return " ".join(words)
    place = draw(st.integers(2, len(words) - 2))
    return " ".join(words[:place]) + trap + " ".join(words[place:])


def texts(found: Split) -> list[str]:
    """The slots' texts."""
    return [slot.text for slot in found.slots]


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_known_strip_gives_its_slots(known: Known) -> None:
    """Each strip gives exactly its slots, separator and cut headlines."""
    found = split(known.text, known.pin)
    assert texts(found) == known.slots
    assert found.separator == known.separator
    assert [position for position, slot in enumerate(found.slots) if slot.truncated] == known.truncated
    assert known.pin is not None or MIN_CONFIDENCE <= found.confidence <= 1


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.name)
def test_found_separator_works_as_pin(known: Known) -> None:
    """Pinning the separator that was found gives the same slots: a record can be split again."""
    found = split(known.text, known.pin)
    assert split(known.text, found.separator).slots == found.slots


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
def test_no_guess_without_separator(refused: Refused) -> None:
    """A text in which no separator stands out is refused, and the error says what to do."""
    with pytest.raises(SplitError, match=r"^here: .*--separator"):
        split(refused.text, place="here")


def test_a_strip_of_too_many_slots_is_told_so() -> None:
    """Its separator does stand out: to pin it would not help."""
    with pytest.raises(
        SplitError, match=r"' \| ' stands there 10,001 times, and a strip has at most 10,000 slots"
    ):
        split(" | ".join(f"Ferry {number} leaves the harbour" for number in range(MAX_SLOTS + 2)))


@pytest.mark.skipif(not SEED_PAGE.exists(), reason="the page is not part of the checkout")
def test_real_strip_has_54_headlines_in_58_slots() -> None:
    """The Maghress strip: 54 headlines, four empty slots in their places, none after the trailing gap."""
    found = split(SEED_PAGE.read_text(encoding="utf-8").partition("\n")[0])
    assert found.separator == "\xa0" * 4
    assert len(found.slots) == 58
    assert [position for position, slot in enumerate(found.slots) if not slot.text] == [5, 8, 13, 34]
    assert not any(slot.truncated for slot in found.slots)


def test_made_strip_of_the_same_shape() -> None:
    """54 headlines, four gaps doubled by empty slots, one trailing gap: 58 slots."""
    slots = [f"خبر رقم {number} عن مشروع جديد بالمدينة" for number in range(54)]
    for position in (5, 8, 13, 34):
        slots.insert(position, "")
    found = split("".join(f"{slot}\xa0\xa0\xa0\xa0" for slot in slots))
    assert texts(found) == slots
    assert found.confidence > 0.99


def comes_back(text: str, slots: list[str], separator: str) -> bool:
    """Whether a text gives its slots, or is refused where they are so short that one headline can look the same."""
    try:
        return texts(split(text)) == slots
    except SplitError:
        return fmean(map(len, slots)) <= (34 if separator in {" - ", " – "} else 25)


@given(st.lists(headlines(), min_size=6, max_size=20), st.sampled_from(SEPARATORS))
@example(["Harbour of Fes is open again"] * 6, " - ")
@example(["Harbour of Fes", "Dam is full now", "Tram to Agadir"] * 2, " | ")
def test_splitting_what_was_joined_gives_the_same_slots(slots: list[str], separator: str) -> None:
    """Headlines joined by any separator come back, whatever stands inside them."""
    assert comes_back(separator.join(slots), slots, separator)


@given(
    st.lists(headlines() | st.just(""), min_size=6, max_size=20).filter(lambda slots: slots[0] and slots[-1]),
    st.sampled_from([separator for separator in SEPARATORS if separator != "\n"]),
)
def test_pinned_separator_keeps_empty_slots(slots: list[str], separator: str) -> None:
    """With the separator pinned, every slot stays in its place, empty or not."""
    assert texts(split(separator.join(slots), separator.replace("\u200f", ""))) == slots


@given(st.lists(headlines(), min_size=6, max_size=20), st.sampled_from(SEPARATORS))
def test_separators_at_the_ends_make_no_slots(slots: list[str], separator: str) -> None:
    """One separator before the first headline or after the last changes nothing."""
    joined = separator.join(slots)
    assert comes_back(separator + joined + separator, slots, separator)


@given(st.text())
def test_any_text_splits_or_is_refused(text: str) -> None:
    """Arbitrary text raises nothing but SplitError; slots are trimmed, on one line, and split as recorded."""
    try:
        found = split(text)
    except SplitError:
        return
    assert all(slot.text == slot.text.strip() and "\n" not in slot.text for slot in found.slots)
    assert split(text, found.separator).slots == found.slots


@given(st.text(alphabet="ab1 -|•*/»«\n\t\xa0🔴⚽\u200f.…", max_size=300), st.text(max_size=3))
def test_any_separator_can_be_pinned(text: str, separator: str) -> None:
    """Any pin on text full of separators splits or is refused."""
    try:
        found = split(text, separator)
    except SplitError:
        return
    assert 0 <= found.confidence <= 1


NEWS = [
    "Harbour bridge reopens after winter repairs",
    "Lawmakers vote to extend school holidays",
    "إصابة حارس المرمى في التدريبات قبل مباراة القمة",
    "Les agriculteurs saluent la première pluie",
    "City library to open on Sundays from spring",
]


@pytest.mark.parametrize(
    "separator",
    [
        "※", " ‣ ", " ٭ ", " ۞ ", "｜", " │ ", " ❙ ", " ⁂ ", "・", " \ue001 ", "\u3000", "\u2003\u2003", " ~*~ ",
        " => ", " ^ ", " § ", " |•| ", "<br>", " &bull; ", "&nbsp;&nbsp;&nbsp;", "&amp;#8226;",
    ],
)  # fmt: skip
def test_what_repeats_between_headlines_separates(separator: str) -> None:
    """No list of separators is complete: symbols, spaces and words of symbols count by what they are, not by name."""
    assert texts(split(separator.join(NEWS))) == NEWS


@pytest.mark.parametrize(
    ("one", "other"), [(" | ", " • "), ("   ", " | "), (" ★ ", " / "), ("<br>", " - "), ("\n", " | ")]
)
def test_two_kinds_of_separator_by_turns(one: str, other: str) -> None:
    """Both split, or the strip is refused: two headlines are never one slot."""
    text = f"{NEWS[0]}{one}{NEWS[1]}{other}{NEWS[2]}{one}{NEWS[3]}{other}{NEWS[4]}"
    try:
        assert texts(split(text)) == NEWS
    except SplitError:
        assert other == " - "


@pytest.mark.parametrize("tail", [" | AP News", " - Reuters World Service"])
def test_what_comes_again_beside_each_headline_is_no_headline(tail: str) -> None:
    """An outlet after every headline stays with it."""
    slots = [headline + tail for headline in NEWS]
    assert texts(split("\n".join(slots))) == slots


@pytest.mark.parametrize("label", ["Breaking News", "عاجل", "À la une :"])
def test_a_label_alone_is_an_empty_slot(label: str) -> None:
    """It keeps its place and says nothing."""
    assert texts(split(" | ".join([label, *NEWS]))) == ["", *NEWS]


def test_a_strip_that_is_mostly_damaged_is_refused() -> None:
    """Nobody is shown replacement characters; one damaged slot among others stays."""
    damaged = " ".join(["\ufffd" * 6] * 5)
    with pytest.raises(SplitError, match="damaged"):
        split(" | ".join([damaged] * 5))
    assert texts(split(" | ".join([*NEWS, damaged])))[-1] == damaged


@pytest.mark.parametrize("text", ["", " \xa0\t", "&nbsp;"])
def test_an_empty_strip_is_said_to_be_empty(text: str) -> None:
    """Not that it has no separator."""
    with pytest.raises(SplitError, match="empty"):
        split(text)


def test_confidence_falls_with_implausible_slots() -> None:
    """A pin that leaves slots of no headline's length shows in the confidence."""
    words = "one two three four five six seven eight"
    assert split(words, " ").confidence == 0
    assert split(words, "").confidence == 1


def test_long_strip_is_refused_with_its_limit() -> None:
    """Beyond the limit of characters nothing is tried."""
    with pytest.raises(SplitError, match=f"{MAX_CHARACTERS:,}"):
        split("a" * (MAX_CHARACTERS + 1))


def test_too_many_slots_are_refused_with_their_limit() -> None:
    """Beyond the limit of slots the separator is wrong."""
    with pytest.raises(SplitError, match=f"{MAX_SLOTS:,}"):
        split("ab|" * (MAX_SLOTS + 2), "|")


@pytest.mark.parametrize("separator", ["|", " | ", "\xa0", " - ", "•", "\n", "🔴", "* ", "// ", "»", "«x"])
def test_separators_in_a_row_are_refused_at_once(separator: str) -> None:
    """A hundred thousand separators in a row are no strip, pinned or not."""
    text = separator * 100_000
    for pin in (None, separator):
        with pytest.raises(SplitError):
            split(text, pin)
