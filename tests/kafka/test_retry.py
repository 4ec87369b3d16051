"""Trying again: longer and longer waits, and an end to patience. On a loop whose time the test moves."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError

from streams.kafka.groups import once_coordinated
from streams.kafka.retry import Retry


class _Loop(asyncio.SelectorEventLoop):
    """A loop on which whoever sleeps is awake at once, later by as much as it slept."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, **_: object
    ) -> asyncio.TimerHandle:
        self.now = max(self.now, when)
        return super().call_at(when, callback, *args)


def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(work())


def test_each_wait_is_twice_the_last_up_to_a_limit() -> None:
    """0.1, 0.2, 0.4, and never more than the longest; a success begins again."""

    async def work() -> None:
        clock = asyncio.get_running_loop().time
        retry = Retry(first=0.1, longest=0.5)
        waits = []
        for _ in range(5):
            before = clock()
            await retry.wait()
            waits.append(round(clock() - before, 3))
        assert waits == [0.1, 0.2, 0.4, 0.5, 0.5]
        assert retry.failures == 5
        retry.succeeded()
        before = clock()
        await retry.wait()
        assert (retry.failures, round(clock() - before, 3)) == (1, 0.1)

    run(work)


@pytest.mark.parametrize(("patience", "tries"), [(0.0, 0), (1.0, 3), (2.0, 4)])
def test_patience_counts_from_the_last_success(patience: float, tries: int) -> None:
    """A wait that would end after patience has is not begun: 0.1 + 0.2 + 0.4 fit into a second."""

    async def work() -> None:
        retry = Retry(first=0.1, longest=10, patience=patience)
        for _ in range(2):
            while not retry.is_spent:
                await retry.wait()
            assert retry.failures == tries
            retry.succeeded()

    run(work)


def test_an_outage_of_days_is_waited_for() -> None:
    """Thousands of failures in a row: the waits stay the longest."""

    async def work() -> None:
        retry = Retry(first=0.1, longest=2)
        for _ in range(3_000):
            await retry.wait()
        assert not retry.is_spent

    run(work)


@pytest.mark.parametrize("absences", [0, 5, 1_000])
def test_a_cluster_that_has_just_started_is_asked_again_about_groups(absences: int) -> None:
    """It has no coordinator until its topic of offsets is made; one that never has any is given up."""
    left = absences

    async def ask() -> str:
        nonlocal left
        if left:
            left -= 1
            raise GroupCoordinatorNotAvailableError
        return "described"

    async def work() -> None:
        if absences < 1_000:
            assert await once_coordinated(ask) == "described"
        else:
            with pytest.raises(GroupCoordinatorNotAvailableError):
                await once_coordinated(ask)
            assert left > 0

    run(work)
