"""Guards of facts that change when a story moves on: numbers, scores, days, months, ranks."""

from collections.abc import Iterator
from typing import Final

from schemas.events import Change
from streams.process.dedup.align import Alignment, Step
from streams.process.dedup.guards.guard import Guard, on_each_step, written
from streams.process.dedup.progress import progress
from streams.process.dedup.reading import Token
from streams.process.dedup.words import FACTS

_TOLL_SPAN: Final = 2
"""How many words from a number a word of dead or injured can stand for it to be a toll."""


def changes(alignment: Alignment, step: Step) -> Iterator[Change]:
    """The facts that a step changes, from `before` to `after`; one is empty where a fact came or went."""
    if moved_on := progress(alignment, step):
        yield _ordered(alignment, moved_on.kind, moved_on.before, moved_on.after)
    elif step.how == "counted":
        if not follows_number(alignment, step):
            yield _ordered(alignment, "number", step.before[0].written, step.after[0].written)
    elif step.how == "fact":
        yield _change(alignment, step.before[0], step.after[0], step)
    elif step.how == "gap":
        yield from (_change(alignment, token, None, step) for token in step.before if token.kind in FACTS)
        yield from (_change(alignment, None, token, step) for token in step.after if token.kind in FACTS)


def _change(alignment: Alignment, before: Token | None, after: Token | None, step: Step) -> Change:
    kind = (after or before or step.before[0]).kind
    if kind == "number" and _counts_victims(alignment, step):
        kind = "toll"
    return _ordered(alignment, kind, before.written if before else "", after.written if after else "")


def _ordered(alignment: Alignment, kind: str, before: str, after: str) -> Change:
    if alignment.swapped:
        before, after = after, before
    return Change(kind=kind, before=before, after=after)


def follows_number(alignment: Alignment, step: Step) -> bool:
    """Whether a noun's number is said beside it, so that its form says nothing more."""
    one, other = alignment.one.tokens, alignment.other.tokens
    return (step.at > 0 and one[step.at - 1].kind == "number") or (
        step.at_other > 0 and other[step.at_other - 1].kind == "number"
    )


def _counts_victims(alignment: Alignment, step: Step) -> bool:
    tolls = alignment.lexicon.tolls
    sides = ((alignment.one.tokens, step.at), (alignment.other.tokens, step.at_other))
    return any(
        not tolls.isdisjoint(token.written.split())
        for tokens, at in sides
        for token in tokens[max(0, at - _TOLL_SPAN) : at + 1 + _TOLL_SPAN]
    )


def _guard(name: str, reason: str) -> Guard:
    def check(alignment: Alignment, step: Step) -> str | None:
        return (
            written(alignment, step)
            if any(change.kind == name for change in changes(alignment, step))
            else None
        )

    return Guard(name, reason, on_each_step(check))


GUARDS: Final = (
    _guard("toll", "A toll that rose is the news: 3 dead, then 17 dead."),
    _guard("score", "A score that changed is another moment of the match, or another match."),
    _guard("number", "A number that changed, came or went is a fact, in digits and in words alike."),
    _guard("ordinal", "The third round is not the second."),
    _guard("quantity", "Dozens are not thousands, half is not all."),
    _guard("weekday", "Another day of the week is another date."),
    _guard("month", "Another month is another date, by whichever of its names."),
    _guard("day", "Today is not tomorrow."),
    _guard("state", "What was postponed is cancelled, what was orange is red: the story moved on."),
    _guard("more", "A clause more at the end is what came of it."),
)
