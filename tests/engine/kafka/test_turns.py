"""The partitions of a worker decide in turn."""

import asyncio
from unittest import mock

from streams.engine.kafka import turns as module
from streams.engine.kafka.turns import Turns


async def _decide(name: str, turns: Turns, log: list[str], times: int) -> None:
    for _ in range(times):
        await turns.take()
        log.append(name)


async def _commit(turns: Turns, log: list[str]) -> None:
    with turns.committing():
        for _ in range(20):
            await asyncio.sleep(0)
            log.append("-")


def test_the_event_loop_comes_round_between_two_turns() -> None:
    """However many partitions decide: whoever waits for the loop, as commits do, waits for one turn only."""
    log: list[str] = []

    async def commit() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
            log.append("-")

    async def run() -> None:
        turns = Turns()
        await asyncio.gather(*[_decide(name, turns, log, 4) for name in "abc"], commit())

    asyncio.run(run())
    assert sorted(log) == sorted("aaaabbbbcccc" + 20 * "-")
    assert all(len(turn) <= 1 for turn in "".join(log).split("-")), log


def test_turns_go_round() -> None:
    """None is taken twice while another waits."""
    log: list[str] = []

    async def run() -> None:
        turns = Turns()
        await asyncio.gather(*[_decide(name, turns, log, 3) for name in "abc"])

    asyncio.run(run())
    assert log == list("aabcabcbc")  # the first asked for its second turn before the others asked at all


def test_a_turn_is_not_lost_with_whoever_stopped_waiting() -> None:
    """A rebalance cancels a partition that waits: the others go on, and turns are given afterwards."""
    log: list[str] = []

    async def run() -> None:
        turns = Turns()
        tasks = [asyncio.create_task(_decide(name, turns, log, 2)) for name in "abc"]
        await asyncio.sleep(0)  # now the first has its turn, and all wait for another
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(3):
            await turns.take()

    asyncio.run(run())
    assert log == list("aacc")


def test_the_first_commits_of_a_worker_have_the_event_loop_for_themselves() -> None:
    """Nobody decides meanwhile; those who waited decide afterwards, one after another."""
    log: list[str] = []

    async def run() -> None:
        turns = Turns()
        await asyncio.gather(_commit(turns, log), *[_decide(name, turns, log, 1) for name in "abc"])

    asyncio.run(run())
    assert log == list(20 * "-" + "abc")


def test_a_first_commit_that_hangs_stops_nobody() -> None:
    """Its broker may be away; once the worker has started, nobody waits for a commit."""
    log: list[str] = []

    async def commit(turns: Turns) -> None:
        with turns.committing():
            await asyncio.Event().wait()

    async def run() -> None:
        turns = Turns()
        hanging = asyncio.create_task(commit(turns))
        await asyncio.sleep(0)
        await asyncio.gather(*[_decide(name, turns, log, 2) for name in "ab"])
        hanging.cancel()

    asyncio.run(run())
    assert sorted(log) == list("aabb")


def test_a_commit_comes_on_by_three_steps_between_two_turns() -> None:
    """Beside partitions that decide, a commit, which needs the event loop about twenty times, takes a third as long."""
    log: list[str] = []

    async def run() -> None:
        turns = Turns()
        with turns.committing():
            for _ in range(3):
                await asyncio.sleep(0)
        assert not turns._is_starting
        await asyncio.gather(_commit(turns, log), *[_decide(name, turns, log, 9) for name in "abc"])

    with mock.patch.object(module, "_START_S", 0):
        asyncio.run(run())
    beside = "".join(log)[: "".join(log).rindex("-")]
    assert beside.count("-") >= 2 * len(beside.replace("-", "")), log
