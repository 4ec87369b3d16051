"""Asks about consumer groups, also a cluster that has just started and has no coordinator of groups yet."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from streams.kafka.retry import Retry

T = TypeVar("T")

_NO_COORDINATOR: Final = (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)
_FIRST_WAIT_S: Final = 0.1
_LONGEST_WAIT_S: Final = 1.0
_PATIENCE_S: Final = 15.0
"""Far longer than a broker takes to make the topic of groups' offsets, which it does when it is first asked."""


async def once_coordinated(ask: Callable[[], Awaitable[T]]) -> T:
    """What `ask` returns, once the group's coordinator is there; aiokafka's admin client does not wait for it.

    Raises:
        KafkaError: There was none for 15 s, or any other error of `ask`.
    """
    retry = Retry(first=_FIRST_WAIT_S, longest=_LONGEST_WAIT_S, patience=_PATIENCE_S)
    while True:
        try:
            return await ask()
        except _NO_COORDINATOR:
            if retry.is_spent:
                raise
            await retry.wait()
