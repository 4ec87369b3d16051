"""Measure near-duplicate detection: `python -m streams.evaluate near [--pairs FILE] [--speed LIVE ...]`.

This prints figures for pairs of headlines with a known relation: those of a development file of edits, if present, and
two sets in this package: natural pairs, and pairs in which one headline has an additional note, phrase or fact
(`fact_pairs.tsv`). `--speed` measures the index instead, on variations of a corpus's headlines with a fixed seed.
"""

import argparse
import gzip
import os
import platform
import random
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec
from msgspec import Struct

from streams.process.dedup.compare import compare
from streams.process.dedup.near import Indexed, NearIndex
from streams.process.dedup.texts import pack
from streams.process.fold import fold, fold_key

DEVELOPMENT_PAIRS: Final = Path("../shared/data/edited_pairs.dev.jsonl")
PACKAGED: Final = ("natural_pairs.tsv", "fact_pairs.tsv")
CORPUS: Final = Path("../shared/data/corpus_headlines.tsv.gz")
_NUMBER_EDIT: Final = "number"
_SEED: Final = 20_240_501
_VARIED: Final = 0.5
"""The share of words that a variation of a corpus headline has from other headlines."""
_REPEATED: Final = 0.03
"""The share of new headlines that repeat a live one with a typo."""
_MEASURED: Final = 10_000

Kind = Literal["duplicate", "update", "distinct", "changed"]
"""The relation of two headlines; for `changed`, both an update and distinct are right."""


class Pair(Struct, frozen=True):
    """Two headlines, their relation, and the kind of edit or trap between them."""

    a: str
    b: str
    relation: Kind
    edit: str


class Figures(Struct, frozen=True):
    """The decisions on pairs: counts of (edit, true relation, decided relation)."""

    decided: Counter[tuple[str, str, str]]

    def count(self, true: str | None = None, found: str | None = None, edit: str | None = None) -> int:
        """The number of pairs with a true relation, a decided relation and an edit; None matches all."""
        return sum(
            n
            for (e, t, f), n in self.decided.items()
            if (true is None or t == true) and (found is None or f == found) and (edit is None or e == edit)
        )

    @property
    def failing(self) -> Counter[tuple[str, str]]:
        """The number of wrong decisions, by true relation and edit; a distinct pair may be decided as an update."""
        return Counter(
            {
                (true, edit): wrong
                for true, edit in sorted({(true, edit) for edit, true, _ in self.decided})
                if (wrong := self.count(true, edit=edit) - self._right(true, edit))
            }
        )

    def _right(self, true: str, edit: str) -> int:
        if true in {"changed", "distinct"}:
            return self.count(true, "update", edit) + self.count(true, "distinct", edit)
        return self.count(true, true, edit)

    @property
    def precision(self) -> float:
        """The share of merged pairs that are duplicates."""
        return self.count("duplicate", "duplicate") / max(1, self.count(None, "duplicate"))

    @property
    def recall(self) -> float:
        """The share of duplicates that were merged."""
        return self.count("duplicate", "duplicate") / max(1, self.count("duplicate"))

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.precision * self.recall / max(1e-9, self.precision + self.recall)

    @property
    def false_merges(self) -> float:
        """The share of merged pairs among those that are not duplicates (the false positive rate)."""
        others = self.count() - self.count("duplicate")
        return (self.count(None, "duplicate") - self.count("duplicate", "duplicate")) / max(1, others)


def development_pairs(path: Path) -> list[Pair]:
    """Pairs of a JSON-lines file with `a`, `b`, `relation` and `edit`."""
    return [msgspec.json.decode(line, type=Pair) for line in path.read_bytes().splitlines()]


def packaged_pairs(name: str) -> list[Pair]:
    """The pairs of a TSV file in this package: relation, kind of trap, and the two headlines."""
    text = files(__package__).joinpath(name).read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return [msgspec.convert({"relation": r, "edit": e, "a": a, "b": b}, Pair) for r, e, a, b in rows]


def measure(pairs: Iterable[Pair]) -> Figures:
    """Decide about every pair."""
    return Figures(Counter((p.edit, p.relation, compare(p.a, p.b).relation) for p in pairs))


