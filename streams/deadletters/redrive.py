"""Sends dead letters back to the topic and partition that they came from, each exactly once.

The record goes back byte for byte with its own event time; a header counts its attempts. Which letters have been sent
is written to `PREFIX.positions` in the transaction that sends them.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from msgspec import Struct

from schemas.headers import ATTEMPT_HEADER
from schemas.marks import Redriven
from schemas.topics import DEADLETTERS, POSITIONS
from streams.counted import counted
from streams.deadletters.letters import Letter
from streams.deadletters.trial import PRODUCE
from streams.errors import TickerError, in_words
from streams.kafka.reader import CommittedReader, committed_reader
from streams.kafka.topics import TopicDescription
from streams.kafka.transaction import TransactionalProducer, writing
from streams.stage import RawRecord

MAX_ATTEMPTS: Final = 3
_BYTES: Final = 4 << 20
"""The approximate size of keys and values in one transaction."""


_decode: Final = msgspec.json.Decoder(Redriven).decode
_encode: Final = msgspec.json.Encoder().encode


class Sorting(Struct, frozen=True, kw_only=True):
    """What a redrive would do with letters."""

    ready: tuple[Letter, ...]
    """Letters to send back."""
    already: int
    """Letters that were sent back before."""
    capped: int
    """Letters that have reached the limit of attempts."""
    unreturnable: tuple[tuple[str, str], ...]
    """Letters that cannot be sent back: place and reason."""


def sort(
    letters: Iterable[Letter],
    *,
    redriven: Collection[str],
    prefix: str,
    topics: Mapping[str, TopicDescription],
    max_attempts: int = MAX_ATTEMPTS,
) -> Sorting:
    """Sort letters into those to send back and the others; `topics` are the cluster's."""
    ready, unreturnable = [], []
    already = capped = 0
    for letter in letters:
        if letter.place in redriven:
            already += 1
        elif letter.reason.attempt >= max_attempts:
            capped += 1
        elif problem := _unreturnable(letter, prefix, topics):
            unreturnable.append((letter.place, problem))
        else:
            ready.append(letter)
    return Sorting(ready=tuple(ready), already=already, capped=capped, unreturnable=tuple(unreturnable))


def _unreturnable(letter: Letter, prefix: str, topics: Mapping[str, TopicDescription]) -> str | None:
    reason = letter.reason
    if reason.stage == PRODUCE:
        return "it never was a record: mend the source or the splitter, and publish its strip again"
    if not reason.topic.startswith(f"{prefix}."):
        return f"it came from {reason.topic}, which is not below {prefix}"
    if reason.topic not in topics or topics[reason.topic].partitions <= reason.partition:
        return f"there is no {reason.topic}/{reason.partition} on this cluster"
    if letter.event_time is None:
        return "its event time is not known"
    return None


def _mark_key(prefix: str, partition: int) -> bytes:
    return f"redrive|{DEADLETTERS.on(prefix)}|{partition}".encode()


async def read_redriven(options: Mapping[str, Any], prefix: str, letters: Collection[Letter]) -> set[str]:
    """The places of those letters that were sent back."""
    ways = {(letter.partition, letter.reason.partition) for letter in letters}
    if not ways:
        return set()  # an aiokafka client raises if it is stopped right after its start
    async with committed_reader(options, (POSITIONS.on(prefix),)) as reader:
        marks = {way: await _read_mark(reader, prefix, way, wait=False) for way in sorted(ways)}
    return {
        letter.place
        for letter in letters
        if letter.offset in marks[letter.partition, letter.reason.partition]
    }


async def _read_mark(reader: CommittedReader, prefix: str, way: tuple[int, int], *, wait: bool) -> Redriven:
    """The letters sent back from one partition to another; to decide by them, `wait` for open transactions."""
    place = TopicPartition(POSITIONS.on(prefix), way[1])
    end = None if wait else await reader.stable_end(place)
    record = await reader.last_record(place, _mark_key(prefix, way[0]), end=end)
    return _decode(record.value) if record is not None and record.value else Redriven()


async def redrive(
    options: Mapping[str, Any], prefix: str, ready: Sequence[Letter], known: Iterable[Letter]
) -> int:
    """Send letters back; gives the number that this call sent.

    Args:
        options: aiokafka's connection options.
        prefix: The topics' prefix.
        ready: The letters to send (`sort`).
        known: All letters in the topic: those that were sent are recorded as ranges of them.

    Raises:
        TickerError: The cluster refused. Letters that were sent are recorded, so a repeated call resumes.
    """
    ways: defaultdict[tuple[int, int], list[Letter]] = defaultdict(list)
    for letter in ready:
        ways[letter.partition, letter.reason.partition].append(letter)
    offsets: defaultdict[int, list[int]] = defaultdict(list)
    for letter in known:
        offsets[letter.partition].append(letter.offset)
    sent = 0
    for way, letters in sorted(ways.items()):
        try:
            sent += await _redrive_way(options, prefix, way, letters, offsets[way[0]])
        except (KafkaError, TimeoutError) as error:
            raise TickerError(
                f"{counted(len(letters), 'letter')} of partition {way[0]}: {in_words(error)};"
                f" {sent:,} were sent before; redrive again: none is sent twice"
            ) from error
    return sent


async def _redrive_way(
    options: Mapping[str, Any],
    prefix: str,
    way: tuple[int, int],
    letters: Sequence[Letter],
    known: Sequence[int],
) -> int:
    """Send letters of one partition back to one partition number."""
    transactional_id = f"ticker-redrive-{prefix}-{way[0]}-{way[1]}"
    positions, sent = POSITIONS.on(prefix), 0
    topics = {positions, *(letter.reason.topic for letter in letters)}
    async with writing(TransactionalProducer(transactional_id, topics, options)) as producer:
        async with committed_reader(options, (positions,)) as reader:
            mark = await _read_mark(reader, prefix, way, wait=True)
        for batch in _batched([letter for letter in letters if letter.offset not in mark]):
            mark = mark.with_offsets([letter.offset for letter in batch], known)
            records: defaultdict[str, list[RawRecord]] = defaultdict(list)
            for letter in batch:
                records[letter.reason.topic].append(_record(letter))
            now = time.time_ns() // 1_000_000
            records[positions].append(RawRecord(_mark_key(prefix, way[0]), _encode(mark), now, []))
            await producer.commit(records, way[1])
            sent += len(batch)
    return sent


def _batched(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    batch: list[Letter] = []
    size = 0
    for letter in letters:
        batch.append(letter)
        size += len(letter.key or b"") + len(letter.value or b"")
        if size >= _BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _record(letter: Letter) -> RawRecord:
    """The record as it was, with its attempts appended to its headers: the first of these must stay the first."""
    headers = [*letter.headers, (ATTEMPT_HEADER, str(letter.reason.attempt).encode())]
    return RawRecord(letter.key, letter.value, letter.original.timestamp, headers)
