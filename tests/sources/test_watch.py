"""The watch of sources: what does not fit a source's own past is noticed, held back, told once, and explained."""

from collections import Counter
from collections.abc import Generator, Sequence
from typing import Final

import msgspec
import pytest

from schemas.events import SourceState, Strip
from streams.produce.split import Slot
from streams.sources.visit import Reading, Visit
from streams.sources.walls import wall_of
from streams.sources.watch import Past, Watch
from tests.sources.month import HOUR, KINDS, MINUTE, START, Fault, Site, expected, sites, visits

_SEED: Final = 7
_LONG_SILENCE: Final = 25.0
"""So many news that do not come are noticed in any source."""
_FAULTS: Final = frozenset({"silent", "missing", "misshapen", "resplit", "misplaced", "walled", "failing"})


_Coming = tuple[Reading, Fault | None]


class _Month:
    """What the watch made of a month of one source."""

    def __init__(self, site: Site) -> None:
        self.false_alarms: list[tuple[int, SourceState]] = []
        self.unnoticed: list[Fault] = []
        self.published: list[Fault] = []
        """Faults of which something wrong was published."""
        pasts: dict[str, Past] = {}
        watch = Watch(pasts)
        seen: Counter[int] = Counter()
        noticed: set[int] = set()
        state = "learning"
        ended = 0
        month = visits(site, _SEED)
        coming = next(month, None)
        while coming is not None:
            reading, fault = coming
            may = watch.judge(reading)
            at = reading.visit.at
            now = pasts[site.id].state
            if fault is not None:
                ended = at
                if reading.visit.outcome != "failed":
                    seen[fault.begins] += 1
                if now in _FAULTS:
                    noticed.add(fault.begins)
                elif fault.kind != "silent" and seen[fault.begins] == 2:
                    self.unnoticed.append(fault)
                if may and fault.kind != "silent" and reading.strip is not None:
                    self.published.append(fault)
            elif now in _FAULTS and now != state and at - ended > 12 * HOUR:
                self.false_alarms.append((at, *watch.told()[-1:]))  # type: ignore[arg-type]
            watch.told()
            state = now
            coming = _sent(month, may)
        self.unnoticed += [
            each
            for each in site.faults
            if each.kind == "silent" and expected(site, each) > _LONG_SILENCE and each.begins not in noticed
        ]


def _sent(month: Generator[_Coming, bool | None, None], may: bool) -> _Coming | None:
    try:
        return month.send(may)
    except StopIteration:
        return None


def test_a_month_of_200_sources() -> None:
    """Every fault is noticed within two visits, nothing wrong is published, and no source is told of without cause."""
    made = sites(200, _SEED)
    months = [_Month(site) for site in made]
    happened = Counter(fault.kind for site in made for fault in site.faults)
    assert set(happened) == set(KINDS)
    assert [fault for month in months for fault in month.unnoticed] == []
    assert [fault for month in months for fault in month.published] == []
    assert max(len(month.false_alarms) for month in months) <= 1
    assert sum(len(month.false_alarms) for month in months) <= 20


_HEADLINES: Final = tuple(f"The harbour of town {number} has reopened after rain" for number in range(12))
_PAGE: Final = """<html><body><div class="most-read"><h2>Most read</h2><ul>{others}</ul></div>
<div class="latest-strip"><ul>{headlines}</ul></div></body></html>"""


def _reading(
    number: int,
    texts: Sequence[str],
    *,
    body: str = "<p>",
    separator: str | None = None,
    asked: str = "as it was",
) -> Reading:
    visit = Visit(
        source="akhbar",
        asked=asked,
        address="https://akhbar.example/",
        at=START + number * 10 * MINUTE,
        outcome="changed",
        body=body,
    )
    strip = Strip(
        id="0" * 20,
        source="akhbar",
        observed_at="2026-03-11T08:00:00.000Z",
        text="",
        slots=len(texts),
        separator=separator,
        confidence=1.0,
    )
    return Reading(visit=visit, strip=strip, slots=tuple(map(Slot, texts)))


