"""Asks every few seconds whether the brokers answer: aiokafka's clients wait for them without saying so.

Readiness, the metric `ticker_kafka_up` and the log follow the result. What a program does during an outage is up to it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final, Never

from streams.errors import FootingError, TickerError, in_words
from streams.kafka.footing import Footing
from streams.kafka.retry import TRANSIENT
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_ASK_EVERY_S: Final = 3.0
_PATIENCE_S: Final = 5.0
"""How long the brokers may take to answer before they count as away."""


class Probe:
    """Knows whether the brokers answer, while `run` runs.

    Args:
        question: Asks the brokers; raises one of `streams.kafka.retry.TRANSIENT`, or TickerError, if they do not
            answer. A FootingError ends the probe.
        meanwhile: For the log: what becomes of the program's work during an outage, such as "strips wait on disk".
    """

    def __init__(self, question: Callable[[], Awaitable[object]], *, meanwhile: str) -> None:
        self._question = question
        self._meanwhile = meanwhile
        self._away_since: float | None = None
        self.is_answered = False
        """Whether they answered the last time."""
        self.lost: Exception | None = None
        """The error that ended the probe: a FootingError, or a bug."""

    async def run(self) -> Never:
        """Ask again and again, until cancelled; log one line when an outage begins, and one when it ends.

        Raises:
            FootingError: The cluster is another one, or a topic was deleted.
            Exception: Any other error of the question, which is a bug of ours.
        """
        while True:
            try:
                await self._ask()
            except Exception as error:
                self.is_answered, self.lost = False, error
                raise
            await asyncio.sleep(_ASK_EVERY_S)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._question()
        except FootingError:
            raise
        except (*TRANSIENT, TickerError) as error:
            if self.is_answered:
                logger.warning("Kafka is away: %s; %s until it is back", in_words(error), self._meanwhile)
                self._away_since = time.monotonic()
            self.is_answered = False
        else:
            if self._away_since is not None:
                logger.info("Kafka is back, after %.0f s", time.monotonic() - self._away_since)
                self._away_since = None
            self.is_answered = True


@asynccontextmanager
async def probing(
    connection: Connection,
    *,
    topics: Collection[str],
    meanwhile: str,
    are_there: bool = False,
    cancels: bool = True,
) -> AsyncIterator[Probe]:
    """A probe of a cluster's brokers that runs while the context lasts, on connections of its own.

    Args:
        connection: How to reach the cluster.
        topics: The topics that the program reads and writes, by their names on the cluster.
        meanwhile: As for `Probe`.
        are_there: Whether the topics are known to exist (`streams.kafka.footing.Footing`).
        cancels: Whether the end of the probe cancels the body of the context; else the body checks `Probe.lost`.

    Raises:
        FootingError: The body was cancelled because the cluster is another one, or a topic was deleted.
        Exception: The body was cancelled because the probe failed.
    """
    footing = Footing(connection.aiokafka_options(), topics, are_there=are_there)
    async with asking(Probe(footing.look, meanwhile=meanwhile), cancels=cancels) as probe:
        yield probe


@asynccontextmanager
async def asking(probe: Probe, *, cancels: bool = True) -> AsyncIterator[Probe]:
    """Run a probe while the context lasts; `cancels` and errors are as for `probing`."""
    body = asyncio.current_task()
    assert body is not None
    run = asyncio.create_task(probe.run())
    if cancels:
        run.add_done_callback(lambda _: body.cancel() if probe.lost is not None else None)
    try:
        yield probe
    except asyncio.CancelledError:
        if probe.lost is not None and cancels:
            body.uncancel()
            raise probe.lost from None
        raise
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
