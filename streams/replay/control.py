"""Changes a running replay: pause, resume, another speed. The wish is a record in the target's positions topic.

The record stays there: a replay that was killed while paused is still paused when it is resumed.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from aiokafka import TopicPartition
from msgspec.structs import replace

from schemas.instants import format_instant
from schemas.marks import Control
from schemas.topics import POSITIONS
from streams.errors import SettingsError
from streams.kafka.reader import committed_reader, consuming
from streams.kafka.retry import TRANSIENT
from streams.replay import ledger
from streams.replay.pace import Pacer
from streams.replay.speed import Speed, parse_speed

PAUSED: Final = "paused"
_POLL_MS: Final = 500
_RETRY_S: Final = 2.0


async def change(
    options: Mapping[str, Any],
    prefix: str,
    replay: str,
    *,
    paused: bool | None = None,
    speed: str | None = None,
) -> Control:
    """Write what is wanted of a replay; None leaves a value as it is.

    Args:
        options: aiokafka's connection options of the target.
        prefix: The target's prefix.
        replay: The replay's id.
        paused: Whether it is paused.
        speed: Its speed, as in a plan.

    Raises:
        SettingsError: There is no such replay, or the speed is invalid.
        TickerError: The record could not be written.
    """
    if speed is not None:
        parse_speed(speed)
    if await ledger.read_manifest(options, prefix, replay, wait=False) is None:
        raise SettingsError(f"there is no replay {replay!r} below {prefix}; `ticker replay list` shows them")
    before = await _last(options, prefix, replay)
    # A record that cannot be read is replaced.
    wanted = before if isinstance(before, Control) else Control(changed_at="")
    wanted = replace(
        wanted,
        changed_at=format_instant(time.time_ns() // 1_000_000),
        paused=wanted.paused if paused is None else paused,
        speed=wanted.speed if speed is None else speed,
    )
    await ledger.write(options, prefix, ledger.control_key(replay), wanted)
    return wanted


async def _last(options: Mapping[str, Any], prefix: str, replay: str) -> Control | ledger.Unreadable | None:
    place = TopicPartition(POSITIONS.on(prefix), 0)
    async with committed_reader(options, (place.topic,)) as reader:
        row = await ledger.read_control(reader, prefix, replay, end=await reader.stable_end(place))
    return row if isinstance(row, Control | ledger.Unreadable) else None


class Obedience:
    """Applies the control records of a replay to its pacer.

    Args:
        options: aiokafka's connection options of the target.
        prefix: The target's prefix.
        replay: The replay's id.
        planned: The plan's speed.
        pacer: The replay's pacer.
        say: Called with a message for the user.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        prefix: str,
        replay: str,
        *,
        planned: Speed,
        pacer: Pacer,
        say: Callable[[str], None],
    ) -> None:
        self._options = options
        self._prefix = prefix
        self._replay = replay
        self._planned = planned
        self._pacer = pacer
        self._say = say
        self._obeyed = Control(changed_at="")

    async def recall(self) -> None:
        """Apply the last control record, which may be older than this run."""
        self._hear(await _last(self._options, self._prefix, self._replay))

    async def follow(self) -> None:
        """Apply new control records until cancelled; outages are ignored here, as the replay itself reports them."""
        place = TopicPartition(POSITIONS.on(self._prefix), 0)
        while True:
            with suppress(*TRANSIENT):
                async with consuming(self._options, reset="earliest", fetch_wait_ms=_POLL_MS) as consumer:
                    consumer.assign([place])
                    await consumer.seek_to_end(place)
                    await self.recall()
                    await self._listen(consumer)
            await asyncio.sleep(_RETRY_S)

    async def _listen(self, consumer: Any) -> None:
        key = ledger.control_key(self._replay)
        while True:
            for records in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                for record in records:
                    self._hear(ledger.read_row(record) if record.key == key else None)

    def _hear(self, said: ledger.Read | None) -> None:
        """Apply a control record; one that cannot be read is reported and ignored."""
        if isinstance(said, ledger.Unreadable):
            self._say(f"what was said to this replay cannot be read and changes nothing: {said.why}")
        elif isinstance(said, Control) and said != self._obeyed:
            self._obey(said)

    def _obey(self, wanted: Control) -> None:
        before, self._obeyed = self._obeyed, wanted
        if wanted.speed != before.speed:
            self._pacer.change(parse_speed(wanted.speed) if wanted.speed else self._planned)
            self._say(f"the speed is {wanted.speed} now")
        if wanted.paused and not before.paused:
            self._pacer.hold(PAUSED)
            self._say(f"paused; `ticker replay resume {self._replay}` goes on")
        elif before.paused and not wanted.paused:
            self._pacer.release(PAUSED)
            self._say("goes on")