def _learnt(*, days: int = 3) -> tuple[Watch, int]:
    """A watch that has seen a source of one new headline every two hours, and the number of the next visit."""
    watch = Watch({})
    visits_made = days * 144
    for number in range(visits_made):
        texts = [f"The council of the port votes on plan {number // 12 - each}" for each in range(12)]
        assert watch.judge(_reading(number, texts))
    watch.told()
    return watch, visits_made


def _items(texts: Sequence[str]) -> str:
    return "".join(f'<li><a href="/{number}">{text}</a></li>' for number, text in enumerate(texts))


def test_a_strip_from_elsewhere_on_the_page_is_held_back_and_a_pin_proposed() -> None:
    """With the element that shows what was shown before, and how much of it."""
    watch, number = _learnt()
    known = [f"The council of the port votes on plan {number // 12 - 1 - each}" for each in range(12)]
    page = _PAGE.format(others=_items(_HEADLINES), headlines=_items(known))
    assert not watch.judge(_reading(number, _HEADLINES, body=page))
    assert [state.held for state in watch.told()] == [True]
    assert not watch.judge(_reading(number + 1, _HEADLINES, body=page))
    (told,) = watch.told()
    assert (told.state, told.held) == ("misplaced", True)
    assert told.pin is not None
    assert "latest-strip" in (told.pin.selector or "")
    assert told.pin.evidence == "12 of its 12 headlines were shown before"
    assert watch.judge(_reading(number + 2, known))
    (told,) = watch.told()
    assert (told.state, told.held, told.pin) == ("well", False, None)


def test_one_odd_answer_raises_nothing() -> None:
    """It is held back, and the next one that fits ends the doubt."""
    watch, number = _learnt()
    known = [f"The council of the port votes on plan {number // 12 - 1 - each}" for each in range(12)]
    assert not watch.judge(_reading(number, _HEADLINES))
    assert watch.judge(_reading(number + 1, known))
    assert {state.state for state in watch.told()} == {"well"}


def test_another_entry_is_learnt_anew() -> None:
    """Whoever pins another element is not told that it is another one; the rhythm stays."""
    watch, number = _learnt()
    assert watch.judge(_reading(number, _HEADLINES, asked="another selector"))
    (told,) = watch.told()
    assert told.state == "learning"
    assert told.rhythm


def test_a_separator_that_shows_the_same_headlines_is_told_and_published() -> None:
    """Nothing wrong comes of it."""
    watch, number = _learnt()
    known = [f"The council of the port votes on plan {number // 12 - 1 - each}" for each in range(12)]
    assert watch.judge(_reading(number, known, separator="|"))
    assert watch.judge(_reading(number + 1, known, separator="|"))
    told = watch.told()[-1]
    assert (told.state, told.held) == ("resplit", False)
    assert told.pin is not None
    assert told.pin.separator == "|"


def test_a_past_is_kept_and_read_again() -> None:
    """A restart goes on as if there had been none."""
    pasts: dict[str, Past] = {}
    watch = Watch(pasts)
    for number in range(10):
        watch.judge(
            _reading(number, [f"The council of the port votes on plan {number - each}" for each in range(12)])
        )
    kept = msgspec.msgpack.encode(pasts)
    assert msgspec.msgpack.decode(kept, type=dict[str, Past]) == pasts


@pytest.mark.parametrize(
    ("body", "address", "is_wall"),
    [
        ("<form><input name=p type='password'></form>", "https://akhbar.example/", True),
        ("<p>Before you continue to akhbar</p>", "https://akhbar.example/", True),
        ("<p>يرجى تسجيل الدخول</p>", "https://akhbar.example/", True),
        ("<p>Tout accepter</p>", "https://akhbar.example/", True),
        ("<p>nothing</p>", "https://akhbar.example/consent?next=/", True),
        ("<p>nothing</p>", "https://akhbar.example/authors/", False),
    ],
)
def test_walls(body: str, address: str, is_wall: bool) -> None:
    """A page that asks for a login or for consent, by what it says or where it was sent on to."""
    assert (wall_of(body, "https://akhbar.example/", address) is not None) == is_wall
