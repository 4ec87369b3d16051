"""Learn which words are words: `python -m streams.process.dedup.words.train CORPUS.tsv.gz ...`.

A corpus has a language and a headline a line, with a tab between. The words of a language are
written to `known/LANGUAGE.txt`, one a line, folded and sorted. Typing errors in the corpus are among them:
they cost a merge now and then, while a rare word left out could cost a fact.
"""

import gzip
import sys
from collections.abc import Iterable
from pathlib import Path

from streams.process.dedup.words import LANGUAGES
from streams.process.fold import fold


def known_words(corpora: Iterable[Path]) -> dict[str, list[str]]:
    """Language to its words, sorted."""
    known: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for corpus in corpora:
        with gzip.open(corpus, "rt", encoding="utf-8") as lines:
            for line in lines:
                language, text = line.rstrip("\n").split("\t")
                if language in known:
                    known[language].update(fold(text).split())
    return {language: sorted(filter(str.isalpha, words)) for language, words in known.items()}


def main() -> None:
    """Write the lists beside this module."""
    for language, words in known_words(map(Path, sys.argv[1:])).items():
        path = Path(__file__).parent / "known" / f"{language}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(words) + "\n", "utf-8")
        print(f"{path.name}: {len(words)} words")


if __name__ == "__main__":
    main()
