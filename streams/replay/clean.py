"""Removes what a replay created on its target and nothing else, in two steps: `look` finds it, `clean` removes it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code
from msgspec import Struct

from schemas.headers import REPLAY_ID_HEADER
from schemas.marks import Manifest, Progress
from schemas.mediatopics import UNCATEGORISED
from schemas.topics import CATEGORIES, DEADLETTERS, POSITIONS, SIGHTINGS, STRIPS
from streams.counted import counted
from streams.errors import SettingsError, TickerError
from streams.kafka.alternating import AlternatingProducers
from streams.kafka.connect import administration
from streams.kafka.groups import once_coordinated
from streams.kafka.reader import bounds, read_windows
from streams.kafka.topics import TopicDescription, describe
from streams.kafka.transaction import writing
from streams.replay import ledger
from streams.settings import Connection
from streams.stage import RawRecord

_GONE_S: Final = 20.0
_WORKERS_GONE_S: Final = 30.0
"""A worker that was killed stays a member of its group until its session times out."""
_POLL_S: Final = 0.05


class Cut(Struct, frozen=True):
    """Records of a replay in one partition of a topic that it did not create."""

    topic: str
    partition: int
    before: int
    """All records below this offset are the replay's, and are deleted."""
    removed: int
    """Their number."""
    left: int
    """Records of the replay behind other records; they stay, because Kafka deletes only from the beginning."""


class Removal(Struct, frozen=True, kw_only=True):
    """What cleaning a replay will remove."""

    id: str
    prefix: str
    topics: tuple[str, ...]
    """Topics that the replay created, to be deleted."""
    kept: tuple[str, ...]
    """Topics that it created and that others use now, as messages; they stay."""
    cuts: tuple[Cut, ...]
    entries: tuple[tuple[int, str], ...]
    """Its records in the positions topic: partition and key."""

    def told(self) -> Iterator[str]:
        """What is removed and what stays, as messages."""
        yield from (f"remove topic {name}" for name in self.topics)
        yield from (f"leave {text}" for text in self.kept)
        for cut in self.cuts:
            place = f"{cut.topic}/{cut.partition}"
            if cut.removed:
                yield f"remove {counted(cut.removed, 'record')} of {place}"
            if cut.left:
                yield f"leave {counted(cut.left, 'record')} of {place}: others stand before them"
        if self.entries:
            yield f"forget {counted(len(self.entries), 'entry', 'entries')} in {POSITIONS.on(self.prefix)}"


async def look(connection: Connection, prefix: str, replay: str, *, patience: float) -> Removal:
    """Find out what a replay created.

    Raises:
        SettingsError: There is no such replay, or workers still run on its topics.
    """
    options = connection.aiokafka_options()
    positions = POSITIONS.on(prefix)
    async with administration(connection, patience=patience) as client:
        live = await describe(client, {positions})
        if not live:
            raise SettingsError(f"there is no {positions}: is --topic-prefix right?")
        rows = (await ledger.read_ledgers(options, {prefix: live[positions].partitions}))[prefix]
        manifests = {entry.row.id: entry.row for entry in rows.values() if isinstance(entry.row, Manifest)}
        if replay not in manifests:
            known = ", ".join(sorted(manifests)) or "none"
            raise SettingsError(f"there is no replay {replay!r} below {prefix}; there are: {known}")
        await _refuse_workers(client, prefix)
        manifest = manifests.pop(replay)
        existing = await describe(client, {*manifest.created, *_written_to(manifest, prefix)})
    mine = ledger.manifest_key(replay)
    entries = sorted((part, key) for part, key in rows if key == mine or key.startswith(mine + b"|"))
    written: Counter[tuple[str, int]] = Counter()
    for part, key in entries:
        row = rows[part, key].row
        topic = SIGHTINGS.on(prefix) if ledger.is_of_split(key) else manifest.target
        written[topic, part] += row.written if isinstance(row, Progress) else 0
    places = [
        TopicPartition(name, number)
        for name in _written_to(manifest, prefix)
        if name in existing
        for number in range(existing[name].partitions)
    ]
    cuts, shared = await _cuts(options, manifest, places, written)
    reasons = await _reasons(options, manifest, prefix, existing, shared=shared, others=sorted(manifests))
    removed = tuple(name for name in manifest.created if name in existing and name not in reasons)
    return Removal(
        id=replay,
        prefix=prefix,
        topics=removed,
        kept=tuple(f"topic {name}: {reason}" for name, reason in sorted(reasons.items())),
        cuts=tuple(cut for cut in cuts if cut.topic not in removed),
        entries=() if positions in removed else tuple((part, key.decode()) for part, key in entries),
    )


