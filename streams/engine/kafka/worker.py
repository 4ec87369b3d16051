"""A worker: checks its topics, joins the consumer group through Faust, serves its health pages, stops cleanly.

It ends only for a reason that it logs: it was told to stop, a setting cannot be used, or a failure persists. A
process manager then starts it again; it never just stalls.
"""

import asyncio
import logging
import math
import os
import shutil
import ssl
import tempfile
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

import faust
from msgspec import Struct
from prometheus_client import REGISTRY

from schemas.cloudevents import NO_SCHEMA_URIS, SchemaUris
from streams.engine.collector import raise_collector_thresholds
from streams.engine.kafka.assignment import Assignment
from streams.engine.kafka.metrics import WorkerMetrics
from streams.engine.kafka.observer import Observer
from streams.engine.kafka.slices import SlicingApp
from streams.errors import FootingError, TickerError
from streams.kafka import internals
from streams.kafka.connect import administration
from streams.kafka.probe import Probe, probing
from streams.kafka.topics import require
from streams.observe.ending import Ending
from streams.observe.health import serving
from streams.observe.letters import LetterLog
from streams.settings import Connection
from streams.stage import Stage

logger: Final = logging.getLogger(__name__)

_FETCH_BYTES: Final = 2 << 20
"""The most that is fetched of a partition at once, so that a backlog comes in few slices."""
_HEARTBEAT_S: Final = 0.2
"""A member learns of a rebalance by its next heartbeat. Until every member has, nobody works on the partitions of one
that has left."""
_REBALANCE_TIMEOUT_S: Final = 20.0
_REQUEST_TIMEOUT_S: Final = 20.0
_METADATA_MS: Final = 15_000
"""The largest age of the cluster's metadata: a topic that is missing from the first answer is found after so long."""
_STOP_TIMEOUT_S: Final = 4.0
_EXPULSION_EVERY_S: Final = 1.0
_LOSSES: Final = 3
_LOSSES_WITHIN_S: Final = 120.0
"""A worker whose instance id is taken over `_LOSSES` times within so many seconds shares it with another worker."""
_NEWCOMER_S: Final = 20.0
"""A worker that first loses its instance id so soon after it joined is the newcomer of the two."""


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """A worker's settings."""

    connection: Connection
    prefix: str
    stages: tuple[Stage, ...]
    listen: str | None
    """`HOST:PORT` of the health and metrics pages; None serves none."""
    instance_id: str | None
    """Static membership (KIP-345): a restarted worker takes its partitions back without a rebalance."""
    session_timeout_s: float = 8.0
    schemas: SchemaUris = NO_SCHEMA_URIS
    """Where consumers fetch the schemas of published events."""


async def work(settings: WorkerSettings, observer: Observer | None = None) -> None:
    """Run a worker until it is told to end; without an observer it exports Prometheus metrics.

    Raises:
        SettingsError: Topics are missing or have too few partitions, or an address cannot be listened on.
        TickerError: A failure persists; committed transactions stay, nothing else was written.
    """
    ending = Ending()
    ending.obey_signals()
    topics = {topic.on(settings.prefix) for stage in settings.stages for topic in stage.topics}
    meanwhile = "what waits on the topics stays there"
    async with probing(settings.connection, topics=topics, meanwhile=meanwhile, cancels=False) as probe:
        metrics = observer or WorkerMetrics(
            REGISTRY,
            settings.stages,
            is_answered=lambda: probe.is_answered,
            log=LetterLog(asyncio.get_running_loop().call_later),
        )
        worker = _Worker(settings, ending, metrics, probe)

        def is_ready() -> bool:
            return worker.is_ready and probe.is_answered

        async with serving(settings.listen, registry=REGISTRY, is_ready=is_ready, ending=ending):
            await worker.run()


