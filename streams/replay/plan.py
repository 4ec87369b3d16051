"""The plan of a replay: what, from where, to where, how fast; a JSON file that people review."""

import re
import uuid
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from schemas.events import UNREADABLE
from schemas.instants import Instant, parse_instant
from schemas.routing import category_topic
from schemas.topics import TOPICS, Topic
from streams.errors import InputError, SettingsError
from streams.replay.select import Predicate, Selection, meant, predicate
from streams.replay.speed import Speed, parse_speed

_BY_NAME: Final = {topic.name: topic for topic in TOPICS}
_CATEGORY: Final = "category."
_ID: Final = re.compile(r"^[a-z0-9][a-z0-9-]{0,39}$")


class Place(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A topic of the pipeline on one cluster."""

    bootstrap_servers: str
    cluster_id: str
    prefix: str
    settings: str | None = None
    """The settings file with the login; a plan contains no secrets."""


class Span(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The offsets of one partition, from `first` to `end` (excluded), and what was found in them."""

    partition: Annotated[int, Meta(ge=0)]
    first: Annotated[int, Meta(ge=0)]
    end: Annotated[int, Meta(ge=0)]
    begins: Annotated[int, Meta(ge=0)] | None = None
    """The offset at which the window begins, after the warm-up; None without a warm-up."""
    warm_up: int = 0
    """Records of the warm-up: replayed first at full speed, and not part of the result."""
    run_out: int = 0
    """Records of a later event time among or behind those of the window: not part of the result."""
    records: int
    """Records that the selection takes, those of the warm-up included."""
    bytes: int
    """The size of their keys and values."""
    largest: int
    """The size of key and value of the largest of them, in bytes."""
    first_time: Instant | None
    """The earliest event time among them."""
    last_time: Instant | None

    @property
    def warmed_up(self) -> int:
        """The offset at which the warm-up ends."""
        return self.first if self.begins is None else min(self.begins, self.end)


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that `ticker replay apply` needs to know, except passwords."""

    id: Annotated[str, Meta(pattern=_ID.pattern)]
    made_at: Instant
    topic: str
    """The topic's name without prefix, as in the contract."""
    source: Place
    target: Place
    since: Instant | None = None
    until: Instant | None = None
    warm_up: Instant | None = None
    """When the warm-up begins, before `since`; None for none."""
    run_out: Instant | None = None
    """When the run-out ends, after `until`; None for none."""
    selection: Selection = Selection()
    speed: str = "1x"
    groups: tuple[str, ...] = ()
    """Consumer groups of the target that the replay must not outrun."""
    max_lag: int | None = None
    """The largest lag that any of them may have, in records; None for no limit."""
    create: bool = False
    """Whether to create missing topics of the target."""
    own_topics: tuple[str, ...] = ()
    """Topics of the user's own rules, whose Kafka topics `create` creates too."""
    accept: tuple[str, ...] = ()
    """Names of checks that may refuse without stopping the replay."""
    spans: tuple[Span, ...]

    @property
    def records(self) -> int:
        """Records that will be written."""
        return sum(span.records for span in self.spans)

    @property
    def in_window(self) -> int:
        """Records of the window: neither warm-up nor run-out."""
        return self.records - sum(span.warm_up + span.run_out for span in self.spans)

    @property
    def begins(self) -> int | None:
        """The window's beginning, event time in ms; None for the beginning of the topic."""
        return None if self.since is None else parse_instant(self.since)

    @property
    def bytes(self) -> int:
        """The size of all keys and values."""
        return sum(span.bytes for span in self.spans)

    @property
    def times(self) -> tuple[int, int] | None:
        """The earliest and the latest event time, in ms; None without records."""
        firsts = [parse_instant(span.first_time) for span in self.spans if span.first_time]
        lasts = [parse_instant(span.last_time) for span in self.spans if span.last_time]
        return (min(firsts), max(lasts)) if firsts else None

    @property
    def pace(self) -> Speed:
        """The parsed speed."""
        return parse_speed(self.speed)

    @property
    def duration(self) -> float | None:
        """Seconds that it takes at its own pace, without the warm-up; None at `max`."""
        times = self.times
        last = self.last_due
        span = last - max(times[0], self.begins or times[0]) if times and last is not None else 0
        return self.pace.duration(self.in_window, max(0, span))

    @property
    def last_due(self) -> int | None:
        """The latest event time that has a due time, in ms; the run-out has none. None without records."""
        times, until = self.times, self.until
        if times is None:
            return None
        return min(times[1], parse_instant(until)) if until and self.run_out else times[1]

    @property
    def predicate(self) -> Predicate | None:
        """The test by which records are taken, those of warm-up and run-out included; None takes all.

        With a warm-up or run-out, that end of the window is bounded by offsets and not by event time: a stage decides
        by all records before a given one, late ones and those of wrong clocks included.
        """
        since = None if self.warm_up else self.since
        until = None if self.run_out else self.until
        return predicate(
            self.selection,
            since=None if since is None else parse_instant(since),
            until=None if until is None else parse_instant(until),
        )

    @property
    def source_topic(self) -> str:
        """The topic's name on the source cluster."""
        return topic_named(self.topic).on(self.source.prefix)

    @property
    def target_topic(self) -> str:
        """The topic's name on the target cluster."""
        return topic_named(self.topic).on(self.target.prefix)


def replay_id(given: str | None) -> str:
    """An id for a replay: the given one, or a random one that is short enough to type.

    Raises:
        SettingsError: The given one is not a valid id.
    """
    if given is None:
        return uuid.uuid4().hex[:8]
    if not is_replay_id(given):
        raise SettingsError(f"--id {given!r}: give up to 40 small letters, digits and -, not - first")
    return given


def is_replay_id(text: str) -> bool:
    """Whether a text can be the id of a replay."""
    return _ID.fullmatch(text) is not None


def topic_named(name: str) -> Topic:
    """A topic of the contract, or of a user's own category, by its name without prefix.

    Raises:
        SettingsError: There is no such topic, or it must not be replayed.
    """
    if name == "positions":
        raise SettingsError(
            "positions says how far the stages of one cluster have read; it means nothing elsewhere"
        )
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.startswith(_CATEGORY) and len(name) > len(_CATEGORY):
        return category_topic(name.removeprefix(_CATEGORY))
    known = sorted(set(_BY_NAME) - {"positions"})
    raise SettingsError(
        f"{name!r} is no topic of the pipeline{meant(name, known)}; there are {', '.join(known)} (without prefix)"
    )


def encode_plan(plan: Plan) -> bytes:
    """A plan as indented JSON, for people to read and change."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan to a file.

    Raises:
        SettingsError: The file cannot be written.
    """
    try:
        path.write_bytes(encode_plan(plan))
    except OSError as error:
        raise SettingsError(f"the plan {path} cannot be written: {error.strerror}") from None


def read_plan(path: Path) -> Plan:
    """Read a plan and validate what can be validated without a cluster.

    Raises:
        InputError: The file cannot be read or is not a plan; says what is wrong in it.
        SettingsError: Its topic, speed or text pattern is invalid.
    """
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise InputError(str(path), f"the plan cannot be read: {error.strerror}") from None
    except UNREADABLE as error:
        raise InputError(str(path), f"not a plan: {error}; `ticker replay plan` writes them") from None
    try:
        topic_named(plan.topic), plan.pace, plan.predicate, plan.times
    except ValueError as error:
        raise InputError(str(path), str(error)) from None
    return plan
