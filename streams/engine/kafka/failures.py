"""Consecutive failures of one partition: how each is logged, the backoff after it, and when to give up."""

import logging
from typing import Final

from aiokafka import TopicPartition

from streams.counted import counted
from streams.engine.kafka.waiting import MissingSliceError
from streams.errors import TickerError, described
from streams.kafka.retry import TRANSIENT, Retry

logger: Final = logging.getLogger(__name__)

_MAX_FAILURES: Final = 30
"""Consecutive transient failures (such as a broker that is away) after which a partition gives up."""
_MAX_BUGS: Final = 5
"""The same for exceptions of any other kind: a bug does not pass by itself, so fewer are allowed."""
_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 3.0


class Failures:
    """Counts consecutive failures: those without a commit between them.

    Args:
        stage: The stage's name.
        partition: The partition.
    """

    def __init__(self, stage: str, partition: TopicPartition) -> None:
        self._stage = stage
        self._partition = partition
        self._retry = Retry(first=_FIRST_WAIT_S, longest=_LONGEST_WAIT_S)

    def end(self) -> None:
        """Start again from 0: a transaction was committed."""
        self._retry.succeeded()

    def add(self, error: Exception, position: int) -> TickerError | None:
        """Log a failure at a position; returns the error to give up with, or None to retry."""
        count = self._retry.failures + 1
        if isinstance(error, MissingSliceError):
            limit = _MAX_FAILURES
            logger.info("%s: %s; seeking again", self._partition, error)
        else:
            limit = _MAX_FAILURES if isinstance(error, TRANSIENT) else _MAX_BUGS
            known = isinstance(error, (*TRANSIENT, TickerError))
            logger.warning(
                "%s %s: %s (failure %d of %d in a row)",
                self._stage,
                self._partition,
                described(error),
                count,
                limit,
                exc_info=None if known else error,
            )
        if count < limit:
            return None
        place = f"{self._partition.topic}/{self._partition.partition}/{position}"
        problem = TickerError(
            f"{self._stage} failed {counted(count, 'time')} in a row at {place}, the last time with {described(error)};"
            " nothing from there on was written"
        )
        problem.__cause__ = error
        return problem

    async def wait(self) -> None:
        """Back off before the next try: exponentially, from `_FIRST_WAIT_S` to `_LONGEST_WAIT_S`."""
        await self._retry.wait()
