"""Export corrections as test data: what a person decided is what the rules and the model should have decided."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from schemas.events import Correction


class Pair(Struct, frozen=True):
    """Two headlines and their relation: `distinct` or `duplicate`."""

    relation: str
    texts: tuple[str, ...]
    language: str
    correction: str


class Example(Struct, frozen=True):
    """A headline and its media topic."""

    text: str
    language: str
    topic: str
    correction: str


def examples(corrections: Iterable[Correction]) -> Iterator[Pair | Example]:
    """Splits and joins as pairs, recategorizations as examples. Withdrawals are left out."""
    for each in corrections:
        if each.kind in {"split", "join"}:
            relation = "distinct" if each.kind == "split" else "duplicate"
            yield Pair(relation, each.texts, each.language, each.id)
        elif each.kind == "recategorize" and each.topic is not None:
            yield Example(each.texts[0], each.language, each.topic, each.id)
