"""Find headlines that stand bare in one element, by turns with elements of one kind that hold a word or an icon.

So does `<b>Sport</b> Ferry … <b>World</b> Bakers …`, and `Ferry … <i class="dot"></i> Bakers …`; and so do those with
what nobody sees between them, `Ferry … <!-- item --> Bakers …`. Words of a sentence in bold are told from these: a
headline stands behind each, and begins anew.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from streams.produce.extract.markup import FORMATTING, Outline
from streams.produce.extract.reading import kind_of
from streams.produce.furniture import is_furniture
from streams.produce.labels import is_label, is_section
from streams.produce.split import LONGEST_HEADLINE, SHORTEST_HEADLINE

_FEWEST: Final = 3
_MOST_WORDS: Final = 3
"""Words of a label at most, and of a headline at least."""
_COLONS: Final = (":", "：")
_IN_SENTENCES: Final = FORMATTING | {"a"}
"""Elements that sentences have inside: their words must be known as what stands before headlines."""


def bare_headlines(drawn: Outline) -> list[str] | None:
    """The headlines that stand so in an element, each with whoever it quotes; None where none do."""
    direct = Counter(run.element for run in drawn.runs)
    if not direct:
        return None
    owner, count = direct.most_common(1)[0]
    bare = [number for number, run in enumerate(drawn.runs) if run.element == owner]
    texts = [drawn.runs[number].text for number in bare]
    if count < _FEWEST or not _are_headlines(texts) or not _is_all(drawn, bare):
        return None
    if all(drawn.runs[number].seam for number in bare[1:]):
        return texts
    return _labelled(drawn, owner, bare)


def _labelled(drawn: Outline, owner: int, bare: Sequence[int]) -> list[str] | None:
    """The texts of these runs of an element, with elements of one kind by turns; None where others stand there."""
    inside = [number for number, element in enumerate(drawn.elements) if element.parent == owner]
    before = [
        [each for each in inside if drawn.starts[each] > first and drawn.ends[each] <= last]
        for first, last in zip([-1, *bare], bare, strict=False)
    ]
    kinds = {
        tuple((drawn.elements[each].tag, drawn.elements[each].called) for each in row) for row in before[1:]
    }
    if len(kinds) > 1 or () in kinds:
        return None
    texts = [drawn.runs[number].text for number in bare]
    labels = [" ".join(drawn.inside(each) for each in row[-len(before[1]) :]).strip() for row in before]
    if not any(labels[1:]):
        return texts
    if not all(labels) or not _are_labels(labels, drawn.elements[before[1][0]].tag):
        return None
    return list(map(_with_speaker, labels, texts))


def _is_all(drawn: Outline, bare: Sequence[int]) -> bool:
    """Whether around these runs there is nothing but furniture and a few words."""
    rest = [*drawn.runs[: bare[0]], *drawn.runs[bare[-1] + 1 :]]
    return all(len(run.text.split()) <= _MOST_WORDS or is_furniture(run.text) for run in rest)


def _are_headlines(texts: Sequence[str]) -> bool:
    """Whether texts are as long as headlines, begin anew, and most read so."""
    return (
        all(SHORTEST_HEADLINE <= len(text) <= LONGEST_HEADLINE and _begins_anew(text) for text in texts)
        and all(len(text.split()) >= _MOST_WORDS for text in texts)
        and 2 * sum(kind_of(text) == "headlines" for text in texts) > len(texts)
    )


def _begins_anew(text: str) -> bool:
    first = next(filter(str.isalnum, text), "")
    return not first.islower() and text[0] not in ",.;)]،؛" and text[-1] not in ",;([،؛"


def _are_labels(labels: Sequence[str], tag: str) -> bool:
    """Whether all are a few words, and known, or followed by a colon, where a sentence may have such elements."""
    return all(
        is_furniture(label)
        or is_section(label.rstrip(": "))
        or (
            len(label.split()) <= _MOST_WORDS
            and (tag not in _IN_SENTENCES or label[0].isupper() or label.endswith(_COLONS))
        )
        for label in labels
    )


def _with_speaker(label: str, text: str) -> str:
    """A headline with whoever it quotes: what stands before a colon, unless that is a label or section."""
    name = label.rstrip(": ")
    spoken = label.endswith(_COLONS) and not (is_section(name) or is_label(name) or is_furniture(name))
    return f"{label} {text}" if spoken else text
