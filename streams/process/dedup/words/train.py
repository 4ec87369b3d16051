"""Learn which words are words: `python -m streams.process.dedup.words.train CORPUS.tsv.gz`.

The corpus has a language and a headline a line, with a tab between. A word that stands in at least two
headlines of a language is written to `known/LANGUAGE.txt`: one word a line, folded and sorted.
"""

import gzip
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from streams.process.dedup.words import LANGUAGES
from streams.process.fold import fold

_FEWEST: Final = 2
"""A word that stands in one headline only may be a typing error."""


def known_words(corpus: Path) -> dict[str, list[str]]:
    """Language to its words, sorted."""
    counts: dict[str, Counter[str]] = {language: Counter() for language in LANGUAGES}
    with gzip.open(corpus, "rt", encoding="utf-8") as lines:
        for line in lines:
            language, text = line.rstrip("\n").split("\t")
            if language in counts:
                counts[language].update(set(fold(text).split()))
    return {
        language: sorted(word for word, count in words.items() if count >= _FEWEST and word.isalpha())
        for language, words in counts.items()
    }


def main() -> None:
    """Write the lists beside this module."""
    for language, words in known_words(Path(sys.argv[1])).items():
        path = Path(__file__).parent / "known" / f"{language}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(words) + "\n", "utf-8")
        print(f"{path.name}: {len(words)} words")


if __name__ == "__main__":
    main()
