"""Runs dead letters through the current code without writing anything, to see which would pass."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from schemas.events import Event, Strip
from schemas.instants import format_instant
from schemas.topics import Topic
from streams.deadletters.letters import Letter
from streams.errors import RecordError
from streams.pipeline import STAGES
from streams.produce.sightings import sightings
from streams.produce.split import Slot
from streams.stage import Processor, Record, Stage

_STAGES: Final[Mapping[str, Stage]] = {stage.name: stage for stage in STAGES}
PRODUCE: Final = "produce"
"""The stage name of slots that never became sightings."""


class _Outbox:
    """Keeps the error of a rejection and discards everything else (`streams.stage.Outbox`)."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def send(self, topic: Topic, key: bytes, event: Event, timestamp: int) -> None:
        """Discard it."""

    def store(self, topic: Topic, key: bytes, value: Callable[[bytes], bytes], timestamp: int) -> None:
        """Discard it."""

    def forget(self, topic: Topic, key: bytes, timestamp: int) -> None:
        """Discard it."""

    def reject(self, record: Record, error: Exception) -> None:  # noqa: ARG002 (the protocol's signature)
        """Keep the error."""
        self.error = error

    def count(self, outcome: str, records: int = 1) -> None:
        """Discard it."""


class Trial:
    """Tries each letter on its own: a stateful processor is new for each, so that no letter affects another."""

    def __init__(self) -> None:
        self._stateless: dict[str, Processor] = {}

    def error(self, letter: Letter) -> Exception | None:
        """Why the current code rejects a letter; None if it passes."""
        name = letter.reason.stage
        if name == PRODUCE:
            return _split_again(letter)
        stage = _STAGES.get(name)
        if stage is None:
            return RecordError(f"there is no stage {name!r} any more")
        out = _Outbox()
        try:
            self._processor(stage).process([letter.original], out)
        except Exception as error:  # noqa: BLE001 (whatever the error, the letter does not pass)
            return error
        return out.error

    def passing(
        self, letters: Iterable[Letter], rejected: Callable[[Letter, Exception], None]
    ) -> list[Letter]:
        """The letters that pass; `rejected` is called with each of the others."""
        passed = []
        for letter in letters:
            error = self.error(letter)
            if error is None:
                passed.append(letter)
            else:
                rejected(letter, error)
        return passed

    def _processor(self, stage: Stage) -> Processor:
        if stage.state is not None:
            return stage.processor()
        if stage.name not in self._stateless:
            self._stateless[stage.name] = stage.processor()
        return self._stateless[stage.name]


def _split_again(letter: Letter) -> Exception | None:
    """Why a slot that the producer rejected still is not a headline; None if it is."""
    text = (letter.value or b"").decode("utf-8", "replace")
    observed_at = format_instant(letter.event_time or 0)
    strip = Strip(
        id="0" * 20,
        source=letter.source or "unknown",
        observed_at=observed_at,
        text=text,
        slots=1,
        confidence=1,
    )
    try:
        found = sightings(strip, [Slot(text, truncated=False)])
    except (RecordError, msgspec.ValidationError) as error:
        return error
    return found.rejected[0].error if found.rejected else None