async def clean(connection: Connection, removal: Removal, *, patience: float) -> None:
    """Remove what `look` found. It can be repeated if it was killed halfway.

    Raises:
        TickerError: The cluster refused something.
    """
    options = connection.aiokafka_options()
    positions = POSITIONS.on(removal.prefix)
    last = ledger.manifest_key(removal.id).decode()
    async with administration(connection, patience=patience) as client:
        # This fences an `apply` that still runs.
        for part, key in removal.entries:
            if key != last:
                await _forget(options, positions, part, key)
        ends = {
            TopicPartition(cut.topic, cut.partition): RecordsToDelete(before_offset=cut.before)
            for cut in removal.cuts
            if cut.removed
        }
        if ends:
            await client.delete_records(ends)
        # The manifest goes last: until then the cleaning can be repeated.
        for names in ([name for name in removal.topics if name != positions], [positions]):
            if gone := [name for name in names if name in removal.topics]:
                await _delete(client, gone)
        for part, key in removal.entries:
            if key == last:
                await _forget(options, positions, part, key)


async def clean_after(connection: Connection, prefix: str, replay: str, *, patience: float) -> Removal | None:
    """Wait until the workers of a prefix are gone, then look and clean; None if the replay has no manifest.

    Raises:
        SettingsError: Workers still run after half a minute.
        TickerError: The cluster refused something.
    """
    options = connection.aiokafka_options()
    async with administration(connection, patience=patience) as client:
        if not await describe(client, {POSITIONS.on(prefix)}):
            return None
        if not await ledger.read_manifest(options, prefix, replay, wait=True):
            if await ledger.is_only_topic(client, options, prefix):
                await _delete(client, [POSITIONS.on(prefix)])
            return None
        clock = asyncio.get_running_loop().time
        deadline = clock() + _WORKERS_GONE_S
        while await _workers_of(client, prefix):
            if clock() > deadline:
                break  # `look` raises the error
            await asyncio.sleep(_POLL_S)
    removal = await look(connection, prefix, replay, patience=patience)
    await clean(connection, removal, patience=patience)
    return removal


async def _refuse_workers(client: Any, prefix: str) -> None:
    if members := await _workers_of(client, prefix):
        raise SettingsError(
            f"{counted(members, 'worker', 'workers')} of {prefix}-worker"
            f" still {'runs' if members == 1 else 'run'}: stop them first"
        )


async def _workers_of(client: Any, prefix: str) -> int:
    (response,) = await once_coordinated(lambda: client.describe_consumer_groups([f"{prefix}-worker"]))
    return sum(len(members) for _, _, _, _, _, members, *_ in response.groups)


