"""Whether the brokers answer, asked every few seconds: a client that waits for them does not say.

Readiness, the metric `ticker_kafka_up` and the log follow what is found; what a program does meanwhile is its own.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from typing import Final, Never

from streams.errors import FootingError, TickerError
from streams.kafka.footing import Footing
from streams.kafka.retry import TRANSIENT, told
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_ASK_EVERY_S: Final = 3.0
_PATIENCE_S: Final = 5.0
"""How long the brokers may take to answer before they count as away."""


class Probe:
    """Knows whether the brokers answer, while `run` runs.

    Args:
        question: Returns once they answer; raises what `streams.kafka.retry.TRANSIENT` names, or TickerError. After a
            FootingError it is asked no more.
        meanwhile: What becomes of the program's work while they do not, for the log.
    """

    def __init__(self, question: Callable[[], Awaitable[object]], *, meanwhile: str) -> None:
        self._question = question
        self._meanwhile = meanwhile
        self._away_since: float | None = None
        self.is_answered = False
        """Whether they answered when they were asked last."""
        self.lost: Exception | None = None
        """Why it asks no more: a FootingError, or what nobody had thought of."""

    async def run(self) -> Never:
        """Ask again and again, until cancelled; the log has a line when they go away, and one when they are back.

        Raises:
            FootingError: The cluster is another one, or a topic is gone.
            Exception: Whatever else the question raised: then it is ours that is wrong, and nobody asks any more.
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
                logger.warning("Kafka is away: %s; %s until it is back", told(error), self._meanwhile)
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
    """A probe of a cluster's brokers that asks while the context lasts, by connections of its own.

    Args:
        connection: How to reach the cluster.
        topics: What the program reads and writes, by its names on the cluster.
        are_there: Whether they are known to be there.
        meanwhile: As for `Probe`.
        cancels: Whether what runs in the context is cancelled where the cluster becomes another one, or loses a
            topic, or the probe itself fails; else it looks at `Probe.lost` by itself.

    Raises:
        FootingError: It was cancelled for its cluster's sake.
        Exception: It was cancelled since the probe failed.
    """
    footing = Footing(connection.aiokafka_options(), topics, are_there=are_there)
    async with asking(Probe(footing.look, meanwhile=meanwhile), cancels=cancels) as probe:
        yield probe


@asynccontextmanager
async def asking(probe: Probe, *, cancels: bool = True) -> AsyncIterator[Probe]:
    """A probe that asks while the context lasts; `cancels` and what is raised are as for `probing`."""
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
