"""Carries out a plan: checks it, creates topics, replays all partitions at one pace, verifies and reports."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, Protocol

from aiokafka import TopicPartition
from msgspec import Struct
from msgspec.structs import replace

from schemas.instants import format_instant
from schemas.marks import Manifest, Progress
from schemas.routing import own_topics
from schemas.topics import POSITIONS, TOPICS, Topic
from streams.counted import counted
from streams.engine.collector import raise_collector_thresholds
from streams.errors import SettingsError
from streams.kafka.alternating import AlternatingProducers
from streams.kafka.connect import administration
from streams.kafka.topics import create, describe
from streams.replay import ledger
from streams.replay.checks import Check, check, refusals
from streams.replay.control import Obedience
from streams.replay.facts import gather
from streams.replay.lag import watch as watch_lag
from streams.replay.pace import Errors, Pacer
from streams.replay.partition import Clusters, PartitionReplay, Written
from streams.replay.plan import Plan, topic_named
from streams.replay.verify import Found, read_back, target_of
from streams.settings import Connection

PACE_LIMIT_MS: Final = 20
"""A record is on time if it becomes visible within so many ms of its due time."""


class Ends(Struct, frozen=True, kw_only=True):
    """How to connect to both ends of a replay, and which clusters are production."""

    source: Connection
    target: Connection
    production: frozenset[str] = frozenset()
    """Ids of clusters that settings mark as production."""
    patience: float = 30.0
    """Seconds without success after which a replay gives up on a cluster."""


class Watcher(Protocol):
    """Gets the events of a replay, to display or count them."""

    def began(self, done: int, pacer: Pacer) -> None:
        """The replay begins, or resumes after `done` records."""

    def written(self, written: Written) -> None:
        """A transaction was committed."""

    def lag(self, records: int) -> None:
        """The lag of the target's consumers was measured."""

    def say(self, message: str) -> None:
        """A message for the user."""


class Closing(Struct, frozen=True, kw_only=True):
    """The closing report of a replay, over all its runs."""

    id: str
    topic: str
    read: int
    filtered: int
    written: int
    warm_up: int
    """Of the written records, those planned as warm-up or run-out."""
    found: int | None
    """Records of this replay found in the target; None if they were not read back."""
    lost: int
    doubled: int
    checksum: str
    """CRC-32 of the values of each partition, as written."""
    intact: bool | None
    """Whether the values found have the same checksum; None if they were not read back."""
    seconds: float
    """The duration of this run."""
    held_seconds: float
    """Of that, the time for which it was paused or waited for consumers."""
    on_time: float | None
    """The share of this run's records that became visible within 20 ms of their due time."""
    p95_ms: int | None
    """The 95th percentile of the distance between a record's due time and its visibility."""

    @property
    def whole(self) -> bool:
        """Whether every record is in the target, once and unchanged; False if none was written."""
        return self.written > 0 and not self.lost and not self.doubled and self.intact is not False


async def examine(plan: Plan, ends: Ends, *, cut: tuple[str, ...] = ()) -> tuple[Check, ...]:
    """Check a plan that was not applied yet against both clusters; changes nothing.

    Raises:
        SettingsError: A replay with this id exists.
    """
    async with (
        administration(ends.source, patience=ends.patience) as source,
        administration(ends.target, patience=ends.patience) as target,
    ):
        options, prefix = ends.target.aiokafka_options(), plan.target.prefix
        positions = await describe(target, {POSITIONS.on(prefix)})
        if positions and await ledger.read_manifest(options, prefix, plan.id, wait=False):
            raise SettingsError(
                f"there is a replay {plan.id} below {prefix}: clean it, or choose another --id"
            )
        return await _examine(plan, ends, source, target, resumed=False, cut=cut)


async def _examine(
    plan: Plan, ends: Ends, source: Any, target: Any, *, resumed: bool, cut: tuple[str, ...] = ()
) -> tuple[Check, ...]:
    facts = await gather(
        plan,
        source=source,
        target=target,
        source_options=ends.source.aiokafka_options(),
        target_options=ends.target.aiokafka_options(),
        production=ends.production,
        resumed=resumed,
        cut=cut,
    )
    return check(plan, facts)


