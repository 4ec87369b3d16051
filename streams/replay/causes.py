"""Finds the cause of each row of a difference: a guard, a rule, a word's weight, a correction, or another row.

The topics say by which rule one side dropped a sighting as a duplicate. Why the other side published it is asked of its
build (`builds`). A row without a cause of its own follows from another row: if A's winner is missing in B, B decides
anew about the sightings that A had merged into it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.mediatopics import slug_of
from streams.process.dedup.guards import GUARDS
from streams.process.fold import fold
from streams.replay.builds import Build, Judged, Reasoned
from streams.replay.diff import KINDS, Difference, Flip, Merged, Relinked, Result, Shown, SlotChange

Row = Shown | Merged | Flip | Relinked | SlotChange
Key = tuple[str, str]
"""The kind of a row and its id."""

_GUARDS: Final = frozenset(guard.name for guard in GUARDS)
_TOLD_WORDS: Final = 3
_TOLD_SCORES: Final = 2
_LONGEST_WAY: Final = 50


class Cause(Struct, frozen=True):
    """Why a row differs: a name by which rows are grouped, details, and the id of the row that it follows from."""

    name: str
    detail: str = ""
    follows: str | None = None


UNEXPLAINED: Final = Cause("unexplained")


class Sides(Struct, frozen=True, kw_only=True):
    """Both results, and the builds that can be asked, at least one."""

    old: Result
    new: Result
    old_build: Build | None = None
    new_build: Build | None = None


class _Question(Struct, frozen=True):
    """Two texts that one side related and the other did not."""

    key: Key
    texts: tuple[str, str]
    relation: str
    """Their relation on the side that related them."""
    published_by: str
    """The other side, `old` or `new`."""
    rule: str
    winner: str

    def holds(self, opinions: Mapping[str, Judged]) -> bool:
        """Whether the build of the side that related them still does; True if it was not asked."""
        related_by = opinions.get("new" if self.published_by == "old" else "old")
        return bool(opinions) and (related_by is None or related_by.relation == self.relation)

    @property
    def otherwise(self) -> str:
        """The decision of the side that related them, as a message."""
        return (
            f"merged by the rule {self.rule}"
            if self.relation == "duplicate"
            else "an update on the other side"
        )


def explained(difference: Difference, sides: Sides) -> dict[Key, Cause]:
    """The cause of every row of a difference, by kind and id."""
    return _Explainer(difference, sides).explain()


def by_cause(causes: Mapping[Key, Cause]) -> list[tuple[str, int]]:
    """Causes with their numbers of rows, the most frequent first; a sighting counts once, even if it has two rows."""
    sightings: dict[str, str] = {}
    for (_, identity), cause in causes.items():
        sightings.setdefault(identity, cause.name)
    return Counter(sightings.values()).most_common()


class _Explainer:
    def __init__(self, difference: Difference, sides: Sides) -> None:
        self._difference = difference
        self._sides = sides
        self._causes: dict[Key, Cause] = {}
        results = {"old": sides.old, "new": sides.new}
        self._texts = {name: _by_text(result) for name, result in results.items()}
        self._chains = {name: _by_chain(result) for name, result in results.items()}

    def explain(self) -> dict[Key, Cause]:
        self._blame_splitter()
        self._judge_pairs()
        self._judge_flips()
        self._follow()
        self._take_ledger()
        self._follow()
        return {
            (kind, row.id): self._causes.get((kind, row.id), UNEXPLAINED)
            for kind in KINDS
            for row in getattr(self._difference, kind)
        }

    def _blame_splitter(self) -> None:
        """Blame the splitter for slots that were split differently, and for rows about sightings in them."""
        found = self._difference
        changes = (*found.slots_gained, *found.slots_lost, *found.slots_changed)
        split = {each.id: each for each in changes}
        for kind in KINDS:
            for row in getattr(found, kind):
                change = split.get(row.id)
                if change is not None:
                    told = f"the slot had {change.old or 'nothing'}, now it has {change.new or 'nothing'}"
                    self._causes[kind, row.id] = Cause("splitter", told)

    def _judge_pairs(self) -> None:
        """Ask the builds about pairs that only one side related: a guard or fact of the other may be the cause."""
        questions = [*self._questions(), *self._links()]
        judged = self._ask_pairs(questions)
        for question, opinions in zip(questions, judged, strict=True):
            if question.key in self._causes or not question.holds(opinions):
                continue
            told = opinions.get(question.published_by) or next(iter(opinions.values()))
            if told.relation != question.relation:
                name = f"{'guard' if told.rule in _GUARDS else 'fact'} {told.rule}"
                detail = f"{told.relation}: {told.detail}; {question.otherwise}"
                self._causes[question.key] = Cause(name, detail)

    def _take_ledger(self) -> None:
        """Blame the recorded rule for rows that no asked build would publish."""
        for question in self._questions():
            if question.key not in self._causes:
                side = {"old": "A", "new": "B"}[question.published_by]
                detail = (
                    f"swallowed by {question.winner}; the builds that were asked would do so too: what made {side}"
                    f" publish it, only the build of {side} can say"
                )
                self._causes[question.key] = Cause(f"rule {question.rule}", detail)

    def _questions(self) -> Iterator[_Question]:
        found = self._difference
        for kind, rows, swallower, published_by in (
            ("lost", found.lost, self._sides.new, "old"),
            ("gained", found.gained, self._sides.old, "new"),
            ("merges_gained", found.merges_gained, self._sides.new, "old"),
            ("merges_lost", found.merges_lost, self._sides.old, "new"),
        ):
            for row in rows:
                merged = swallower.merges.get(row.id)
                if merged is not None:
                    texts = (merged.winner_text, merged.text)
                    yield _Question(
                        (kind, row.id), texts, "duplicate", published_by, merged.rule, merged.winner
                    )

    def _links(self) -> Iterator[_Question]:
        """For a headline that is an update on one side only: pair it with each earlier headline of its chain."""
        for row in self._difference.relinked:
            side, other = ("old", "new") if row.new is None else ("new", "old")
            for earlier in self._chains[side].get(row.old or row.new or "", ()):
                if earlier.id == row.id:
                    break
                texts = (earlier.text, row.text)
                yield _Question(("relinked", row.id), texts, "update", other, "update", earlier.id)

    def _ask_pairs(self, questions: Sequence[_Question]) -> list[dict[str, Judged]]:
        """The answers of the builds about each pair, by side."""
        pairs = [each.texts for each in questions]
        answers: list[dict[str, Judged]] = [{} for _ in pairs]
        for side, build in (("old", self._sides.old_build), ("new", self._sides.new_build)):
            if build is not None:
                for answer, told in zip(answers, build.relations(pairs), strict=True):
                    answer[side] = told
        return answers

    def _judge_flips(self) -> None:
        flips = self._difference.flips
        texts = [flip.text for flip in flips]
        builds = (self._sides.old_build, self._sides.new_build)
        old, new = ([] if build is None else build.reasons(texts) for build in builds)
        for number, flip in enumerate(flips):
            self._causes["flips", flip.id] = self._of_flip(
                flip, old[number] if old else None, new[number] if new else None
            )

    def _of_flip(self, flip: Flip, old: Reasoned | None, new: Reasoned | None) -> Cause:
        before, after = self._shown("old", flip), self._shown("new", flip)
        if before and after and before.corrected != after.corrected:
            return Cause("correction", f"a person said {slug_of(after.corrected or before.corrected)}")
        told = "; ".join(
            f"{side}: {', '.join(f'{slug_of(s.topic)} {s.confidence:.2f}' for s in row.topics[:_TOLD_SCORES])}"
            for side, row in (("A", before), ("B", after))
            if row and row.topics
        )
        weights = _weights(old, new)
        if weights is not None:
            return replace(weights, detail="; ".join(filter(None, (weights.detail, told))))
        versions = [row.model for row in (before, after) if row and row.model]
        name = f"model {versions[0]} → {versions[1]}" if len(set(versions)) > 1 else "categories"
        words = next((_words(each) for each in (new, old) if each and each.why), "")
        return Cause(name, "; ".join(filter(None, (words, told))))

    def _shown(self, side: str, flip: Flip) -> Shown | None:
        result: Result = getattr(self._sides, side)
        found = result.headlines.get(flip.id)
        if found is None:
            rows = self._texts[side].get(fold(flip.text), ())
            found = next((row for row in rows if isinstance(row, Shown)), None)
        return found

    def _follow(self) -> None:
        """Give rows without a cause that of a row which they follow from, over up to `_LONGEST_WAY` steps."""
        for _ in range(_LONGEST_WAY):
            touched = self._touched()
            found = {
                (kind, row.id): cause
                for kind in KINDS
                for row in getattr(self._difference, kind)
                if (kind, row.id) not in self._causes and (cause := self._followed(row, touched))
            }
            if not found:
                return
            self._causes |= found

    def _touched(self) -> dict[str, tuple[str, Cause]]:
        """The headlines affected by rows with a cause: each row's own, and its winner on either side."""
        touched: dict[str, tuple[str, Cause]] = {}
        for (_, identity), cause in self._causes.items():
            touched.setdefault(identity, (identity, cause))
            for result in (self._sides.old, self._sides.new):
                merged = result.merges.get(identity)
                if merged is not None:
                    touched.setdefault(merged.winner, (identity, cause))
        return touched

    def _followed(self, row: Row, touched: Mapping[str, tuple[str, Cause]]) -> Cause | None:
        for identity in self._neighbours(row):
            if identity in touched:
                origin, cause = touched[identity]
                return Cause(cause.name, f"follows from {origin}", origin)
        return None

    def _neighbours(self, row: Row) -> Iterator[str]:
        """The ids whose decisions affect a row: itself, its winners, its chain, and rows with the same text."""
        yield row.id
        for side in ("old", "new"):
            if isinstance(row, Relinked):
                for headline in self._chains[side].get(row.old or row.new or "", ()):
                    yield headline.id
            result: Result = getattr(self._sides, side)
            merged = result.merges.get(row.id)
            if merged is not None:
                yield merged.winner
            for same in self._texts[side].get(fold(row.text), ()):
                yield same.id
                if isinstance(same, Merged):
                    yield same.winner


