"""Learn which words are words: `python -m streams.process.dedup.words.train CORPUS.tsv.gz ...`.

A corpus has a language and a headline a line, with a tab between. Words that stand in enough headlines
of a language are written to `known/LANGUAGE.txt`: one word a line, folded and sorted.
"""

import gzip
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from streams.process.dedup.words import LANGUAGES
from streams.process.fold import fold

_FEWEST: Final = {"ar": 2, "en": 1, "fr": 1}
"""Headlines that a word must stand in: where there are many, one that stands in a single headline may be a
typing error."""


def known_words(corpora: Iterable[Path]) -> dict[str, list[str]]:
    """Language to its words, sorted."""
    counts: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    for corpus in corpora:
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            for line in lines:
                language, text = line.rstrip("\n").split("\t")
                if language in counts:
                    counts[language].update(set(fold(text).split()))
    return {
        language: sorted(
            word for word, count in words.items() if count >= _FEWEST[language] and word.isalpha()
        )
        for language, words in counts.items()
    }


def main() -> None:
    """Write the lists beside this module."""
    for language, words in known_words(map(Path, sys.argv[1:])).items():
        path = Path(__file__).parent / "known" / f"{language}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(words) + "\n", "utf-8")
        print(f"{path.name}: {len(words)} words")


if __name__ == "__main__":
    main()
