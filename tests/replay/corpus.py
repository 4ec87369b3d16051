"""Sightings of some days with all that makes decisions hard: repeats, variants, updates, rubrics, poison, late ones."""

import random
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from schemas.headers import SOURCE_HEADER
from streams.stage import RawRecord, Record
from tests.support import HOUR, MINUTE, START, sighting

_TAGS: Final = ("عاجل: {}", "{} | أنباء الشمال", "BREAKING: {}", "{} - video")
_RUBRICS: Final = ("Weather for Tangier and the coast", "أسعار العملات اليوم", "Prayer times in Rabat")
_NAMES: Final = (
    "Larache",
    "Safi",
    "Nador",
    "Taza",
    "Essaouira",
    "Zagora",
    "Ifrane",
    "Dakhla",
    "Tiznit",
    "Berkane",
)


def recorded(count: int, *, span: int, start: int = START, seed: int = 17) -> Iterator[Record]:
    """So many records over a span of time (ms), in the order in which a topic would have them.

    A headline is shown for hours by several sources, some of them with a tag, a typo, a cut or another number. One
    record in a thousand is rubbish, one in fifty comes up to five hours late.
    """
    dice = random.Random(seed)
    spacing = span / count
    shown: list[str] = []
    for number in range(count):
        at = start + int(number * spacing)
        draw = dice.random()
        if draw < 0.001:
            yield RawRecord(b"poison", dice.randbytes(20), at, [(SOURCE_HEADER, b"broken")])
            continue
        if draw < 0.02:
            text = dice.choice(_RUBRICS)
        elif draw < 0.10 or not shown:
            text = _headline(dice, number)
            shown.append(text)
            del shown[:-400]
        else:
            # What is newest is shown most; some headlines are shown for days.
            place = int(len(shown) * dice.random() ** 0.3)
            text = _variant(dice, shown[min(place, len(shown) - 1)], number)
        late = dice.randrange(5 * HOUR) if dice.random() < 0.02 else 0
        at += dice.randrange(min(MINUTE, span // 10)) - late
        yield sighting(text, at=at, source=f"s{dice.randrange(40)}", slot=number % 9)


@cache
def _texts() -> tuple[str, ...]:
    """The headlines that categories are measured with: words as they are used."""
    lines = files("streams.evaluate").joinpath("data", "headlines.jsonl").read_bytes().splitlines()
    return tuple(msgspec.json.decode(line)["text"] for line in lines)


def _headline(dice: random.Random, number: int) -> str:
    first, second = dice.choice(_texts()).split(), dice.choice(_texts()).split()
    words = [*first[: dice.randrange(3, 6)], *second[-3:], dice.choice(_NAMES)]
    return " ".join([*words, str(dice.randrange(2, 90)), f"{number:x}"])


def _variant(dice: random.Random, text: str, number: int) -> str:
    draw = dice.random()
    if draw < 0.8:
        return text
    if draw < 0.88:
        return dice.choice(_TAGS).format(text)
    if draw < 0.92:
        place = dice.randrange(1, len(text) - 1)
        return text[:place] + text[place + 1 :]
    if draw < 0.95:
        return f"{text[: len(text) * 3 // 4]}…"
    words = text.split()
    words[-2] = str(dice.randrange(2, 90))
    return " ".join(words) if number % 2 else f"{text} today"
