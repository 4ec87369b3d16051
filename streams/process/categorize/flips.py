"""Shadow comparison: the headlines whose topic changes from one categorizer to another."""

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from streams.process.categorize.model import Categorizer
from streams.process.fold import fold
from streams.process.language import detect


class Flip(msgspec.Struct, frozen=True):
    """A headline whose topic changes; None is `uncategorised`."""

    text: str
    language: str
    old: str | None
    new: str | None


def flips(texts: Iterable[str], old: Categorizer, new: Categorizer) -> Iterator[Flip]:
    """The headlines that two categorizers put under different topics, in order."""
    for text in texts:
        folded = fold(text)
        language = detect(folded)
        before = old.categorize(text, folded, language).topic
        after = new.categorize(text, folded, language).topic
        if before != after:
            yield Flip(text, language, before, after)


def flips_by_topic(found: Iterable[Flip]) -> list[tuple[str | None, str | None, int]]:
    """Old topic, new topic and the number of headlines with that change, most frequent first."""
    counts = Counter((flip.old, flip.new) for flip in found)
    rows = [(old, new, count) for (old, new), count in counts.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0] or "", row[1] or ""))