class _Worker:
    def __init__(self, settings: WorkerSettings, ending: Ending, observer: Observer, probe: Probe) -> None:
        self._settings = settings
        self._probe = probe
        self._observer = observer
        self._ending = ending
        self._stop = ending.stop
        self._failure: BaseException | None = None
        self._assignment: Assignment | None = None

    @property
    def is_ready(self) -> bool:
        return self._assignment is not None and self._assignment.is_ready and not self._stop.is_set()

    async def run(self) -> None:
        settings = self._settings
        internals.check("faust")
        if not await self._unless_stopped(_get_ready(settings)):
            return
        raise_collector_thresholds()
        with tempfile.TemporaryDirectory(prefix="ticker-worker-", ignore_cleanup_errors=True) as folder:
            app = _app(settings, Path(folder))
            self._assignment = Assignment(
                app=app,
                stages=settings.stages,
                prefix=settings.prefix,
                schemas=settings.schemas,
                options=settings.connection.aiokafka_options(),
                observer=self._observer,
                crash=self._crash,
            )
            _dispatch_slices(app, settings, self._assignment)
            watching = asyncio.create_task(self._assignment.watch_backlogs())
            try:
                if await self._unless_stopped(app.start()):
                    # Faust makes the folder at its start and keeps nothing in it. Removed here, it does not stay
                    # behind after a kill -9.
                    shutil.rmtree(folder, ignore_errors=True)
                    await self._wait_for_end(app)
            finally:
                watching.cancel()
                await self._end(app)
        if self._failure is not None:
            raise self._failure

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Await something that may take forever; False if the worker was told to stop before it ended."""
        working = asyncio.create_task(work)
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if working.done():
            working.result()
            return True
        working.cancel()
        await asyncio.wait([working], timeout=1)
        return False

    async def _wait_for_end(self, app: Any) -> None:
        ends = [asyncio.create_task(self._stop.wait()), asyncio.create_task(app.wait_until_stopped())]
        expulsion = None
        clash = _InstanceIdClash(self._settings.instance_id)
        try:
            while not any(end.done() for end in ends) and expulsion is None:
                await asyncio.wait(ends, timeout=_EXPULSION_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                expulsion = (
                    self._probe.lost or app.consumer.expulsion() or clash.check(app.consumer.member_id())
                )
        finally:
            for end in ends:
                end.cancel()
        if not self._stop.is_set() and self._failure is None:
            reason = expulsion or app.crash_reason
            if isinstance(reason, FootingError):
                self._failure = reason
            else:
                self._failure = TickerError(f"the worker is out of the group: {reason or 'no reason given'}")
                self._failure.__cause__ = reason

    async def _end(self, app: Any) -> None:
        """End the open transactions first, then Faust, so that no commit waits while Faust stops."""
        assert self._assignment is not None
        logger.info("stopping")
        await self._assignment.close()
        self._ending.done()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await app.stop()
        except TimeoutError:
            # Every transaction has ended and nothing else is worth waiting for, but Faust's threads would keep the
            # process alive.
            logger.warning("Faust did not stop within %.0f s; leaving without it", _STOP_TIMEOUT_S)
            if self._failure is not None:
                logger.error("%s", self._failure)  # noqa: TRY400 (the failure says it all)
            logging.shutdown()
            os._exit(0 if self._failure is None else 1)

    def _crash(self, error: BaseException) -> None:
        """End the process with a failure."""
        if self._failure is None:
            self._failure = error
        self._stop.set()


class _InstanceIdClash:
    """Detects another worker with the same `--instance-id`.

    The group gives an instance id to the worker that joined last, under a new member id. The other worker is told only
    that its member id is unknown; so it joins again and takes the id back, and so on forever. A worker that was merely
    paused loses its id once.

    A worker that is started by mistake must not end the one that runs: so the older one bears twice as many losses as
    the newcomer, and goes on once the newcomer has ended.
    """

    def __init__(self, instance_id: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._instance_id = instance_id
        self._clock = clock
        self._last = ""
        self._came = 0.0
        self._losses: deque[float] = deque(maxlen=2 * _LOSSES)
        self._losses_allowed = 2 * _LOSSES
        """How many losses it bears."""

    def check(self, member_id: str) -> TickerError | None:
        """Note the current member id; gives the error to end with once the instance id was lost too often."""
        if self._instance_id is None or not member_id or member_id == self._last:
            return None
        now = self._clock()
        if not self._last:
            self._came = now
        else:
            if not self._losses and now - self._came < _NEWCOMER_S:
                self._losses_allowed = _LOSSES
            self._losses.append(now)
        self._last = member_id
        if sum(now - change <= _LOSSES_WITHIN_S for change in self._losses) < self._losses_allowed:
            return None
        return TickerError(
            f"another worker runs with --instance-id {self._instance_id}, and the two take the place from each other;"
            " give each an id of its own, or none"
        )


async def _get_ready(settings: WorkerSettings) -> None:
    """Check the topics, and load meanwhile what records would wait for."""
    loading = [asyncio.to_thread(stage.warm_up) for stage in settings.stages]
    await asyncio.gather(_check_topics(settings), *loading)


async def _check_topics(settings: WorkerSettings) -> None:
    """Wait for a broker, however long, and log that; then check that every topic exists."""
    topics = {topic.name: topic for stage in settings.stages for topic in stage.topics}
    async with administration(settings.connection, patience=math.inf) as client:
        await require(client, list(topics.values()), prefix=settings.prefix)


def _app(settings: WorkerSettings, folder: Path) -> SlicingApp:
    options: dict[str, Any] = {}
    if settings.instance_id is not None:
        options["consumer_group_instance_id"] = settings.instance_id
    credentials = _credentials(settings.connection)
    if credentials is not None:
        options["broker_credentials"] = credentials
    app = SlicingApp(
        f"{settings.prefix}-worker",
        broker=[f"kafka://{server}" for server in settings.connection.bootstrap_servers.split(",")],
        store="memory://",
        datadir=str(folder),
        value_serializer="raw",
        key_serializer="raw",
        web_enabled=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        stream_wait_empty=False,
        stream_buffer_maxsize=16,
        consumer_auto_offset_reset="earliest",
        consumer_max_fetch_size=_FETCH_BYTES,
        broker_session_timeout=settings.session_timeout_s,
        broker_heartbeat_interval=_HEARTBEAT_S,
        broker_rebalance_timeout=_REBALANCE_TIMEOUT_S,
        broker_request_timeout=_REQUEST_TIMEOUT_S,
        consumer_metadata_max_age_ms=_METADATA_MS,
        **options,
    )
    app.sliced_topics = frozenset(stage.source.on(settings.prefix) for stage in settings.stages)
    return app


def _dispatch_slices(app: SlicingApp, settings: WorkerSettings, assignment: Assignment) -> None:
    """Make one agent per stage, which only dispatches slices; with `acks=False` Faust commits no offsets."""
    for stage in settings.stages:
        source = app.topic(stage.source.on(settings.prefix), value_type=bytes, acks=False)

        async def dispatch(stream: Any) -> None:
            async for fetched in stream:
                assignment.dispatch(fetched)

        app.agent(source, name=stage.name)(dispatch)


def _credentials(connection: Connection) -> Any:
    """The connection's security settings as Faust's class; None for plain text."""
    options = connection.aiokafka_options()
    context: ssl.SSLContext | None = options.get("ssl_context")
    if options.get("sasl_mechanism"):
        return faust.SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=context,
            mechanism=options["sasl_mechanism"],
        )
    return faust.SSLCredentials(context) if context is not None else None


def stages_named(name: str, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """The stages of a worker: one by name, or `all`."""
    return tuple(stage for stage in stages if name in {"all", stage.name})
