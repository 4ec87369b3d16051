"""What looks at a consumer group mean."""

from typing import Any

from aiokafka import TopicPartition
from msgspec.structs import replace

from streams.consumers.findings import Finding, Look, Member, findings

HEADLINES = [TopicPartition("ticker.headlines", number) for number in range(2)]
SPORT, HEALTH = TopicPartition("ticker.category.sport", 0), TopicPartition("ticker.category.health", 0)
WELL = Look(
    state="Stable",
    members=(Member("a", "/10.0.0.1", tuple(HEADLINES)),),
    committed=dict.fromkeys(HEADLINES, 10),
    firsts=dict.fromkeys([*HEADLINES, SPORT, HEALTH], 0),
    ends=dict.fromkeys([*HEADLINES, SPORT, HEALTH], 10),
)


def found(*, before: dict[str, Any] | None = None, **after: Any) -> list[Finding]:
    """What two looks tell that are of a group that is well but for these."""
    return list(findings("ticker", replace(WELL, **(before or after)), replace(WELL, **after), 5))


def told(level: str, words: str, rows: list[Finding]) -> bool:
    return any(row.level == level and words in row.what for row in rows)


def test_a_group_that_is_well_has_nothing_to_do() -> None:
    """Members with partitions, nothing that waits, no category missed."""
    assert {row.level for row in found()} == {"fine"}
    assert not any(row.do for row in found())


def test_a_group_that_nobody_knows_is_told() -> None:
    """With what may be misspelt."""
    assert found(state="Dead", members=(), committed={}) == [
        Finding("wrong", "there is no such group", "is --group spelt as the consumer's group.id?")
    ]


def test_a_group_without_members_is_told() -> None:
    """Its offsets are there, and nobody moves them."""
    assert told("wrong", "no member is running", found(state="Empty", members=()))


def test_who_reads_uncommitted_is_caught_beyond_the_last_stable_offset() -> None:
    """No reader of committed records comes further than that."""
    rows = found(committed=dict.fromkeys(HEADLINES, 11))
    assert told("wrong", "beyond what is committed on ticker.headlines/0", rows)


def test_a_group_that_does_not_move_is_told() -> None:
    """What waits and is not read within the time of looking."""
    behind = dict.fromkeys(HEADLINES, 4)
    assert told("wrong", "12 offsets wait", found(committed=behind))
    moving = found(before={"committed": dict.fromkeys(HEADLINES, 2)}, committed=behind)
    assert told("look", "12 offsets behind, and moving", moving)


def test_what_retention_took_is_told() -> None:
    """The group will never see it."""
    rows = found(committed=dict.fromkeys(HEADLINES, 3), firsts=dict.fromkeys([*HEADLINES, SPORT, HEALTH], 8))
    assert told("wrong", "removed up to 5 records", rows)


def test_a_rebalance_is_told() -> None:
    """Other members than a moment ago, or a state between two."""
    other = (Member("b", "/10.0.0.1", tuple(HEADLINES)),)
    assert told("look", "rebalanced within 5 s", found(before={"members": other}, members=WELL.members))
    assert told("look", "PreparingRebalance", found(state="PreparingRebalance"))


def test_members_without_work_and_partitions_without_reader_are_told() -> None:
    """More members than partitions; a partition that a hand-made assignment forgot."""
    idle = (*WELL.members, Member("b", "/10.0.0.2", ()))
    assert told("look", "1 of 2 members have nothing to read, /10.0.0.2", found(members=idle))
    half = (Member("a", "/10.0.0.1", (HEADLINES[0],)),)
    assert told("wrong", "nobody reads ticker.headlines/1", found(members=half))


def test_categories_that_are_missed_are_named() -> None:
    """Who reads categories one by one may have forgotten some; who reads all headlines has them all."""
    sport = found(members=(Member("a", "h", (SPORT,)),), committed={SPORT: 10})
    assert told("look", "does not read health", sport)
    assert told(
        "wrong", "reads no topic of ticker.*", found(members=(), committed={TopicPartition("x", 0): 1})
    )
