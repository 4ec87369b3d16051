"""Compare topics with the sections of outlets: five-fold cross-validation, and leaving out each outlet in turn.

An outlet has sections for a few topics only. The figure among those topics is the one to compare (the model may choose
only topics that the outlet has). The figure among all seventeen is lower: for example, an outlet without a health
section files a health headline under science, and the model's `health` counts as wrong.
"""

from collections.abc import Collection, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final

from streams.evaluate.f1 import macro_f1
from streams.process.categorize.lexicon import LANGUAGES
from streams.process.categorize.model import TOPICS, Categorizer, Model
from streams.process.categorize.train import (
    Labelled,
    Settings,
    examples_of,
    learn,
    possible_topics,
    read_corpus,
    read_labelled,
)
from streams.process.fold import fold

_FOLDS: Final = 5

_Pairs = list[tuple[str, str | None]]


def report_outlets(data: Path) -> None:
    """Print the macro F1 of the five folds and of each left-out outlet, by language."""
    labelled = read_labelled(data / "labelled_headlines.dev.jsonl")
    corpus = read_corpus(data / "corpus_headlines.tsv.gz")
    print("\nOutlets' sections: macro F1 among the topics that the outlet labels, and among all seventeen")
    print("language  left out             headlines  its topics  all topics")
    for language in LANGUAGES:
        rows = [row for row in labelled if row.lang == language]
        possible = possible_topics(rows)
        settings = Settings()
        prior, examples, others = examples_of(language, labelled, corpus[language], settings)
        for name, folds in _splits(rows):
            among: _Pairs = []
            strict: _Pairs = []
            for held_out in folds:
                kept = [example for at, example in enumerate(examples) if at not in held_out]
                learned = learn(kept + others, prior, settings)
                categorizer = Categorizer(Model("fold", 0.0, 0.0, {language: learned}))
                for at in sorted(held_out):
                    row = rows[at]
                    among.append((row.label, _best(categorizer, row, possible[row.set])))
                    strict.append((row.label, _best(categorizer, row, TOPICS)))
            figures = f"{len(among):9}  {macro_f1(among):10.3f}  {macro_f1(strict):10.3f}"
            print(f"{language:<8}  {name:<19}  {figures}", flush=True)


def _splits(rows: Sequence[Labelled]) -> Iterator[tuple[str, list[set[int]]]]:
    """Five stratified folds, then one split for each left-out outlet."""
    order = sorted(range(len(rows)), key=lambda at: (rows[at].label, rows[at].set, _shuffled(rows[at].text)))
    yield "a fifth, five times", [set(order[fold_at::_FOLDS]) for fold_at in range(_FOLDS)]
    for outlet in sorted({row.set for row in rows}):
        yield outlet, [{at for at, row in enumerate(rows) if row.set == outlet}]


def _shuffled(text: str) -> bytes:
    """A sort key that shuffles, in the same way in every run: a hash of the text."""
    return blake2b(text.encode(), digest_size=8).digest()


def _best(categorizer: Categorizer, row: Labelled, among: Collection[str]) -> str | None:
    shares = categorizer.shares(fold(row.text), row.lang)
    return max(sorted(among), key=lambda topic: shares[TOPICS.index(topic)]) if shares else None
