"""A month of sources that never were: their rhythms, their strips, their faults; readings as a visitor makes them."""

import random
from collections.abc import Generator
from functools import partial
from typing import Final, Literal

from msgspec import Struct

from schemas.events import Strip
from streams.errors import SplitError
from streams.produce.split import Slot
from streams.sources.visit import Reading, Visit

MINUTE: Final = 60_000
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
START: Final = 1_772_409_600_000
"""2026-03-02T00:00:00Z, a Monday."""
DAYS: Final = 30
FIRST_FAULT: Final = START + 10 * DAY
"""Ten days are for learning."""

Kind = Literal["silent", "missing", "misshapen", "long", "resplit", "walled", "misplaced"]
KINDS: Final[tuple[Kind, ...]] = (
    "silent",
    "missing",
    "misshapen",
    "long",
    "resplit",
    "walled",
    "misplaced",
)


class Fault(Struct):
    """What is wrong with a source from `begins` to `ends`."""

    kind: Kind
    begins: int
    ends: int


class Site(Struct):
    """A site: how often it has news, how many slots, how often it is visited."""

    id: str
    busy: float
    """News an hour at its busiest."""
    weekend: float
    """The share of it on Friday and Saturday."""
    slots: int
    interval: int
    faults: list[Fault]

    def rate(self, at: int) -> float:
        """News an hour at a moment."""
        hour, day = at // HOUR % 24, at // DAY % 7
        by_day = (0.05, 0.05, 0.02, 0.02, 0.05, 0.2, 0.5, 0.8, 1, 1, 1, 0.9, 0.9, 0.9, 1, 1, 0.9, 0.8)
        share = by_day[hour] if hour < len(by_day) else 0.5 - 0.08 * (hour - 18)
        weekend = self.weekend if (day + 3) % 7 in {4, 5} else 1.0
        return self.busy * max(share, 0.02) * weekend

    def fault(self, at: int) -> Fault | None:
        """What is wrong at a moment."""
        return next((each for each in self.faults if each.begins <= at < each.ends), None)


def expected(site: Site, fault: Fault) -> float:
    """How many news a source would have had while something is wrong."""
    step = 30 * MINUTE
    return sum(site.rate(at) * step / HOUR for at in range(fault.begins, fault.ends, step))


def sites(count: int, seed: int) -> list[Site]:
    """Sources of every kind, each with two faults within the month, one of every kind in turn."""
    chance = random.Random(seed)
    made = []
    for number in range(count):
        faults = []
        for part in range(2):
            kind = KINDS[(2 * number + part) % len(KINDS)]
            day = FIRST_FAULT + (10 * part + chance.randrange(8)) * DAY
            begins = day + round(chance.uniform(7, 16) * HOUR)
            hours = 40 if kind == "silent" else chance.uniform(1, 5)
            faults.append(Fault(kind, begins, begins + round(hours * HOUR)))
        slots = chance.choice([1, 8, 12, 20, 30])
        made.append(
            Site(
                f"site-{number}",
                busy=min(chance.choice([1.0, 2.0, 4.0, 8.0]), max(slots, 8) / 10),
                weekend=chance.choice([0.3, 0.6, 1.0]),
                slots=slots,
                interval=chance.choice([30, 35, 40]) * MINUTE,
                faults=faults,
            )
        )
    return made


def visits(site: Site, seed: int) -> Generator[tuple[Reading, Fault | None], bool | None, None]:
    """A site's readings of a month, each with what was wrong then; send back whether it may be published.

    What was held back is not remembered by a visitor, so that the same comes as changed again.
    """
    chance = random.Random(f"{seed} {site.id}")
    number = 0
    headlines = [_headline(site, number := number + 1, chance) for _ in range(site.slots)]
    at, asked = START, START
    shown: tuple[str, ...] = ()
    while at < START + DAYS * DAY:
        fault = site.fault(at)
        expected = site.rate(at) * (at - asked) / HOUR
        if fault is None or fault.kind != "silent":
            for _ in range(_poisson(expected, chance)):
                # News come alone, or in twos.
                for _ in range(chance.choice([1, 1, 1, 1, 2])):
                    headlines.insert(0, _headline(site, number := number + 1, chance))
            varied = site.slots + (chance.randrange(-2, 3) if site.slots > 4 and chance.random() < 0.2 else 0)
            if len(headlines) > varied:
                del headlines[max(varied, 1) :]
        asked = at
        visit = partial(Visit, source=site.id, address=f"https://{site.id}.example/", at=at, status=200)
        if chance.random() < 0.004:
            yield Reading(visit=visit(outcome="failed", problem="500")), fault
        elif fault is not None and fault.kind != "silent":
            yield _faulty(site, fault.kind, headlines, visit), fault
            shown = ()
        elif tuple(headlines) == shown:
            yield Reading(visit=visit(outcome="unchanged")), fault
        else:
            may = yield _reading(site, headlines, visit), fault
            shown = tuple(headlines) if may else ()
        at += round(site.interval * chance.uniform(0.9, 1.0))


def _poisson(mean: float, chance: random.Random) -> int:
    count, product, least = 0, chance.random(), 2.718281828459045**-mean
    while product > least:
        count, product = count + 1, product * chance.random()
    return count


def _headline(site: Site, number: int, chance: random.Random) -> str:
    return f"{site.id} reports its headline {number} {'and more ' * chance.randrange(4)}".rstrip()


def _reading(
    site: Site, headlines: list[str], visit: "partial[Visit]", separator: str | None = "|"
) -> Reading:
    strip = Strip(
        id="0" * 20,
        source=site.id,
        observed_at="2026-03-11T08:00:00.000Z",
        text="",
        slots=len(headlines),
        separator=separator,
        confidence=1.0,
    )
    slots = tuple(map(Slot, headlines))
    return Reading(visit=visit(outcome="changed", body="<p>"), strip=strip, slots=slots)


def _faulty(site: Site, kind: Kind, headlines: list[str], visit: "partial[Visit]") -> Reading:
    match kind:
        case "missing" | "walled":
            body = "<p>" if kind == "missing" else '<form><input type="password"></form>'
            problem = SplitError("page", "no strip")
            return Reading(visit=visit(outcome="changed", body=body), problem=problem)
        case "misshapen":
            others = [f"Read this as well {number}" for number in range(4 * site.slots + 8)]
            return _reading(site, [*headlines, *others], visit)
        case "long":
            glued = [" ".join([text] * 6) for text in headlines]
            return _reading(site, glued, visit)
        case "resplit":
            return _reading(site, [f"{text} |" for text in headlines], visit, separator=" - ")
        case _:
            others = [f"Most read of {site.id} {number} this week" for number in range(max(site.slots, 8))]
            return _reading(site, others, visit)
