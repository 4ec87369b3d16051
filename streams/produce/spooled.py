"""The producer with a spool: strips are written to disk first and handed over to Kafka from there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from streams.errors import InputError
from streams.produce.handover import HandOver, Refusal
from streams.produce.intake import Intake
from streams.produce.metrics import ProducerMetrics
from streams.produce.observation import Observation
from streams.produce.outgoing import Outgoing, pack, prepare
from streams.produce.positions import ReadTo
from streams.produce.producer import Counts, tell
from streams.produce.reading import in_thread
from streams.produce.spool import Spool, SpoolFullError
from streams.settings import Connection

logger: Final = logging.getLogger(__name__)

_AT_ONCE: Final = 64
_LAST_S: Final = 10.0
"""How long the hand-over may go on after the program was told to end; the next start hands over the rest."""


class Account:
    """Counts what was handed over, and reports refused records (`HandOverObserver`)."""

    def __init__(
        self, counts: Counts, metrics: ProducerMetrics, failed: Callable[[InputError], None]
    ) -> None:
        self._counts = counts
        self._metrics = metrics
        self._failed = failed

    def handed_over(self, strips: Sequence[Outgoing], refused: Sequence[Refusal]) -> None:
        """Count strips that are on Kafka."""
        for outgoing in strips:
            self._counts.add(outgoing)
            if outgoing.problem is None:
                self._counts.published += len(outgoing.found.records)
                self._metrics.published([(outgoing.strip, outgoing.found)])
            else:
                self._metrics.rejected(
                    "RecordError",
                    str(outgoing.problem),
                    source=outgoing.strip.source,
                    slots=outgoing.strip.slots,
                    empty=outgoing.found.empty,
                )
                self._metrics.heard(outgoing.strip.source, outgoing.found.timestamp)
        for refusal in refused:
            self._failed(InputError("published", refusal.said))
            self._metrics.rejected("RecordError", refusal.said)
            self._counts.published -= refusal.is_sighting
            self._counts.dead_letters += refusal.is_sighting


class Outlet:
    """Takes the strips of visited sources. A strip that finds no room is dropped and counted; the first is logged.

    Args:
        intake: Where strips go.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._together: list[tuple[Outgoing, bytes]] = []
        self._is_full = False

    def add(self, outgoing: Outgoing) -> None:
        """Add a strip to the buffer, to be kept by `flush`.

        Raises:
            ValueError: It cannot be encoded: for example, its text has lone surrogates.
        """
        self._together.append((outgoing, pack(outgoing)))

    async def flush(self) -> set[str]:
        """Keep the buffered strips; gives the ids of those that were dropped."""
        together, self._together = self._together, []
        taking = (self._intake.take(outgoing, packed) for outgoing, packed in together)
        kept = await asyncio.gather(*taking, return_exceptions=True)
        dropped = set()
        for (outgoing, _), error in zip(together, kept, strict=True):
            if isinstance(error, SpoolFullError):
                dropped.add(outgoing.strip.id)
                if not self._is_full:
                    logger.warning("%s: what sources show is dropped until there is room", error)
            elif error is not None:
                raise error
        if together:
            self._is_full = bool(dropped)
        return dropped


@asynccontextmanager
async def spooling(
    spool: Spool,
    account: Account,
    *,
    connection: Connection,
    prefix: str,
    dropped: Callable[[], None],
) -> AsyncIterator[tuple[Intake, HandOver]]:
    """Run the intake and the hand-over of a spool while the context lasts.

    Raises:
        TickerError: The cluster refuses this producer at the start, or another one uses a copy of the spool.
    """
    intake = Intake(spool, dropped=dropped)
    handover = HandOver(spool, intake.kept, connection=connection, prefix=prefix, observer=account)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(intake.run()), tasks.create_task(handover.run())]
            yield intake, handover
            for task in running:
                task.cancel()
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None


async def take_all(
    observations: Iterator[Observation],
    intake: Intake,
    *,
    failed: Callable[[InputError], None],
    split_failed: Callable[[], None],
    stop: asyncio.Event,
    separator: str | None = None,
    selector: str | None = None,
    remember: Callable[[ReadTo], None] = lambda _: None,
) -> None:
    """Split observations until they end, and keep their strips in order; while the spool is full, reading waits.

    Args:
        observations: Read in a thread, a few ahead.
        intake: Where strips go.
        failed: Called with each strip that cannot be split, and each slot that is not a headline.
        split_failed: Called for each strip that cannot be split, for metrics.
        stop: Set when the program should end: observations already read are kept, and no more are read.
        separator: The text between slots; None detects it in each strip.
        selector: A CSS selector of the strip's items in HTML pages.
        remember: Called with a followed file's position once everything before it is kept.
    """
    together: list[Outgoing] = []
    read_to: ReadTo | None = None

    async def keep() -> None:
        nonlocal read_to
        await intake.take_all(together)
        together.clear()
        if read_to is not None:
            remember(read_to)
        read_to = None

    async for observation in in_thread(observations, keep, stop):
        try:
            outgoing = prepare(observation, separator=separator, selector=selector)
        except InputError as error:
            failed(error)
            split_failed()
        else:
            tell(outgoing, observation.place, failed)
            together.append(outgoing)
        read_to = observation.read_to
        if len(together) >= _AT_ONCE:
            await keep()
    await keep()


async def finish(handover: HandOver, stop: asyncio.Event) -> None:
    """Wait until everything was handed over; once `stop` is set, only `_LAST_S` seconds more."""
    done = asyncio.create_task(handover.done(None))
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({done, stopped}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({done}, timeout=_LAST_S)
    finally:
        for task in (done, stopped):
            task.cancel()
        await asyncio.gather(done, stopped, return_exceptions=True)
