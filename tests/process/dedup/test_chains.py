"""Chains of updates: one key for all of them, the newest wording, and the end with the last live headline."""

from collections.abc import Iterable, Sequence
from operator import attrgetter

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schemas.events import ChainEnd, Headline, Sighting
from streams.process.dedup.deduplicator import Deduplicator
from streams.stage import EventRecord
from tests.support import HOUR, MINUTE, START, KeepingOutbox, raw_record, sighting

CRASH = "{} dead in bus crash near Ouarzazate"
PORT = "Port reopens after the storm"


def decide(*messages: EventRecord, deduplicator: Deduplicator | None = None) -> KeepingOutbox:
    """Run messages through a deduplicator, a new one unless given."""
    out = KeepingOutbox()
    (deduplicator or Deduplicator()).process(messages, out)
    return out


def decisions(out: KeepingOutbox) -> Sequence[Headline | ChainEnd]:
    """What the categorize stage reads, in order."""
    return [w.event for w in out.written if isinstance(w.event, Headline | ChainEnd)]


def current(decided: Sequence[Headline | ChainEnd]) -> dict[str, str]:
    """What `ticker.current` makes of decisions: the newest wording by chain."""
    wordings: dict[str, str] = {}
    for decision in decided:
        if isinstance(decision, ChainEnd):
            del wordings[decision.chain]
        elif not decision.late:
            wordings[decision.chain] = decision.text
    return wordings


def test_a_headline_and_its_updates_share_a_key() -> None:
    """Whoever wants the story reads one key; who wants each wording has the id."""
    out = decide(*(sighting(CRASH.format(dead), at=START + dead * MINUTE) for dead in (3, 17, 21)))
    first, second, third = out.headlines()
    assert first.chain == second.chain == third.chain == first.id
    assert {w.key for w in out.written if w.topic == "decisions"} == {first.id.encode()}


def test_a_wording_that_was_observed_earlier_is_late() -> None:
    """A source that is read late brings no news of the chain: 3 were dead before 17 were."""
    out = decide(sighting(CRASH.format(17), at=START + HOUR), sighting(CRASH.format(3)))
    assert [headline.late for headline in out.headlines()] == [False, True]
    assert list(current(decisions(out)).values()) == [CRASH.format(17)]


def test_a_chain_ends_with_the_last_of_its_headlines() -> None:
    """While any wording of it is still shown, the chain is live, and its newest wording is the current one."""
    still_shown = [sighting(CRASH.format(3), at=START + hour * HOUR) for hour in (60, 120)]
    out = decide(sighting(CRASH.format(3)), sighting(CRASH.format(17), at=START + HOUR), *still_shown)
    assert not [decision for decision in decisions(out) if isinstance(decision, ChainEnd)]
    assert list(current(decisions(out)).values()) == [CRASH.format(17)]
    out = decide(
        sighting(CRASH.format(3)),
        sighting(CRASH.format(17), at=START + HOUR),
        *still_shown,
        sighting(PORT, at=START + 200 * HOUR),
    )
    assert list(current(decisions(out)).values()) == [PORT]


def test_an_end_says_when_it_was_noticed() -> None:
    """By event time: that of the sighting that moved it on."""
    out = decide(sighting(CRASH.format(3)), sighting(PORT, at=START + 80 * HOUR))
    [end] = [decision for decision in decisions(out) if isinstance(decision, ChainEnd)]
    assert end == ChainEnd(chain=out.headlines()[0].id, ended_at="2026-03-14T16:00:00.000Z")


SIGHTINGS = st.lists(
    st.builds(
        sighting,
        st.sampled_from([CRASH.format(dead) for dead in (3, 5, 17, 21)] + [PORT, "Weather today"]),
        at=st.integers(0, 60).map(lambda step: START + step * 7 * HOUR),
        source=st.sampled_from(["akhbar", "sahafa"]),
    ),
    max_size=40,
)


@given(SIGHTINGS)
def test_the_current_wordings_are_those_of_the_live_chains(messages: list[EventRecord]) -> None:
    """Neither one too many nor one too few, at any moment."""
    deduplicator = Deduplicator()
    out = KeepingOutbox()
    for message in messages:
        deduplicator.process([message], out)
        assert current(decisions(out)).keys() == {headline.chain for headline in deduplicator.live()}


@given(SIGHTINGS, st.data())
def test_a_restart_at_any_point_knows_the_chains(messages: list[EventRecord], data: st.DataObject) -> None:
    """How many of a chain are live and which was observed last comes back from the state, compacted or not."""
    cut = data.draw(st.integers(0, len(messages)))
    before = decide(*messages[:cut])
    for rows in ([raw_record(*row) for row in before.state().items()], before.state_log()):
        restored = Deduplicator()
        restored.restore(rows)
        after = decide(*messages[cut:], deduplicator=restored)
        assert [*decisions(before), *decisions(after)] == decisions(decide(*messages))


def _last_to_end(text: str, numbers: Iterable[int]) -> EventRecord:
    """Of sightings with one of these numbers that which ends last: of one bucket, headlines end by their keys."""
    return max(
        (sighting(text.format(number), at=START + MINUTE) for number in numbers), key=attrgetter("key")
    )


def test_a_chain_whose_first_strip_is_published_a_second_time_goes_on() -> None:
    """After it has ended, while an update of it waits to be removed: its headline has the id that it had."""
    first, update = sighting(CRASH.format(3)), _last_to_end(CRASH, range(17, 60))
    others = [sighting(f"Orchard {number} blooms early") for number in range(60)]
    deduplicator = Deduplicator(window=40 * MINUTE)
    decide(*others, first, update, sighting(PORT, at=START + 55 * MINUTE), deduplicator=deduplicator)
    out = decide(first, deduplicator=deduplicator)
    [again] = out.headlines()
    sources = [sighting(PORT, source=f"source-{number}", at=START + 55 * MINUTE) for number in range(20)]
    meanwhile = decide(*sources, deduplicator=deduplicator)
    assert again.chain not in {each.chain for each in decisions(meanwhile) if isinstance(each, ChainEnd)}
    assert again.id == first.value.id  # type: ignore[union-attr]
    assert [each.id for each in deduplicator.live() if each.chain == again.chain] == [again.id]
    out = decide(
        *[sighting(PORT, at=START + minutes * MINUTE) for minutes in range(60, 180, 10)],
        deduplicator=deduplicator,
    )
    assert [each.chain for each in decisions(out) if isinstance(each, ChainEnd)].count(again.chain) == 1


def test_two_headlines_with_one_id_end_both() -> None:
    """A foreign producer may give an id twice: whoever ends last ends the chain, and no record is refused for it."""
    first, update = sighting(CRASH.format(3)), _last_to_end(CRASH, range(17, 60))
    twin = sighting("Orchards bloom early this year", at=START + MINUTE)
    assert isinstance(twin.value, Sighting)
    assert isinstance(first.value, Sighting)
    same = replace(twin, value=replace(twin.value, id=first.value.id))
    out = decide(
        first,
        same,
        update,
        *[sighting(PORT, at=START + minutes * MINUTE) for minutes in range(2, 180, 10)],
        deduplicator=Deduplicator(window=40 * MINUTE),
    )
    assert not out.rejected
    assert [each.chain for each in decisions(out) if isinstance(each, ChainEnd)][-1] == first.value.id