def _by_text(result: Result) -> dict[str, list[Shown | Merged]]:
    rows: dict[str, list[Shown | Merged]] = {}
    everything: tuple[Shown | Merged, ...] = (*result.headlines.values(), *result.merges.values())
    for row in everything:
        rows.setdefault(fold(row.text), []).append(row)
    return rows


def _by_chain(result: Result) -> dict[str, list[Shown]]:
    chains: dict[str, list[Shown]] = {}
    for row in sorted(result.headlines.values(), key=lambda row: (row.observed_at, row.id)):
        chains.setdefault(row.chain, []).append(row)
    return chains


def _weights(old: Reasoned | None, new: Reasoned | None) -> Cause | None:
    """The rule, or the word whose weight changed most, between two builds; None if only one was asked."""
    if old is None or new is None or old == new:
        return None
    rules = {each.rule for each in new.why if each.rule} ^ {each.rule for each in old.why if each.rule}
    if rules:
        return Cause(f"rule {min(rules)}", f"{_words(old)} → {_words(new)}")
    before = {(each.words, each.topic): each.weight for each in old.why}
    after = {(each.words, each.topic): each.weight for each in new.why}
    moved = {key: after.get(key, 0.0) - before.get(key, 0.0) for key in before.keys() | after.keys()}
    if not moved:
        return None
    word, topic = max(moved, key=lambda key: (abs(moved[key]), key))
    was, is_now = before.get((word, topic), 0.0), after.get((word, topic), 0.0)
    detail = f"{word} for {slug_of(topic)}: {was:+.2f} → {is_now:+.2f}"
    return Cause(f"weight of {word}", detail)


def _words(reasoned: Reasoned) -> str:
    """The words that speak for a topic, as a message."""
    told = [
        f"rule {each.rule}" if each.rule else f"{each.words} {each.weight:+.1f}"
        for each in reasoned.why[:_TOLD_WORDS]
    ]
    return f"{slug_of(reasoned.topic)} by {', '.join(told)}" if told else slug_of(reasoned.topic)
