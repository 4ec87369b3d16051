"""Observations are checked against the contract once, and files belong to the source that they show."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import encode
from schemas.instants import LATEST
from streams.errors import InputError
from streams.produce.observation import TIMES, observe
from streams.produce.outgoing import prepare
from streams.produce.read import read
from streams.produce.sightings import sightings
from streams.produce.sources import sources_of
from streams.produce.strips import strip_of

AT = "2026-03-11T08:00:00Z"


@pytest.mark.parametrize(
    ("source", "observed_at", "problem"),
    [
        ("", AT, "source: empty; allowed: 1 to 200"),
        ("x" * 300, AT, "source: 300 characters; allowed"),
        ("a\x1b[2Jb", AT, r"source: 'a\\x1b\[2Jb' is not plain text"),
        ("not-utf8-\udce9", AT, r"source: 'not-utf8-\\udce9' is not plain text"),
        ("a", "9999-12-31T23:59:59.9996Z", "observed_at: .* allowed: RFC 3339"),
        ("a", "0001-01-01T00:00:00+14:00", "observed_at: .* 1970-01-01"),
        ("a", "2026-03-11T08:00:00", "observed_at: .* names no time zone"),
        (
            "a",
            "9999-12-31T00:00:00Z",
            "observed_at: .* no moment that events can carry; allowed: .* to 9999-12-30T",
        ),
        ("a", "9999-12-30T23:59:59-14:00", "observed_at: .* no moment that events can carry"),
        ("a", "1969-12-31T23:59:59.999Z", "observed_at: .* no moment that events can carry"),
        ("a", "1970-01-01T13:59:59+14:00", "observed_at: .* no moment that events can carry"),
        ("a", "0000-01-01T00:00:00Z", "observed_at: .* is no date and time; allowed"),
        ("a", "2026-02-30T08:00:00Z", "observed_at: .* is no date and time; allowed"),
        ("a", "2026-03-11T08:00:60Z", "observed_at: .* is no date and time; allowed"),
        ("a", "soon", "observed_at: 'soon' is no date and time"),
        ("a", -5, "observed_at"),
        ("a", 10**18, "observed_at"),
    ],
)
def test_what_the_contract_does_not_allow_is_refused(
    source: str, observed_at: str | int, problem: str
) -> None:
    """The error names the place, the field, what is wrong and what is allowed."""
    with pytest.raises(InputError, match=f"^here:3: {problem}"):
        observe(place="here:3", source=source, observed_at=observed_at, text="Rain")


@pytest.mark.parametrize(
    ("observed_at", "moment"),
    [
        ("1970-01-01T14:00:00+14:00", 0),
        ("9999-12-31T13:59:59.999+14:00", LATEST),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("2017-01-01T00:59:60.5+01:00", 1_483_228_800_500),
    ],
)
def test_the_limits_hold_for_moments_not_for_how_they_are_written(observed_at: str, moment: int) -> None:
    """An offset may write the first and the last one with another date; a leap second is the second after it."""
    assert observe(place="here", source="a", observed_at=observed_at, text="Rain").observed_at == moment


def test_a_refused_time_and_one_that_cannot_be_published_are_told_the_same_limits() -> None:
    """Whoever mends what the input check names does not find another limit behind it."""
    with pytest.raises(InputError) as refused:
        observe(place="here", source="a", observed_at="9999-12-31T23:59:59Z", text="Rain")
    ahead = prepare(
        observe(place="here", source="a", observed_at=LATEST, text="Rain | Sun | Wind", separator="|")
    )
    assert refused.value.problem.endswith(f"; allowed: {TIMES}")
    assert str(ahead.problem).endswith(f" ahead of this clock; allowed: {TIMES}")


@given(
    source=st.text(max_size=210),
    observed_at=st.integers() | st.text(max_size=30) | st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
    text=st.text() | st.lists(st.text(min_size=15), min_size=4, max_size=6).map(" | ".join),
)
def test_what_is_observed_can_be_published(source: str, observed_at: int | str, text: str) -> None:
    """Whatever comes in is refused with an InputError, or becomes events that the contract allows."""
    try:
        observed = observe(place="here", source=source, observed_at=observed_at, text=text, is_page=False)
        strip, slots = strip_of(observed)
    except InputError:
        return
    encode(strip)
    for record in sightings(strip, slots).records:
        encode(record.value)


def test_bad_lines_are_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    """One bad field costs one line."""
    path = tmp_path / "strips.jsonl"
    line = '{"source": "%s", "observed_at": "%s", "text": "Rain\\u0000 today"}\n'
    path.write_text(
        line % ("a", AT) + line % ("", AT) + line % ("a", "9999-12-31T23:59:59.9996Z") + line % ("b", AT)
    )
    failures: list[InputError] = []
    texts = [observed.text for observed in read([str(path)], failed=failures.append)]
    assert texts == ["Rain today", "Rain today"]
    assert [failure.place for failure in failures] == [f"{path}:2", f"{path}:3"]


@pytest.mark.parametrize(
    ("names", "sources"),
    [
        (["hespress-2026-03-11.html", "hespress-2026-03-12.html"], ["hespress", "hespress"]),
        (["20260311T080000Z.html", "20260311T081000Z.html"], ["site", "site"]),
        (["0001.html", "0002.html", "0003.html"], ["site", "site", "site"]),
        (["page-1.html", "page-2.html", "page-3.html"], ["site", "site", "site"]),
        (["akhbar_1773216000.html", "akhbar_1773216600.html"], ["akhbar", "akhbar"]),
        (["france-24.html", "medias24.html", "le-360.html"], ["france-24", "medias24", "le-360"]),
        (["index.html"], ["index"]),
    ],
)
def test_snapshots_of_one_site_are_one_source(names: list[str], sources: list[str]) -> None:
    """Dates, times and counters do not make another source; a number in a site's name does."""
    assert list(sources_of(names, "site").values()) == sources


def test_a_place_without_a_file_is_told(tmp_path: Path) -> None:
    """An empty folder, where files may be missing, and a name that no file can have; the next place is read."""
    (tmp_path / "strips").mkdir()
    page = tmp_path / "strips" / "akhbar.txt"
    page.write_text("Rain")
    failures: list[str] = []
    empty, long = tmp_path / "empty", "x" * 300
    empty.mkdir()
    (empty / ".hidden").touch()
    places = [str(empty), long, str(tmp_path / "strips")]
    assert [each.source for each in read(places, failed=lambda error: failures.append(str(error)))] == [
        "akhbar"
    ]
    assert failures == [
        f"{empty}: there is no file in this folder",
        f"{long}: cannot be read: File name too long",
    ]


def test_a_folder_of_snapshots_is_one_source(tmp_path: Path) -> None:
    """However many files it has; folders within are sources of their own."""
    for name in ("watched/a/0001.html", "watched/a/0002.html", "watched/a/0003.html", "watched/b/rabat.html"):
        page = tmp_path / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text("Rain returns")
    failures: list[InputError] = []
    observed = {each.source for each in read([str(tmp_path / "watched")], failed=failures.append)}
    assert observed == {"a", "b/rabat"}
    assert {each.source for each in read([str(tmp_path / "watched" / "a")], failed=failures.append)} == {"a"}
    assert not failures
