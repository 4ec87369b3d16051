"""Makes a plan by looking at both clusters and at the records of the window; changes nothing."""

import time
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from schemas.instants import format_instant
from schemas.topics import SIGHTINGS, STRIPS
from streams.errors import SettingsError
from streams.kafka.connect import administration
from streams.kafka.reader import Window
from streams.kafka.topics import partitions_of
from streams.process.dedup.deduplicator import DEFAULT_WINDOW_MS
from streams.replay.apply import Ends, examine
from streams.replay.checks import Check
from streams.replay.facts import cluster_id
from streams.replay.plan import Place, Plan, replay_id, topic_named
from streams.replay.select import Selection, Unmatched
from streams.replay.survey import LATENESS_MS, find, survey

_DECIDED: Final = frozenset({SIGHTINGS.name, STRIPS.name})
"""Topics that are read by a stage with state, so that its decisions depend on earlier records."""


WARM_UP_MS: Final = 2 * DEFAULT_WINDOW_MS
"""How long before a window its warm-up begins: two deduplication windows.

One window before the beginning contains all headlines that are live then. Decisions about those depend in turn on the
headlines that were live when *they* were shown, up to a second window earlier.
"""


class Request(Struct, frozen=True, kw_only=True):
    """What the user wants to replay."""

    topic: str
    """Without prefix."""
    source_prefix: str
    target_prefix: str
    source_settings: str | None = None
    target_settings: str | None = None
    since: int | None = None
    until: int | None = None
    warm_up: int | None = None
    """How long before `since` the warm-up begins, in ms; None for as long as the topic's readers need."""
    offsets: Mapping[int, Window] = {}
    """Windows by partition number, instead of times; a partition that is missing is left out."""
    selection: Selection = Selection()
    speed: str = "1x"
    groups: tuple[str, ...] = ()
    """Consumer groups of the target not to outrun; empty for the workers' group."""
    max_lag: int | None = None
    create: bool = False
    own_topics: tuple[str, ...] = ()
    accept: tuple[str, ...] = ()
    id: str | None = None


async def draft(
    request: Request, ends: Ends, *, progress: Callable[[int], None] = lambda _: None
) -> tuple[Plan, tuple[Check, ...]]:
    """Make a plan and check it; `progress` is called with numbers of records read.

    Raises:
        SettingsError: The topic, window, speed, id or pattern is invalid, or a filter matches nothing.
        TickerError: A cluster cannot be reached.
    """
    plan = _asked(request, ends)
    taken = plan.predicate
    async with administration(ends.source, patience=ends.patience) as client:
        partitions = await partitions_of(client, [plan.source_topic])
        plan = replace(plan, source=replace(plan.source, cluster_id=await cluster_id(client)))
    async with administration(ends.target, patience=ends.patience) as client:
        plan = replace(plan, target=replace(plan.target, cluster_id=await cluster_id(client)))
    options = ends.source.aiokafka_options()
    found = await find(
        options,
        partitions,
        since=request.since,
        until=request.until,
        offsets=request.offsets,
        warm_up=_warm_up(request),
        run_out=_run_out(request),
    )
    unmatched = Unmatched(request.selection)
    spans = await survey(options, found, unmatched.noting(taken), progress=progress)
    if "filters" not in request.accept and (told := "; ".join(unmatched.told())):
        raise SettingsError(f"{told} (--accept filters goes on all the same)")
    plan = replace(plan, spans=spans)
    return plan, await examine(plan, ends, cut=found.cut)


def _asked(request: Request, ends: Ends) -> Plan:
    """The plan as far as it needs no cluster: without the clusters' ids and the spans of its window.

    Raises:
        SettingsError: As `draft`.
    """
    topic_named(request.topic)
    if request.since is not None and request.until is not None and request.since >= request.until:
        raise SettingsError(
            f"--since {format_instant(request.since)} is not before --until {format_instant(request.until)}:"
            " no record is between them"
        )
    begins, run_out = _warm_up(request), _run_out(request)
    plan = Plan(
        id=replay_id(request.id),
        made_at=format_instant(time.time_ns() // 1_000_000),
        topic=request.topic,
        source=Place(
            bootstrap_servers=ends.source.bootstrap_servers,
            cluster_id="",
            prefix=request.source_prefix,
            settings=request.source_settings,
        ),
        target=Place(
            bootstrap_servers=ends.target.bootstrap_servers,
            cluster_id="",
            prefix=request.target_prefix,
            settings=request.target_settings,
        ),
        since=None if request.since is None else format_instant(request.since),
        until=None if request.until is None else format_instant(request.until),
        warm_up=None if begins is None else format_instant(begins),
        run_out=None if run_out is None else format_instant(run_out),
        selection=request.selection,
        speed=request.speed,
        groups=request.groups or (f"{request.target_prefix}-worker",),
        max_lag=request.max_lag,
        create=request.create,
        own_topics=request.own_topics,
        accept=request.accept,
        spans=(),
    )
    plan.pace, plan.predicate  # noqa: B018 (an invalid speed or pattern is reported before a cluster is asked)
    return plan


def _warm_up(request: Request) -> int | None:
    """The event time (ms) at which the warm-up begins; None for none.

    Deduplicate decides by what it has seen within its window: its decisions about the first sightings of a replay
    depend on those before them.
    """
    if request.since is None or request.offsets:
        if request.warm_up:
            raise SettingsError(
                "--warm-up is counted from --since, and --offsets say themselves what is replayed"
            )
        return None
    needed = WARM_UP_MS if request.topic in _DECIDED else 0
    length = needed if request.warm_up is None else request.warm_up
    return max(0, request.since - length) if length else None


def _run_out(request: Request) -> int | None:
    """The event time (ms) at which the run-out ends; None for none.

    Late sightings of the window are recorded among sightings of after the window, which decisions depended on too.
    """
    if request.until is None or request.offsets or request.warm_up == 0 or request.topic not in _DECIDED:
        return None
    return request.until + LATENESS_MS
