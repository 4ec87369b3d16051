"""`make validate`: a million real events by a validator in each of four languages.

python -m tests.validators --data ../shared/data --events 1000000
"""

import gzip
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, islice
from pathlib import Path

import click

from tests.validators.events import Line, events
from tests.validators.languages import LANGUAGES, validated


def corpora(data: Path) -> Iterator[str]:
    """The headlines of four corpora: what sites showed, labelled ones, stories, and pairs before and after an edit."""
    with gzip.open(data / "corpus_headlines.tsv.gz", "rt", encoding="utf-8") as lines:
        yield from (line.partition("\t")[2] for line in lines)
    for name, fields in (
        ("labelled_headlines", ("text",)),
        ("stories", ("text",)),
        ("edited_pairs", ("a", "b")),
    ):
        for line in (data / f"{name}.dev.jsonl").read_bytes().splitlines():
            row = json.loads(line)
            yield from (row[field] for field in fields)


def again(data: Path) -> Iterator[str]:
    """The corpora over and over, each time as other headlines: a number before them changes a fact."""
    for turn in count():
        for text in corpora(data):
            yield text if turn == 0 else f"{turn + 1} : {text}"


@click.command()
@click.option("--data", type=click.Path(path_type=Path), default=Path("../shared/data"), show_default=True)
@click.option("--events", "number", type=click.IntRange(1), default=1_000_000, show_default=True)
def main(data: Path, number: int) -> None:
    """Print what each validator found."""
    with tempfile.TemporaryDirectory() as name:
        folders = {language: Path(name) / language for language in LANGUAGES}
        for folder in folders.values():
            folder.mkdir()
        commands = {language: make(folders[language]) for language, make in LANGUAGES.items()}
        found = validated(commands, _told(islice(events(again(data)), number)), Path(name))
    for language, counts in found.items():
        click.echo(f"{language}: {_sum(counts.valid):,} valid, {_sum(counts.invalid):,} invalid")
    some = next(iter(found.values()))
    for kind in sorted(some.valid.keys() | some.invalid.keys()):
        click.echo(f"  {some.valid.get(kind, 0):>9,} {kind}")
    if any(counts.invalid or _sum(counts.valid) != number for counts in found.values()):
        sys.exit(1)


def _told(lines: Iterable[Line]) -> Iterator[Line]:
    for number, line in enumerate(lines, 1):
        if number % 100_000 == 0:
            click.echo(f"{number:,} events", err=True)
        yield line


def _sum(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


if __name__ == "__main__":
    main()
