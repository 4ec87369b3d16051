"""Compare two headlines: a duplicate (same headline, same facts), an update (other facts), or distinct.

Words are aligned (`align`), differences that say nothing are excused (`licences`), and what is left is
put to the guards, each a named rule: one that objects to more than a fact makes the two distinct, one
that objects to a fact makes an update. A toll that is told in other words is an update too (`tolls`).
"""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct

from schemas.events import Change
from streams.process.dedup.align import Alignment, Step, align
from streams.process.dedup.datelines import with_datelines
from streams.process.dedup.equivalents import write_alike
from streams.process.dedup.glosses import without_gloss
from streams.process.dedup.guards import FACTS, GUARDS
from streams.process.dedup.guards.content import UNLIKE
from streams.process.dedup.guards.facts import changes
from streams.process.dedup.guards.guard import written
from streams.process.dedup.licences import licence
from streams.process.dedup.reading import Words, read, respace, split_words
from streams.process.dedup.tolls import retold
from streams.process.dedup.words import Lexicon, lexicon
from streams.process.fold import fold
from streams.process.language import detect

_WEIGHT: Final = {
    "longer": 7,
    "cut": 6,
    "moved": 5,
    "typo": 4,
    "respaced": 3,
    "labelled": 3,
    "attributed": 3,
    "retagged": 3,
    "minor": 2,
    "inflection": 2,
    "tense": 2,
    "accent": 1,
    "asked": 1,
    "counted": 2,
    "plural": 2,
    "affix": 1,
    "variant": 1,
    "numeral": 1,
}
"""Of the differences in a duplicate, the one with the greatest weight names its rule: `cut` before `typo`."""
_RESPELT: Final = "respelt"
_FEWEST_SHARED: Final = 0.34
"""Share of the shorter headline's words that must stand in both for an alignment to be worth it."""


class Relation(Struct, frozen=True, kw_only=True):
    """How two headlines relate, the rule that decided, what it saw, and how alike they are (0 to 1).

    `changes` are the facts that an update changed, from the first headline to the second.
    """

    relation: Literal["duplicate", "update", "distinct"]
    rule: str
    detail: str
    score: float
    changes: tuple[Change, ...] = ()


class Comparison(Struct, frozen=True):
    """A relation and the alignment that shows it; None where the headlines fold to the same text."""

    relation: Relation
    alignment: Alignment | None


EXACT: Final = Relation(relation="duplicate", rule="exact", detail="the folded texts are equal", score=1.0)


def compare(one: str, other: str, language: str | None = None) -> Relation:
    """How two headlines relate. Symmetric but for the direction of `changes` and `detail`; reflexive.

    The language is that of the words to know; it is detected where none is given.
    """
    return explain(one, other, language).relation


def explain(one: str, other: str, language: str | None = None) -> Comparison:
    """As `compare`, with the alignment."""
    folded, folded_other = fold(one), fold(other)
    if folded == folded_other:
        return Comparison(EXACT, None)
    words = lexicon(language or detect(" ".join(sorted((folded, folded_other)))))
    return compare_words(split_words(one, folded), split_words(other, folded_other), words)


def compare_words(one: Words, other: Words, words: Lexicon) -> Comparison:
    """As `explain`, for headlines whose words are split already.

    They are aligned in an order of their own, so that neither place decides.
    """
    if one.words == other.words:
        return Comparison(EXACT, None)
    swapped = (one.words, one.breaks) > (other.words, other.breaks)
    if swapped:
        one, other = other, one
    shared, shorter = len({*one.words} & {*other.words}), min(len(one.words), len(other.words))
    if shared < _FEWEST_SHARED * shorter:
        shared = len({*map(words.same, one.words)} & {*map(words.same, other.words)})
    if shared < _FEWEST_SHARED * shorter:
        detail = f"{shared} of {shorter} words shared"
        return Comparison(Relation(relation="distinct", rule=UNLIKE.name, detail=detail, score=0.0), None)
    spaced, spaced_other = respace(without_gloss(one, words), without_gloss(other, words), words)
    alike, alike_other = write_alike(spaced, spaced_other, words)
    led, led_other = with_datelines(alike, alike_other, words)
    alignment = align(
        read(led, words, frozenset(led_other.words)),
        read(led_other, words, frozenset(led.words)),
        words,
        swapped=swapped,
    )
    rewritten = {}
    if (spaced, spaced_other) != (one, other):
        rewritten["respaced"] = "spaces elsewhere, or a name in short"
    if (alike, alike_other) != (spaced, spaced_other):
        rewritten["variant"] = "a range, an age group or a former office in another form"
    if (led, led_other) != (alike, alike_other):
        rewritten["moved"] = "the place in front of one, inside the other"
    judged = _judge(alignment, rewritten)
    if judged.relation == "distinct" and (changed := retold(alignment)):
        judged = _update("toll", changed, judged.score)
    return Comparison(judged, alignment)


def _judge(alignment: Alignment, rewritten: Mapping[str, str]) -> Relation:
    length = max(len(alignment.one.tokens), len(alignment.other.tokens), 1)
    score = round(max(0.0, 1 - alignment.cost / (2 * length)), 4)
    excused = [
        (step, licence(alignment, step)) if step.how == "gap" else (step, None) for step in alignment.steps
    ]
    open_steps = [step for step, excuse in excused if not excuse]
    for guard in GUARDS:
        if detail := guard.objects(alignment, open_steps):
            return Relation(relation="distinct", rule=guard.name, detail=detail, score=score)
    if changed := tuple(change for step in open_steps for change in changes(alignment, step)):
        rule = next(guard.name for guard in FACTS if any(change.kind == guard.name for change in changed))
        return _update(rule, changed, score)
    rules = dict(_rules(alignment, [(s, e or s.how) for s, e in excused]))
    rules = {**rewritten, **rules}
    rule = max(rules, key=lambda name: (_WEIGHT.get(name, 0), name), default=_RESPELT)
    return Relation(relation="duplicate", rule=rule, detail=rules.get(rule, ""), score=score)


def _update(rule: str, changed: tuple[Change, ...], score: float) -> Relation:
    detail = ", ".join(f"{change.before or '∅'} → {change.after or '∅'}" for change in changed)
    return Relation(relation="update", rule=rule, detail=detail, score=score, changes=changed)


def _rules(alignment: Alignment, named: list[tuple[Step, str]]) -> Iterator[tuple[str, str]]:
    if alignment.moved:
        yield "moved", " ".join(token.written for token in alignment.moved)
    for step, name in named:
        if name != "same":
            yield ("minor" if name == "gap" else name), written(alignment, step)
