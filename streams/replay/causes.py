"""Say why each row of a difference differs: the guard, rule, word or correction that flipped it, or what it follows.

The ledger (duplicates, headlines) says by which rule one side swallowed a sighting; why the other one published it is
asked from a build that would (`builds`). What has no reason of its own follows from another row: when A's winner is
gone in B, the sightings that it had swallowed are decided anew.
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
    """Why a row differs: a name that rows are grouped by, what was seen, and the row that it follows from."""

    name: str
    detail: str = ""
    follows: str | None = None


UNEXPLAINED: Final = Cause("unexplained")


class Sides(Struct, frozen=True, kw_only=True):
    """Both results, and the builds that can be asked; at least one."""

    old: Result
    new: Result
    old_build: Build | None = None
    new_build: Build | None = None


class _Question(Struct, frozen=True):
    """Two texts that one side took for related and the other side did not."""

    key: Key
    texts: tuple[str, str]
    relation: str
    """What they are on the side that related them."""
    published_by: str
    """The other side."""
    rule: str
    winner: str

    def holds(self, opinions: Mapping[str, Judged]) -> bool:
        """Whether the build of the side that related them still does, where it was asked."""
        related_by = opinions.get("new" if self.published_by == "old" else "old")
        return bool(opinions) and (related_by is None or related_by.relation == self.relation)

    @property
    def otherwise(self) -> str:
        """What the other side made of them."""
        return (
            f"merged by the rule {self.rule}"
            if self.relation == "duplicate"
            else "an update on the other side"
        )


def explained(difference: Difference, sides: Sides) -> dict[Key, Cause]:
    """The cause of every row, by kind and id."""
    return _Explainer(difference, sides).explain()


def by_cause(causes: Mapping[Key, Cause]) -> list[tuple[str, int]]:
    """Cause, rows; the most first. A sighting that one side swallowed and the other published is one row."""
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
        """Slots that were split otherwise, and the headlines and merges that stood in them."""
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
        """What one side swallowed and the other did not: which rule did, and which guard would not."""
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
        """Where no build that was asked would publish it: the rule by which the ledger says that it was swallowed."""
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
        """A headline that is an update on one side only, beside each earlier headline of the chain that it is in."""
        for row in self._difference.relinked:
            side, other = ("old", "new") if row.new is None else ("new", "old")
            for earlier in self._chains[side].get(row.old or row.new or "", ()):
                if earlier.id == row.id:
                    break
                texts = (earlier.text, row.text)
                yield _Question(("relinked", row.id), texts, "update", other, "update", earlier.id)

    def _ask_pairs(self, questions: Sequence[_Question]) -> list[dict[str, Judged]]:
        """What the builds of either side say of each pair."""
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
        """Give rows without a cause of their own that of the row which they follow from, however far away."""
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
        """Headlines that a row with a cause is about: itself, and what swallowed it."""
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
        """Ids whose decision decides about this row too: itself, its winners, and who has the same text."""
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
    """The rule, or the word whose weight changed most, between two builds; None where only one was asked."""
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
    """The words that spoke for a topic."""
    told = [
        f"rule {each.rule}" if each.rule else f"{each.words} {each.weight:+.1f}"
        for each in reasoned.why[:_TOLD_WORDS]
    ]
    return f"{slug_of(reasoned.topic)} by {', '.join(told)}" if told else slug_of(reasoned.topic)
