"""Collects a result to compare: from a file of `ticker run --dropped --json`, or from the topics of a prefix."""

import sys
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from aiokafka import TopicPartition
from msgspec import Struct

from schemas.events import UNREADABLE
from schemas.headers import REPLAY_ID_HEADER
from schemas.topics import DUPLICATES, STRIPS
from streams.errors import InputError, SettingsError
from streams.kafka.connect import administration
from streams.kafka.reader import bounds, read_windows
from streams.kafka.topics import describe
from streams.replay.apply import Ends
from streams.replay.diff import Collector, Result, Slots
from streams.replay.plan import Plan
from streams.replay.resplit import places_of, replayed_strips
from streams.replay.slots import slot_changes
from streams.settings import Connection

STANDARD_INPUT: Final = "-"


def from_file(name: str, collector: Collector) -> Result:
    """Read JSON Lines from a file, or from standard input for `-`.

    Raises:
        InputError: The file cannot be read, or a line is neither a headline nor a dropped sighting.
    """
    if name == STANDARD_INPUT:
        for number, line in enumerate(sys.stdin.buffer, 1):
            _add(collector, line, f"standard input:{number}")
        return collector.result
    try:
        with Path(name).open("rb") as lines:
            for number, line in enumerate(lines, 1):
                _add(collector, line, f"{name}:{number}")
    except OSError as error:
        raise InputError(name, f"cannot be read: {error.strerror}") from None
    return collector.result


def _add(collector: Collector, line: bytes, place: str) -> None:
    if line.strip():
        collector.add(line, place)


async def from_topics(
    connection: Connection, prefix: str, collector: Collector, *, patience: float
) -> Result:
    """Read the committed records that are in the category and duplicates topics of a prefix now.

    Raises:
        SettingsError: There are no such topics.
        InputError: A record is neither a headline nor a duplicate; says where.
    """
    async with administration(connection, patience=patience) as client:
        names = {
            name
            for name in await client.list_topics()
            if name.startswith(f"{prefix}.category.") or name == DUPLICATES.on(prefix)
        }
        live = await describe(client, names)
    if not live:
        raise SettingsError(
            f"{prefix}: neither a file nor a prefix of topics on {connection.bootstrap_servers}"
        )
    places = [
        TopicPartition(name, number) for name in sorted(live) for number in range(live[name].partitions)
    ]
    options = connection.aiokafka_options()
    async for _, records in read_windows(options, await bounds(options, places)):
        for record in records:
            if record.value is not None:
                collector.add(record.value, f"{record.topic}/{record.partition}/{record.offset}")
    return collector.result


class _Identified(Struct, frozen=True):
    """The id of a value of any type."""

    id: str = ""


_identify: Final = msgspec.json.Decoder(_Identified).decode


class Compared(Struct, frozen=True, kw_only=True):
    """The results of both builds for a plan's window."""

    old: Result
    new: Result
    slots: Slots = Slots()
    """If strips were replayed, the differences between the splitters."""


async def of_replay(plan: Plan, ends: Ends, collect: Callable[[], Collector]) -> Compared:
    """The results of the recording build and of the build on the target, for a plan's window without its warm-up.

    The source has results of later records and of records that a filter left out: only those count whose records are
    in the target too.

    Args:
        plan: The plan.
        ends: How to connect to both ends.
        collect: Makes a collector for the plan's window.
    """
    old = await from_topics(ends.source, plan.source.prefix, collect(), patience=ends.patience)
    new = await from_topics(ends.target, plan.target.prefix, collect(), patience=ends.patience)
    made = old.headlines.keys() | old.merges.keys()
    if plan.topic != STRIPS.name:
        return Compared(old=old.only(await _replayed(plan, ends, made)), new=new)
    strips = await replayed_strips(plan, ends.target.aiokafka_options(), await places_of(ends, plan))
    of_strips = {each for each in made if each.rpartition("-")[0] in strips}
    return Compared(old=old.only(of_strips), new=new, slots=await slot_changes(plan, ends, strips))


async def _replayed(plan: Plan, ends: Ends, wanted: AbstractSet[str]) -> set[str]:
    """Those of the `wanted` ids that a replay wrote."""
    async with administration(ends.target, patience=ends.patience) as client:
        live = await describe(client, {plan.target_topic})
    places = [
        TopicPartition(plan.target_topic, number)
        for number in range(live[plan.target_topic].partitions if live else 0)
    ]
    options, mine, found = ends.target.aiokafka_options(), (REPLAY_ID_HEADER, plan.id.encode()), set[str]()
    async for _, records in read_windows(options, await bounds(options, places)):
        for record in records:
            if record.value is not None and mine in record.headers:
                with suppress(*UNREADABLE):  # a value that is not JSON has no id
                    found.update(wanted & {_identify(record.value).id})
    return found
