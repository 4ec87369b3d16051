"""Strips with nothing between their headlines but the clock before each: told by clocks that go back in time."""

import pytest

from streams.errors import SplitError
from streams.produce.clocks import clock_starts
from streams.produce.extract import find_strips
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
    assert not clock_starts(text)
    with pytest.raises(SplitError):
        split(text)


def test_a_separator_between_clocks_wins() -> None:
    """Where a symbol stands between the headlines it parts them, and the clocks stand beside it."""
    assert split(" | ".join(f"{t} {h}" for t, h in zip(TIMES, NEWS, strict=True))).separator == " | "