async def apply(plan: Plan, ends: Ends, watcher: Watcher, *, verify: bool = True) -> Closing:
    """Apply a plan; resumes where an earlier run of the same plan stopped.

    Raises:
        SettingsError: A check refused; says how to mend it. Nothing was written.
        TickerError: A cluster stayed away, or retention deleted records. What was written is complete up to the
            recorded progress.
    """
    started = time.monotonic()
    raise_collector_thresholds()
    async with AsyncExitStack() as stack:
        source = await stack.enter_async_context(
            administration(ends.source, patience=ends.patience, report=watcher.say)
        )
        target = await stack.enter_async_context(
            administration(ends.target, patience=ends.patience, report=watcher.say)
        )
        clusters = Clusters(source=ends.source.aiokafka_options(), target=ends.target.aiokafka_options())
        manifest = await _take_over(plan, clusters.target, target)
        refuse(await _examine(plan, ends, source, target, resumed=manifest is not None))
        partitions = await _prepare(plan, clusters.target, target, manifest)
        run = _Run(plan, clusters, partitions, watcher, ends.patience)
        progress = await run.run(target)
    found = None
    if verify and topic_named(plan.topic).cleanup == "delete":
        found = await read_back(clusters.target, plan.target_topic, plan.id, progress, partitions)
    return _closing(plan, progress, found, run, time.monotonic() - started)


def refuse(checks: tuple[Check, ...]) -> None:
    """Raise a SettingsError that lists every check that refused, if any did."""
    refused = refusals(checks)
    if refused:
        told = "\n".join(f"  {each.name}: {each.finding}; {each.remedy}" for each in refused)
        raise SettingsError(
            f"{counted(len(refused), 'check refuses', 'checks refuse')} this replay, nothing was written:\n{told}"
        )


async def _take_over(plan: Plan, options: Mapping[str, Any], client: Any) -> Manifest | None:
    """The manifest of an earlier run of the plan; None if there was none. A run that is still active is fenced.

    A killed run can leave open transactions; only fencing ends them, and until then nothing behind them can be read.
    """
    if not await describe(client, {POSITIONS.on(plan.target.prefix)}):
        return None
    earlier = [
        AlternatingProducers(ledger.transactional_id(plan.id, span.partition), (), options)
        for span in plan.spans
        if span.first < span.end
    ]
    try:
        await asyncio.gather(*(each.start() for each in earlier))
    finally:
        await asyncio.gather(*(each.dispose(1.0) for each in earlier))
    return await ledger.read_manifest(options, plan.target.prefix, plan.id, wait=True)


