"""Follows the group's assignment: one runner for every partition that is assigned to this worker."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition

from schemas.cloudevents import SchemaUris
from streams.engine.kafka.observer import Backlog, Observer
from streams.engine.kafka.partition import PartitionRunner
from streams.engine.kafka.slices import SlicingApp
from streams.engine.kafka.turns import Turns
from streams.errors import described
from streams.kafka.fetched import Slice
from streams.stage import Stage

logger: Final = logging.getLogger(__name__)

_BACKLOG_EVERY_S: Final = 5.0
_ANSWER_S: Final = 5.0
"""How long the leader of a partition may take to answer where it ends."""
_MISSED: Final = 2
"""Consecutive rounds with a missing answer after which a worker is not ready, even when it is idle."""
_GRACE_S: Final = 3.0
"""How long an open transaction may delay a rebalance or a stop."""


class Assignment:
    """The partitions of this worker.

    Args:
        app: The Faust app; its signals announce rebalances and the shutdown.
        stages: The stages that this worker runs.
        prefix: The topics' prefix.
        schemas: Where consumers fetch the schemas.
        options: aiokafka's connection options.
        observer: Gets the partitions' events.
        crash: Called with the error when the process must end.
    """

    def __init__(
        self,
        *,
        app: SlicingApp,
        stages: Sequence[Stage],
        prefix: str,
        schemas: SchemaUris,
        options: Mapping[str, Any],
        observer: Observer,
        crash: Callable[[BaseException], None],
    ) -> None:
        self._app = app
        self._stages = {stage.source.on(prefix): stage for stage in stages}
        self._prefix = prefix
        self._schemas = schemas
        self._options = options
        self._observer = observer
        self._crash = crash
        self._runners: dict[TopicPartition, PartitionRunner] = {}
        self._changing = asyncio.Lock()
        self._turns = Turns()
        self._assigned = False
        self._missed = 0
        self._closing = False
        app.on_partitions_revoked.connect(self._on_revoked, weak=False)
        app.on_partitions_assigned.connect(self._on_assigned, weak=False)
        app.on_before_shutdown.connect(self._on_shutdown, weak=False)

    @property
    def partitions(self) -> Sequence[TopicPartition]:
        """The partitions that are assigned to this worker now."""
        return sorted(self._runners)

    @property
    def is_ready(self) -> bool:
        """Whether the group has assigned partitions, and each is restored and its leader reachable."""
        is_reached = self._missed < _MISSED
        return self._assigned and is_reached and all(runner.is_open for runner in self._runners.values())

    async def watch_backlogs(self) -> None:
        """Report the backlogs to the observer every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_BACKLOG_EVERY_S)
            runners = [runner for runner in self._runners.values() if runner.is_open]
            told = await asyncio.gather(*map(_backlog, runners), return_exceptions=True)
            self._note_silence([answer for answer in told if isinstance(answer, BaseException)])
            self._observer.backlogs([backlog for backlog in told if isinstance(backlog, Backlog)])

    def _note_silence(self, errors: Sequence[BaseException]) -> None:
        """Note whether brokers answer: an idle worker learns of a broker's failure in no other way."""
        if not errors:
            if self._missed >= _MISSED:
                logger.info("the brokers answer again")
            self._missed = 0
            return
        self._missed += 1
        if self._missed == _MISSED:
            logger.warning(
                "%d partitions do not answer (%s): not ready until they do", len(errors), described(errors[0])
            )

    def dispatch(self, fetched: Slice) -> None:
        """Hand a slice to its partition's runner; never blocks."""
        runner = self._runners.get(fetched.partition)
        if runner is not None:
            runner.put(fetched)

    async def _on_revoked(self, _app: Any, revoked: Any, **_kwargs: Any) -> None:
        """Faust awaits this before it rejoins the group: open transactions end while the partitions are still ours."""
        self._assigned = False
        async with self._changing:
            await asyncio.gather(
                *(self._runners[tp].quiesce(_GRACE_S) for tp in map(_plain, revoked) if tp in self._runners)
            )

    async def _on_assigned(self, _app: Any, assigned: Any, **_kwargs: Any) -> None:
        ours = {tp for tp in map(_plain, assigned) if tp.topic in self._stages}
        async with self._changing:
            gone = [self._runners.pop(tp) for tp in set(self._runners) - ours]
            if not self._closing:
                await self._resume(ours)
                self._assigned = True
            # They come last: their next owners fence them and do not wait for this.
            await asyncio.gather(*(runner.close(_GRACE_S) for runner in gone))

    async def _resume(self, ours: Collection[TopicPartition]) -> None:
        """Go on with the partitions that stay, and open those that are new."""
        for tp in sorted(ours, key=lambda tp: (tp not in self._runners, tp)):
            runner = self._runners.get(tp)
            if runner is None:
                runner = self._runners[tp] = self._runner(tp)
            else:
                # An assignment can come without a revocation before it.
                await runner.quiesce(_GRACE_S)
            runner.start()

    async def _on_shutdown(self, _app: Any, **_kwargs: Any) -> None:
        """Faust revokes nothing when it stops, so this ends the open transactions before LeaveGroup."""
        await self.close()

    async def close(self) -> None:
        """Stop every runner for good."""
        self._closing = True
        async with self._changing:
            await asyncio.gather(*(runner.close(_GRACE_S) for runner in self._runners.values()))
            self._runners.clear()

    def _runner(self, partition: TopicPartition) -> PartitionRunner:
        return PartitionRunner(
            stage=self._stages[partition.topic],
            partition=partition,
            prefix=self._prefix,
            schemas=self._schemas,
            consumer=self._app.consumer,
            turns=self._turns,
            options=self._options,
            observer=self._observer,
            crash=self._crash,
        )


async def _backlog(runner: PartitionRunner) -> Backlog:
    async with asyncio.timeout(_ANSWER_S):
        return await runner.backlog()


def _plain(partition: Any) -> TopicPartition:
    """A partition as aiokafka's class: Faust passes tuples of its own class."""
    return TopicPartition(partition[0], partition[1])