async def _cuts(
    options: Mapping[str, Any],
    manifest: Manifest,
    places: Sequence[TopicPartition],
    written: Mapping[tuple[str, int], int],
) -> tuple[tuple[Cut, ...], bool]:
    """What can be deleted at the beginning of each partition, and whether any has records of others."""
    cuts, shared = [], False
    mark = (REPLAY_ID_HEADER, manifest.id.encode())
    for place, window in (await bounds(options, places)).items():
        own, before = 0, window[1]
        async with aclosing(read_windows(options, {place: window})) as slices:
            async for _, records in slices:
                strange = next((n for n, record in enumerate(records) if mark not in record.headers), None)
                own += len(records) if strange is None else strange
                if strange is not None:
                    before, shared = records[strange].offset, True
                    break
        cuts.append(
            Cut(
                place.topic, place.partition, before, own, max(0, written[place.topic, place.partition] - own)
            )
        )
    return tuple(cut for cut in cuts if cut.removed or cut.left), shared


async def _reasons(
    options: Mapping[str, Any],
    manifest: Manifest,
    prefix: str,
    existing: Mapping[str, TopicDescription],
    *,
    shared: bool,
    others: Sequence[str],
) -> dict[str, str]:
    """By topic that the replay created and that has to stay, the reason."""
    made = [name for name in manifest.created if name in existing]
    if others:
        return dict.fromkeys(made, f"replay {', '.join(others)} uses it too; clean that first")
    if shared:
        return dict.fromkeys(made, f"{manifest.target} holds records that this replay did not write")
    derived = _derived(manifest.target.removeprefix(f"{prefix}."), prefix)
    if CATEGORIES[UNCATEGORISED].on(prefix) in derived:
        derived |= {name for name in made if name.startswith(f"{prefix}.category.")}  # users' own among them
    apart = [
        TopicPartition(name, n)
        for name in made
        if name not in derived
        for n in range(existing[name].partitions)
    ]
    found = await bounds(options, apart)
    return {place.topic: "it holds records of others" for place, (first, end) in found.items() if end > first}


def _written_to(manifest: Manifest, prefix: str) -> tuple[str, ...]:
    """The topics with records of a replay: its target, and for strips also the sightings made of them."""
    of_strips = manifest.target == STRIPS.on(prefix)
    return (manifest.target, SIGHTINGS.on(prefix)) if of_strips else (manifest.target,)


def _derived(topic: str, prefix: str) -> set[str]:
    """The topics, by their names on the cluster, whose records are all derived from this topic."""
    from streams.pipeline import STAGES  # noqa: PLC0415 (the processors' data is loaded only here)

    names = {topic, POSITIONS.name, DEADLETTERS.name}
    if topic == STRIPS.name:
        names.add(SIGHTINGS.name)
    for stage in STAGES:
        if stage.source.name in names:
            names |= {each.name for each in stage.topics}
    return {f"{prefix}.{name}" for name in names}


async def _delete(client: Any, topics: Sequence[str]) -> None:
    response = await client.delete_topics(list(topics))
    refused = [
        f"{name}: {for_code(code).__name__}"
        for name, code, *_ in response.topic_error_codes
        if code not in {0, UnknownTopicOrPartitionError.errno}
    ]
    if refused:
        raise TickerError(f"Kafka refused to delete {counted(len(refused), 'topic')}: {'; '.join(refused)}")
    clock = asyncio.get_running_loop().time
    deadline = clock() + _GONE_S
    while left := set(topics) & set(await client.list_topics()):
        if clock() > deadline:
            raise TickerError(f"still there after {_GONE_S:.0f} s: {', '.join(sorted(left))}")
        await asyncio.sleep(_POLL_S)


async def _forget(options: Mapping[str, Any], positions: str, partition: int, key: str) -> None:
    """Write a tombstone under the transactional id of the entry's writer, so that the writer is fenced."""
    tombstone = RawRecord(key.encode(), None, time.time_ns() // 1_000_000, [])
    try:
        writer = ledger.id_of_writer(key.encode())
        async with writing(AlternatingProducers(writer, (positions,), options)) as producers:
            await producers.commit({positions: [tombstone]}, partition)
    except (KafkaError, TimeoutError) as error:
        raise TickerError(f"{positions}/{partition}: {key} could not be forgotten: {error!r}") from error
