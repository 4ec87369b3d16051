"""Why rows of a difference differ: guards, what follows from them, words, corrections, and what the ledger says."""

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import streams.process.dedup.compare as comparing
from streams.process.dedup.guards import GUARDS
from streams.produce.observation import Observation
from streams.replay.builds import Judged, Reasoned, ThisBuild
from streams.replay.causes import Sides, by_cause, explained
from streams.replay.diff import KINDS, Collector, Result, compare
from streams.run.local import LocalRun
from tests.command import rows, ticker
from tests.process.dedup.test_guards import REFUSED, UPDATED
from tests.replay.test_diff import CRIME, SPORT, merged, result, shown
from tests.support import HOUR, START

PAIRS = [(one, other) for _, one, other in (*REFUSED, *UPDATED)]


class Without(ThisBuild):
    """This build without one guard."""

    def __init__(self, guard: str) -> None:
        super().__init__()
        self._guards = tuple(each for each in GUARDS if each.name != guard)

    def relations(self, pairs: Sequence[tuple[str, str]]) -> Sequence[Judged]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparing, "GUARDS", self._guards)
            return super().relations(pairs)

    def run(self) -> Result:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparing, "GUARDS", self._guards)
            return decided()


def shows() -> Iterator[Observation]:
    """Each pair's first text, an hour later its second, and that again two days later."""
    for hours, which in ((0, 0), (1, 1), (49, 1)):
        for number, pair in enumerate(PAIRS):
            at = START + hours * HOUR + number * 1000
            yield Observation(
                place="here",
                source=f"s{number % 3}",
                observed_at=at,
                text=pair[which],
                separator="\n",
                is_page=False,
            )


def decided() -> Result:
    """What this process makes of them."""
    collector = Collector()

    def add(row: Any) -> None:
        collector.add(msgspec.json.encode(row), "run")

    def fail(error: Exception) -> None:
        raise error

    LocalRun(published=add, failed=fail, dropped=add).run(shows())
    return collector.result


@pytest.fixture(scope="module")
def full() -> Result:
    return decided()


@pytest.mark.parametrize(
    ("guard", "asked"), [("roles", "both"), ("substituted", "both"), ("exchanged", "the full build")]
)
def test_every_difference_is_attributed_to_the_guard_that_was_removed(
    full: Result, guard: str, asked: str
) -> None:
    """All rows of a build without one guard have that guard as their cause, also those that only follow."""
    reduced = Without(guard)
    new = reduced.run()
    found = compare(full, new)
    assert found.lost
    sides = Sides(old=full, new=new, old_build=ThisBuild(), new_build=reduced if asked == "both" else None)
    causes = explained(found, sides)
    assert len(causes) == sum(len(getattr(found, kind)) for kind in KINDS)
    assert {name for name, _ in by_cause(causes)} == {f"guard {guard}"}
    # The other way round, the full build is the new one, and publishes what the recorded one merged.
    back = explained(compare(new, full), Sides(old=new, new=full, new_build=ThisBuild()))
    assert {name for name, _ in by_cause(back)} == {f"guard {guard}"}


def test_without_the_build_that_knows_the_ledger_tells_the_rule() -> None:
    """A build that would merge them too cannot say what made the other publish them: the rule of the merge is told."""
    old = result(shown(1, text="Raja wins"), shown(2, text="Raja | wins"))
    new = result(shown(1, text="Raja wins"), merged(2, rule="retagged"))
    causes = explained(compare(old, new), Sides(old=old, new=new, new_build=ThisBuild()))
    assert {cause.name for cause in causes.values()} == {"rule retagged"}
    assert "only the build of A can say" in causes["lost", f"{'a' * 20}-2"].detail


