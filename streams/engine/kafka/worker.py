"""A worker: checks its topics, joins the group by Faust, serves its health pages, stops cleanly.

It ends by itself only with a reason: told to stop, a setting that cannot be used, or a failure that would
not go away. A process manager starts it again; it never stalls in silence.
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
"""The most that is fetched of a partition at once: a backlog comes in few pieces; live, there is less."""
_HEARTBEAT_S: Final = 1.0
"""A member hears with a heartbeat that the group hands out its partitions anew: each stands still for as long."""
_REBALANCE_TIMEOUT_S: Final = 20.0
_REQUEST_TIMEOUT_S: Final = 20.0
_METADATA_MS: Final = 15_000
"""How old what is known of the topics may become: a worker whose first answer lacked a topic waits so long for it."""
_STOP_TIMEOUT_S: Final = 4.0
_EXPULSION_EVERY_S: Final = 1.0
_TURNS: Final = 3
_TURNS_WITHIN_S: Final = 120.0
"""A worker that loses its place in the group `_TURNS` times within so many seconds does not lose it by accident."""
_NEWCOMER_S: Final = 20.0
"""A worker that first loses its place so soon after it came took it from another, who is first to go on."""


class WorkerSettings(Struct, frozen=True, kw_only=True):
    """What a worker needs to know."""

    connection: Connection
    prefix: str
    stages: tuple[Stage, ...]
    listen: str | None
    """`HOST:PORT` of the health and metrics pages; None for none."""
    instance_id: str | None
    """Static membership (KIP-345): a restarted worker takes its partitions back without a rebalance."""
    session_timeout_s: float = 8.0
    schemas: SchemaUris = NO_SCHEMA_URIS
    """Where consumers fetch the schemas of what is published."""


async def work(settings: WorkerSettings, observer: Observer | None = None) -> None:
    """Run a worker until it is told to end; without an observer it keeps the metrics.

    Raises:
        SettingsError: Topics are missing or laid out otherwise, or an address cannot be listened on.
        TickerError: A failure did not go away; what was committed stays, nothing else was written.
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
        if not await self._unless_stopped(_check_topics(settings)):
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
                    # Faust makes it at its start and keeps nothing in it: else each kill -9 leaves one behind.
                    shutil.rmtree(folder, ignore_errors=True)
                    await self._wait_for_end(app)
            finally:
                watching.cancel()
                await self._end(app)
        if self._failure is not None:
            raise self._failure

    async def _unless_stopped(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do something that can take for ever; False when the worker was told to stop meanwhile."""
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
        names = _Names(self._settings.instance_id)
        try:
            while not any(end.done() for end in ends) and expulsion is None:
                await asyncio.wait(ends, timeout=_EXPULSION_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                expulsion = (
                    self._probe.lost or app.consumer.expulsion() or names.taken(app.consumer.member_id())
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
        """End the open transactions, then Faust: however long Faust takes to stop, no commit waits for it."""
        assert self._assignment is not None
        logger.info("stopping")
        await self._assignment.close()
        self._ending.done()
        try:
            async with asyncio.timeout(_STOP_TIMEOUT_S):
                await app.stop()
        except TimeoutError:
            # Every transaction has ended and nothing else is worth waiting for. Faust's threads would keep
            # the process alive for ever.
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


class _Names:
    """Sees when another worker runs with the same `--instance-id`.

    The group gives the place of an id to the worker that joined last, under a new member id. The other worker is told
    only that its member id is not known. So it joins again and takes the place back, and so on for ever. A worker that
    was merely paused loses its place once.

    The newcomer ends: a worker that is started by mistake must not end the one that runs. So who was there for longer
    bears twice as many turns, and goes on once the other has ended.
    """

    def __init__(self, instance_id: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._instance_id = instance_id
        self._clock = clock
        self._last = ""
        self._came = 0.0
        self._changes: deque[float] = deque(maxlen=2 * _TURNS)
        self._turns = 2 * _TURNS
        """How many it bears."""

    def taken(self, member_id: str) -> TickerError | None:
        """The error, where the place was taken several times in a row."""
        if self._instance_id is None or not member_id or member_id == self._last:
            return None
        now = self._clock()
        if not self._last:
            self._came = now
        else:
            if not self._changes and now - self._came < _NEWCOMER_S:
                self._turns = _TURNS
            self._changes.append(now)
        self._last = member_id
        if sum(now - change <= _TURNS_WITHIN_S for change in self._changes) < self._turns:
            return None
        return TickerError(
            f"another worker runs with --instance-id {self._instance_id}, and the two take the place from each other;"
            " give each an id of its own, or none"
        )


async def _check_topics(settings: WorkerSettings) -> None:
    """Wait for a broker, however long, saying so; then see that every topic is there."""
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
    """One agent per stage that only hands slices on: `acks=False` keeps Faust's commits away."""
    for stage in settings.stages:
        source = app.topic(stage.source.on(settings.prefix), value_type=bytes, acks=False)

        async def dispatch(stream: Any) -> None:
            async for fetched in stream:
                assignment.dispatch(fetched)

        app.agent(source, name=stage.name)(dispatch)


def _credentials(connection: Connection) -> Any:
    """The connection's security as Faust wants it; None for plain text."""
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
