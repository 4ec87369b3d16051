"""Fills a changelog with live headlines, as if workers had written them."""

from typing import Final

from aiokafka import AIOKafkaProducer

from schemas.events import SeenHeadline, encode
from schemas.instants import format_instant
from schemas.routing import partition_of
from schemas.topics import SEEN
from streams.bench.corpus import Corpus
from streams.kafka.batches import send
from streams.process.fold import FOLD_VERSION, fold
from streams.produce.sightings import identify
from streams.produce.strips import strip_of
from streams.settings import Connection
from streams.stage import RawRecord

_RECORDS_AT_ONCE: Final = 20_000


async def fill_seen(
    connection: Connection, prefix: str, corpus: Corpus, *, instant: int | None = None
) -> int:
    """Write one changelog record for each distinct headline; returns their number.

    Args:
        connection: How to reach the cluster.
        prefix: The topics' prefix.
        corpus: The headlines; each has the time of the first strip that shows it.
        instant: A common time for all of them instead, in ms.
    """
    producer = AIOKafkaProducer(
        enable_idempotence=True, max_batch_size=1 << 18, **connection.aiokafka_options()
    )
    await producer.start()
    try:
        written: set[bytes] = set()
        records: dict[tuple[str, int], list[RawRecord]] = {}
        for shown in corpus.observations:
            strip, slots = strip_of(shown)
            at = shown.observed_at if instant is None else instant
            for number, slot in enumerate(slots):
                key, language = identify(slot.text)
                if key not in written:
                    written.add(key)
                    record = _seen_record(key, language, slot.text, f"{strip.id}-{number}", at)
                    home = (SEEN.on(prefix), partition_of(language, SEEN.partitions))
                    records.setdefault(home, []).append(record)
            if sum(map(len, records.values())) >= _RECORDS_AT_ONCE:
                await send(producer, records)
                records.clear()
        await send(producer, records)
        return len(written)
    finally:
        await producer.stop()


def _seen_record(key: bytes, language: str, text: str, identity: str, instant: int) -> RawRecord:
    seen = format_instant(instant)
    event = SeenHeadline(
        id=identity,
        text=text,
        folded=fold(text),
        language=language,
        first_seen=seen,
        last_seen=seen,
        sightings=1,
        sources=("source-00",),
        fold=FOLD_VERSION,
    )
    return RawRecord(key, encode(event), instant, [])