def report(name: str, figures: Figures) -> None:
    """Print the figures of a set of pairs, then one line for each kind of edit."""
    print(f"\n{name}: {figures.count()} pairs")
    print(
        f"precision {figures.precision:.4f}  recall {figures.recall:.4f}  F1 {figures.f1:.4f}"
        f"  false merges {figures.false_merges:.2%}"
    )
    if numbers := figures.count(edit=_NUMBER_EDIT):
        print(f"number edits that are updates {figures.count(None, 'update', _NUMBER_EDIT) / numbers:.1%}")
    if updates := figures.count("update"):
        print(f"updates found as updates {figures.count('update', 'update') / updates:.1%}")
    print(f"{'true':<10}{'edit':<14}{'pairs':>6}{'duplicate':>11}{'update':>8}{'distinct':>10}")
    for true, edit in sorted({(true, edit) for edit, true, _ in figures.decided}):
        found = [figures.count(true, kind, edit) for kind in ("duplicate", "update", "distinct")]
        print(f"{true:<10}{edit:<14}{sum(found):>6}{found[0]:>11}{found[1]:>8}{found[2]:>10}")
    failing = [f"{true} {edit} ({wrong})" for (true, edit), wrong in figures.failing.items()]
    print(f"kinds that fail: {', '.join(failing) or 'none'}")


def varied_headlines(corpus: Sequence[str], count: int, seed: int = _SEED) -> Iterator[str]:
    """Variations of a corpus's headlines with half their words from others; a few repeat an earlier one."""
    chance = random.Random(seed)  # noqa: S311 (a benchmark's variation is no secret)
    words = [word for headline in corpus for word in headline.split()]
    recent: list[str] = []
    for _ in range(count):
        if recent and chance.random() < _REPEATED:
            yield f"{chance.choice(recent)} أيضا"
            continue
        headline = " ".join(
            chance.choice(words) if chance.random() < _VARIED else word
            for word in chance.choice(corpus).split()
        )
        if len(recent) < _MEASURED:
            recent.append(headline)
        else:
            recent[chance.randrange(_MEASURED)] = headline
        yield headline


def measure_speed(corpus: Sequence[str], live: int) -> None:
    """Print how fast headlines are looked up, added and removed with a given number live, and their memory."""
    varied = {fold(text): text for text in varied_headlines(corpus, live + _MEASURED)}
    keyed = [(fold_key(folded), pack(folded=folded, text=text)) for folded, text in varied.items()]
    index: NearIndex[Indexed] = NearIndex("ar")
    tracemalloc.start()
    headlines = [Indexed(key=key, texts=texts) for key, texts in keyed]
    for headline in headlines[:-_MEASURED]:
        index.add(headline)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    live = len(index)
    strings = sum(sys.getsizeof(key) + sys.getsizeof(texts) for key, texts in keyed[:live])
    found: Counter[str] = Counter()

    def turn_over() -> None:
        for old, new in zip(headlines, headlines[live:], strict=False):
            near = index.find(new.folded, new.text)
            found[near[1].relation if near else "new"] += 1
            index.remove(old)
            index.add(new)

    seconds = _timed(turn_over)
    print(
        f"{len(index):>9} live: {_MEASURED / seconds:>7.0f} new headlines/s (find, remove, add)  "
        f"{held / live:.0f} bytes a headline, {(held + strings) / live:.0f} with its key and texts  "
        f"found {dict(sorted(found.items()))}"
    )


def _timed(run: Callable[[], None]) -> float:
    """The processor time in seconds, which does not depend on other programs on the machine."""
    start = time.process_time()
    run()
    return time.process_time() - start


def read_corpus(path: Path, language: str) -> list[str]:
    """The headlines of a language in a gzipped file with a language and a headline a line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = (line.rstrip("\n").split("\t", 1) for line in lines)
        return [text for tongue, text in rows if tongue == language]


def main(arguments: Sequence[str]) -> None:
    """Run the evaluation from the command line."""
    parser = argparse.ArgumentParser("python -m streams.evaluate near", description=__doc__)
    parser.add_argument("--pairs", type=Path, default=DEVELOPMENT_PAIRS, help="development pairs")
    parser.add_argument("--speed", type=int, nargs="+", metavar="LIVE", help="measure the index instead")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="headlines that --speed varies")
    options = parser.parse_args(arguments)
    if options.speed:
        if not options.corpus.exists():
            sys.exit(f"{options.corpus}: no such corpus; name one with --corpus")
        corpus = read_corpus(options.corpus, "ar")
        print(f"corpus {options.corpus.name}: {len(corpus)} headlines in Arabic, varied with seed {_SEED}")
        print(f"machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, {sys.version}")
        for live in options.speed:
            measure_speed(corpus, live)
        return
    if options.pairs.exists():
        report(options.pairs.name, measure(development_pairs(options.pairs)))
    for name in PACKAGED:
        report(name, measure(packaged_pairs(name)))
