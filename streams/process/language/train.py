"""Learn `latin.json` from a table of headlines: `python -m streams.process.language.train TABLE`.

TABLE is lines of `language TAB headline`, gzipped; rows of languages other than French and English
are passed over. Prints the accuracy on a held-out tenth, then learns from all of it.
"""

import gzip
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from math import log
from pathlib import Path

import msgspec

from streams.process.fold import fold
from streams.process.language import LatinModel

_SMOOTHING = 0.5
_MIN_COUNT = 8
_MIN_ODDS = 20


def learn(rows: Iterable[tuple[str, str]]) -> LatinModel:
    """Log-odds of trigrams from `(language, folded text)` rows; rare and neutral trigrams are left out."""
    counts = {"fr": Counter[str](), "en": Counter[str]()}
    for language, folded in rows:
        padded = f" {folded} "
        counts[language].update(map("".join, zip(padded, padded[1:], padded[2:], strict=False)))
    kept = [t for t in counts["fr"] | counts["en"] if counts["fr"][t] + counts["en"][t] >= _MIN_COUNT]
    totals = {language: c.total() + _SMOOTHING * len(kept) for language, c in counts.items()}
    odds = {
        trigram: round(
            100
            * log(
                ((counts["fr"][trigram] + _SMOOTHING) / totals["fr"])
                / ((counts["en"][trigram] + _SMOOTHING) / totals["en"])
            )
        )
        for trigram in sorted(kept)
    }
    return LatinModel(bias=0, trigrams={t: o for t, o in odds.items() if abs(o) >= _MIN_ODDS})


def accuracy(model: LatinModel, rows: Sequence[tuple[str, str]]) -> float:
    """The share of `(language, folded text)` rows that a model gets right."""
    right = 0
    for language, folded in rows:
        padded = f" {folded} "
        odds = model.bias + sum(model.trigrams.get(padded[i : i + 3], 0) for i in range(len(padded) - 2))
        right += ("fr" if odds > 0 else "en") == language
    return right / len(rows)


def main(table: Path) -> None:
    """Learn, say how well, and write the model beside this module."""
    with gzip.open(table, "rt", encoding="utf-8") as lines:
        cells = (line.rstrip("\n").split("\t", 1) for line in lines)
        rows = sorted({(cell[0], fold(cell[1])) for cell in cells if cell[0] in {"fr", "en"}})
    held_out = rows[::10]
    trained = learn(row for n, row in enumerate(rows) if n % 10)
    print(f"{len(rows)} headlines; accuracy on a held-out tenth: {accuracy(trained, held_out):.4f}")
    model = learn(rows)
    target = Path(__file__).with_name("latin.json")
    target.write_bytes(msgspec.json.format(msgspec.json.encode(model), indent=0) + b"\n")
    print(f"{len(model.trigrams)} trigrams, {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