async def _prepare(plan: Plan, options: Mapping[str, Any], client: Any, manifest: Manifest | None) -> int:
    """Create missing topics if that is planned, and record them in the manifest; gives the target's partition count."""
    prefix = plan.target.prefix
    wanted = contract(plan)
    names = {topic.on(prefix) for topic in wanted}
    existing = await describe(client, names)
    missing = names - existing.keys() if plan.create else set()
    positions = POSITIONS.on(prefix)
    if positions not in existing:
        await create(client, [POSITIONS], prefix=prefix)
    elif plan.create and manifest is None and await ledger.is_only_topic(client, options, prefix):
        missing.add(positions)
    if manifest is None or missing:
        # Written before the topics are created, so that `clean` knows what a killed run created.
        before = manifest.created if manifest else ()
        manifest = Manifest(
            id=plan.id,
            started_at=manifest.started_at if manifest else format_instant(time.time_ns() // 1_000_000),
            target=plan.target_topic,
            created=tuple(sorted({*before, *missing})),
            source=plan.source_topic,
            speed=plan.speed,
            records=plan.records,
            last_time=None if plan.last_due is None else format_instant(plan.last_due),
            ends=tuple((span.partition, span.end) for span in plan.spans if span.first < span.end),
        )
        await ledger.write(options, prefix, ledger.manifest_key(plan.id), manifest)
    partitions = {name: each.partitions for name, each in existing.items()}
    if missing:
        made = await create(client, [topic for topic in wanted if topic.on(prefix) in missing], prefix=prefix)
        # New topics are not described again: the next broker that answers may not know them yet.
        partitions |= {each.topic: each.partitions for each in made}
    return partitions[plan.target_topic]


def contract(plan: Plan) -> Sequence[Topic]:
    """The topics that the readers of a replay need, with unlimited retention, because replayed event times are old."""
    named = topic_named(plan.topic)
    topics = tuple(dict.fromkeys((*TOPICS, *own_topics(plan.own_topics), named)))
    return [topic if topic.cleanup == "compact" else replace(topic, retention_ms=-1) for topic in topics]


class _Run:
    """One run of a plan."""

    def __init__(
        self, plan: Plan, clusters: Clusters, partitions: int, watcher: Watcher, patience: float
    ) -> None:
        self._plan = plan
        self._clusters = clusters
        self._targets = partitions
        self._watcher = watcher
        self.pacer = Pacer(plan.pace, time.monotonic)
        self.errors = Errors()
        self._spans = [span for span in plan.spans if span.first < span.end]
        self._replays = [
            PartitionReplay(
                plan=plan,
                span=span,
                target=target_of(span.partition, partitions),
                clusters=clusters,
                pacer=self.pacer,
                errors=self.errors,
                written=watcher.written,
                report=watcher.say,
                patience=patience,
            )
            for span in self._spans
        ]

    async def run(self, client: Any) -> dict[int, Progress]:
        """Replay all partitions; a failure of one stops the others."""
        obedience = Obedience(
            self._clusters.target,
            self._plan.target.prefix,
            self._plan.id,
            planned=self._plan.pace,
            pacer=self.pacer,
            say=self._watcher.say,
        )
        await obedience.recall()
        try:
            async with asyncio.TaskGroup() as group:
                # If one of these fails, the replay ends too: else it would outrun consumers, or ignore its control.
                watching = [group.create_task(self._watch(client)), group.create_task(obedience.follow())]
                tasks = [group.create_task(each.run()) for each in self._replays]
                for each in self._replays:
                    await each.opened.wait()
                self._watcher.began(sum(each.done.written for each in self._replays), self.pacer)
                for each in self._replays:
                    await each.warm.wait()
                self.pacer.begin(await self._base())
                await asyncio.wait(tasks)
                for watch in watching:
                    watch.cancel()
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return {span.partition: task.result() for span, task in zip(self._spans, tasks, strict=True)}

    async def _base(self) -> int:
        """The event time at which the pace starts: that of the earliest record that is not replayed yet."""
        nexts = await asyncio.gather(*(each.next_time() for each in self._replays))
        return min((each for each in nexts if each is not None), default=0)

    async def _watch(self, client: Any) -> None:
        if not self._plan.groups:
            return
        await watch_lag(
            client,
            self._clusters.target,
            groups=self._plan.groups,
            partitions=[TopicPartition(self._plan.target_topic, number) for number in range(self._targets)],
            limit=self._plan.max_lag,
            pacer=self.pacer,
            told=self._watcher.lag,
            say=self._watcher.say,
        )


def _closing(
    plan: Plan, progress: Mapping[int, Progress], found: Mapping[int, Found] | None, run: _Run, seconds: float
) -> Closing:
    written = sum(each.written for each in progress.values())
    back = None if found is None else sum(each.records for each in found.values())
    # In a compacted topic, compaction may have removed records since the plan counted them.
    missing = max(0, plan.records - written) if topic_named(plan.topic).cleanup == "delete" else 0
    return Closing(
        id=plan.id,
        topic=plan.target_topic,
        read=sum(each.read for each in progress.values()),
        filtered=sum(each.filtered for each in progress.values()),
        written=written,
        warm_up=plan.records - plan.in_window,
        found=back,
        lost=missing + (0 if back is None else max(0, written - back)),
        doubled=0 if found is None else sum(each.doubled for each in found.values()),
        checksum="-".join(f"{progress[number].checksum:08x}" for number in sorted(progress)),
        intact=None
        if found is None or not written
        else all(found[number].checksum == each.checksum for number, each in progress.items()),
        seconds=round(seconds, 3),
        held_seconds=round(run.pacer.held_s, 3),
        on_time=run.errors.within(PACE_LIMIT_MS),
        p95_ms=run.errors.quantile(0.95),
    )
