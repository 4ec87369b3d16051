"""Diagnose a consumer group: rebalances, isolation level, retention, offset lag, and partitions that nobody reads."""

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from aiokafka import TopicPartition
from msgspec import Struct

from schemas.topics import CURRENT, HEADLINES
from streams.counted import counted

_NAMED: Final = 5
_STABLE: Final = frozenset({"Stable"})
_EMPTY: Final = frozenset({"Empty", "Dead"})


class Member(Struct, frozen=True):
    """A member of a group and its assignment."""

    id: str
    host: str
    partitions: tuple[TopicPartition, ...]


class Look(Struct, frozen=True, kw_only=True):
    """A snapshot of a group."""

    state: str
    members: tuple[Member, ...]
    committed: Mapping[TopicPartition, int]
    """The committed offsets: the next offset that the group reads, by partition."""
    firsts: Mapping[TopicPartition, int]
    """The log start offset of every partition of the topics for consumers."""
    ends: Mapping[TopicPartition, int]
    """The last stable offset of the same partitions: the end for a reader of committed records."""


class Finding(Struct, frozen=True):
    """An observation about the group and what to do about it; `fine` needs no action."""

    level: Literal["wrong", "look", "fine"]
    what: str
    do: str = ""


def findings(prefix: str, first: Look, last: Look, seconds: float) -> Iterator[Finding]:
    """The findings from two snapshots of a group, `seconds` apart. `prefix` is the prefix of the topics."""
    if not last.committed and last.state in _EMPTY:
        yield Finding("wrong", "there is no such group", "is --group spelt as the consumer's group.id?")
        return
    yield from _membership(first, last, seconds)
    yield from _isolation(first, last)
    yield from _retention(last)
    yield from _lag(first, last, seconds)
    yield from _unread(last)
    yield from _categories(prefix, last)


def _membership(first: Look, last: Look, seconds: float) -> Iterator[Finding]:
    if last.state in _EMPTY:
        yield Finding("wrong", "no member is running; its offsets are kept", "start the consumer")
        return
    moved = {member.id for member in first.members} != {member.id for member in last.members}
    if last.state not in _STABLE or moved:
        yield Finding(
            "look",
            f"it rebalanced within {seconds:g} s (now {last.state}, {counted(len(last.members), 'member')})",
            "members that come and go: look for crashes, and for work that takes longer than max.poll.interval.ms",
        )
    idle = [member for member in last.members if not member.partitions]
    if idle and last.state in _STABLE:
        yield Finding(
            "look",
            f"{len(idle)} of {counted(len(last.members), 'member has', 'members have')} nothing to read,"
            f" {idle[0].host} for one",
            "a topic has a partition for each big language: stop them, subscribe to more topics, or use a share group",
        )
    elif last.state in _STABLE and not moved:
        yield Finding(
            "fine", f"members: {len(last.members)}, each with partitions, no rebalance in {seconds:g} s"
        )


def _isolation(first: Look, last: Look) -> Iterator[Finding]:
    beyond = sorted(
        place
        for look in (first, last)
        for place, offset in look.committed.items()
        if place in look.ends and offset > look.ends[place]
    )
    if beyond:
        yield Finding(
            "wrong",
            f"it has read beyond what is committed on {_named(beyond)}: it sees what may be aborted",
            "set isolation.level=read_committed",
        )
    else:
        yield Finding(
            "fine",
            "it was not seen beyond committed records; that alone does not prove isolation.level=read_committed",
        )


def _retention(last: Look) -> Iterator[Finding]:
    lost = {
        place: last.firsts[place] - offset
        for place, offset in last.committed.items()
        if offset < last.firsts.get(place, 0)
    }
    if lost:
        yield Finding(
            "wrong",
            "retention removed up to"
            f" {counted(max(lost.values()), 'record before it was', 'records before they were')} read"
            f" on {_named(lost)}",
            "it must keep up; for the state of now begin again with the compacted topic, docs/consumers.md",
        )


def _lag(first: Look, last: Look, seconds: float) -> Iterator[Finding]:
    lags = {
        place: last.ends[place] - offset for place, offset in last.committed.items() if place in last.ends
    }
    behind = {place: lag for place, lag in lags.items() if lag > 0}
    stuck = [place for place in behind if first.committed.get(place) == last.committed[place]]
    if stuck:
        yield Finding(
            "wrong",
            f"{counted(sum(map(behind.__getitem__, stuck)), 'offset waits', 'offsets wait')} on {_named(stuck)},"
            f" none was read in {seconds:g} s",
            "the consumer hangs, fails on a record, or commits rarely: look at its log",
        )
    elif behind:
        yield Finding(
            "look", f"{counted(sum(behind.values()), 'offset')} behind, and moving", "look again in a minute"
        )
    elif lags:
        yield Finding("fine", f"nothing waits on {counted(len(lags), 'partition')}")


def _unread(last: Look) -> Iterator[Finding]:
    if last.state not in _STABLE:
        return
    given = {place for member in last.members for place in member.partitions}
    topics = {place.topic for place in given}
    nobody = sorted(place for place in last.ends if place.topic in topics and place not in given)
    if nobody:
        yield Finding(
            "wrong",
            f"nobody reads {_named(nobody)}",
            "a consumer that assigns partitions by hand, or has not heard of new ones: subscribe to the topic",
        )


def _categories(prefix: str, last: Look) -> Iterator[Finding]:
    read = {place.topic for place in last.committed}
    read |= {place.topic for member in last.members for place in member.partitions}
    everything = {HEADLINES.on(prefix), CURRENT.on(prefix)}
    categories = {place.topic for place in last.ends} - everything
    if not read & (everything | categories):
        yield Finding(
            "wrong", f"it reads no topic of {prefix}.* that is for consumers", "is --topic-prefix right?"
        )
    elif not read & everything and (missed := sorted(categories - read)):
        slugs = ", ".join(topic.removeprefix(f"{prefix}.category.") for topic in missed)
        yield Finding(
            "look", f"it does not read {slugs}", f"if it should: subscribe, or read {HEADLINES.on(prefix)}"
        )


def _named(places: "Mapping[TopicPartition, int] | list[TopicPartition]") -> str:
    names = [f"{place.topic}/{place.partition}" for place in places]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