def test_what_has_no_reason_of_its_own_follows() -> None:
    """A sighting whose winner was swallowed is decided anew: its cause is that of the winner's row."""
    one, two = "Chelsea beat Arsenal in cup tie", "Arsenal beat Chelsea in cup tie"
    old = result(shown(1, text=one), shown(2, text=two), merged(3, text="عاجل", winner=f"{'a' * 20}-2"))
    new = result(
        shown(1, text=one),
        merged(2, text=two, winner_text=one, winner=f"{'a' * 20}-1"),
        shown(3, text="عاجل"),
    )
    causes = explained(compare(old, new), Sides(old=old, new=new, old_build=ThisBuild()))
    assert {cause.name for cause in causes.values()} == {"guard roles"}
    assert causes["gained", f"{'a' * 20}-3"].follows == f"{'a' * 20}-2"


class Weighing(ThisBuild):
    """A build that gives every text one topic for one word."""

    def __init__(self, topic: str, weight: float, rule: str | None = None) -> None:
        super().__init__()
        why = [{"words": "wins", "topic": topic, "weight": weight, "rule": rule}]
        self._reasoned = msgspec.convert({"topic": topic, "why": why}, Reasoned)  # type: ignore[method-assign, assignment]

    def reasons(self, texts: Sequence[str]) -> Sequence[Reasoned]:
        return [self._reasoned for _ in texts]  # type: ignore[misc]


def test_a_flip_names_the_weight_the_rule_or_the_person() -> None:
    """The word whose weight moved most, a user's rule that only one has, or the correction."""
    old, new = result(shown(1)), result(shown(1, CRIME))
    sides = Sides(old=old, new=new, old_build=Weighing(SPORT, 2.0), new_build=Weighing(CRIME, 3.5))
    (cause,) = explained(compare(old, new), sides).values()
    assert (cause.name, cause.detail) == ("weight of wins", "wins for crime: +0.00 → +3.50")
    sides = Sides(old=old, new=new, old_build=Weighing(SPORT, 2.0), new_build=Weighing(CRIME, 0, "raids"))
    (cause,) = explained(compare(old, new), sides).values()
    assert cause.name == "rule raids"
    by_hand = result(shown(1, CRIME, corrected=CRIME))
    (cause,) = explained(compare(old, by_hand), Sides(old=old, new=by_hand, new_build=ThisBuild())).values()
    assert (cause.name, cause.detail) == ("correction", "a person said crime")


def test_a_flip_between_models_that_only_one_side_can_explain() -> None:
    """The versions of both models, and the words that this build decided by."""
    old, new = result(shown(1, model="1")), result(shown(1, CRIME, model="2"))
    (cause,) = explained(compare(old, new), Sides(old=old, new=new, new_build=ThisBuild())).values()
    assert cause.name == "model 1 → 2"
    assert cause.detail


def test_another_build_is_asked_by_its_command(tmp_path: Path) -> None:
    """`--new-build` names the one that made B; this build then speaks for A, and its guard is named."""
    reduced = tmp_path / "reduced.py"
    reduced.write_text(
        "import streams.process.dedup.compare as comparing\n"
        "comparing.GUARDS = tuple(each for each in comparing.GUARDS if each.name != 'exchanged')\n"
        "from streams.cli import main\n"
        "main()\n"
    )
    one, two = "Leeds: water cut off in several districts", "Water cut off in several districts in Hull"
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    given = shown(1, text=one)
    old.write_text("\n".join(map(json.dumps, (given, shown(2, text=two)))))
    new.write_text("\n".join(map(json.dumps, (given, merged(2, text=two, winner_text=one, rule="moved")))))
    command = shlex.join([sys.executable, str(reduced)])
    summary, *told = rows(ticker("replay", "diff", old, new, "--new-build", command))
    assert summary["causes"] == {"guard exchanged": 1}
    assert {row["kind"] for row in told} == {"lost", "merges_gained"}
    failed = ticker("replay", "diff", old, new, "--old-build", str(tmp_path / "none"))
    assert failed.returncode == 2
    assert b"give the path of the other ticker" in failed.stderr
