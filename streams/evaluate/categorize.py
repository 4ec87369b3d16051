"""Measure topic classification: on our own set of seventeen topics, and on outlets' sections if data are present.

`data/headlines.jsonl` was written after the lexicons and is never used for training or calibration.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from time import process_time
from typing import Final

import msgspec

from schemas.mediatopics import slug_of
from streams.evaluate.f1 import f1_by_topic, macro_f1
from streams.process.categorize.model import TOPICS, Categorizer
from streams.process.fold import fold
from streams.process.language import detect

DEVELOPMENT_DATA: Final = Path("../shared/data")
"""Development data next to the checkout; without them only the project's own sets are used."""
LANGUAGES: Final = ("ar", "fr", "en")
_THRESHOLDS: Final = (0.0, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.8, 0.9)
_TENTHS: Final = 10


class Gold(msgspec.Struct, frozen=True):
    """A headline that we wrote, with its topic."""

    text: str
    language: str
    topic: str


class Answer(msgspec.Struct, frozen=True):
    """The true topic, the most likely topic found, its confidence, and whether it passed the threshold."""

    language: str
    topic: str
    found: str | None
    confidence: float
    answered: bool


def own_headlines() -> list[Gold]:
    """The evaluation set."""
    lines = files(__package__).joinpath("data", "headlines.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Gold) for line in lines]


def answers(categorizer: Categorizer, headlines: Iterable[Gold]) -> list[Answer]:
    """The categorizer's answer for each headline, whose language is detected."""
    found = []
    for gold in headlines:
        folded = fold(gold.text)
        language = detect(folded)
        shares = categorizer.shares(folded, language)
        best = max(range(len(shares)), key=shares.__getitem__, default=None)
        found.append(
            Answer(
                language=gold.language,
                topic=gold.topic,
                found=None if best is None else TOPICS[best],
                confidence=0.0 if best is None else shares[best],
                answered=categorizer.categorize(gold.text, folded, language).topic is not None,
            )
        )
    return found


def accuracy(found: Sequence[Answer]) -> float:
    """The share of correct topics, whether they passed the threshold or not."""
    return sum(answer.found == answer.topic for answer in found) / len(found) if found else 0.0


def reliability(found: Sequence[Answer]) -> list[tuple[float, int, float, float]]:
    """The reliability diagram in ten bins of confidence: lower bound, headlines, mean confidence, accuracy."""
    tenths: dict[int, list[Answer]] = defaultdict(list)
    for answer in found:
        tenths[min(int(answer.confidence * _TENTHS), _TENTHS - 1)].append(answer)
    return [
        (tenth / _TENTHS, len(group), sum(a.confidence for a in group) / len(group), accuracy(group))
        for tenth, group in sorted(tenths.items())
    ]


def calibration_error(found: Sequence[Answer]) -> float:
    """Expected calibration error with ten bins (Naeini and others 2015)."""
    return sum(n * abs(mean - right) for _, n, mean, right in reliability(found)) / len(found)


def main(arguments: Sequence[str]) -> None:
    """Run the evaluation from the command line."""
    parser = argparse.ArgumentParser("python -m streams.evaluate categorize", description=__doc__)
    parser.add_argument("--data", type=Path, default=DEVELOPMENT_DATA, help="folder of development data")
    data: Path = parser.parse_args(arguments).data
    report(data if data.is_dir() else None)


def report(data: Path | None) -> None:
    """Print all tables; those of outlets only with development data and the dependency group `train`."""
    categorizer = Categorizer()
    headlines = own_headlines()
    found = answers(categorizer, headlines)
    print(f"Model {categorizer.version}; {len(found)} headlines of our own writing, 17 topics, 3 languages\n")
    _print_own(found)
    _print_speed(categorizer, headlines)
    if data is None:
        print("\nNo development data beside the checkout: five folds and leave-one-outlet-out are left out.")
        return
    # Only this part needs the dependency group `train`.
    from streams.evaluate.outlets import report_outlets  # noqa: PLC0415

    report_outlets(data)


def _print_own(found: Sequence[Answer]) -> None:
    answered = [answer for answer in found if answer.answered]
    pairs = [(answer.topic, answer.found) for answer in found]
    _print_row("accuracy", accuracy(found))
    _print_row("macro F1", macro_f1(pairs))
    _print_row("answered", len(answered) / len(found))
    _print_row("right when answered", accuracy(answered))
    _print_row("expected calibration error", calibration_error(found))
    for language in LANGUAGES:
        here = [answer for answer in found if answer.language == language]
        said = [answer for answer in here if answer.answered]
        print(
            f"{language}: accuracy {accuracy(here):.3f}, answered {len(said) / len(here):.3f}, "
            f"right when answered {accuracy(said):.3f}"
        )
    print("\ntopic            F1     ar     fr     en   (accuracy by language)")
    for topic, f1 in f1_by_topic(pairs).items():
        cells = [
            accuracy([a for a in found if a.topic == topic and a.language == language])
            for language in LANGUAGES
        ]
        print(f"{slug_of(topic):<15} {f1:.2f}  " + "  ".join(f"{cell:5.2f}" for cell in cells))
    print("\nReliability\nconfidence from  headlines  mean confidence  right")
    for lower, count, mean, right in reliability(found):
        print(f"{lower:15.2f}  {count:9}  {mean:15.2f}  {right:5.2f}")
    print("\nCoverage against accuracy\nconfidence from  coverage  right")
    for threshold in _THRESHOLDS:
        kept = [answer for answer in found if answer.confidence >= threshold]
        print(f"{threshold:15.2f}  {len(kept) / len(found):8.3f}  {accuracy(kept):5.3f}")


def _print_row(name: str, value: float) -> None:
    print(f"{name:<28}{value:.3f}")


def _print_speed(categorizer: Categorizer, headlines: Sequence[Gold]) -> None:
    given = [(gold.text, fold(gold.text), gold.language) for gold in headlines]
    fresh = Categorizer()
    print()
    for name, used in (("every word new", fresh), ("words met before", categorizer)):
        start = process_time()
        for headline in given:
            used.categorize(*headline)
        print(f"{name}: {1e6 * (process_time() - start) / len(given):.0f} µs of processor time a headline")
