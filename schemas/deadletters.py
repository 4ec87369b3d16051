"""Dead letters: records that could not be processed, unchanged, with the reason in headers.

Each header is written twice: as `ticker.error.*` and, for tools that know Kafka Streams' names,
as `__streams.errors.*` (KIP-1034).
"""

import traceback
from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct, ValidationError, convert, structs

from .instants import Instant, format_instant

PREFIX: Final = "ticker.error."
KIP_1034_PREFIX: Final = "__streams.errors."
_MIRRORED: Final = frozenset({"exception", "message", "stacktrace", "topic", "partition", "offset"})
_MAX_STACKTRACE: Final = 4000
_MAX_MESSAGE: Final = 2000


class Reason(Struct, frozen=True, kw_only=True):
    """Why a record was rejected, where it was read, and how often it was tried."""

    stage: Annotated[str, Meta(description="The stage that rejected the record.")]
    exception: Annotated[str, Meta(description="The error's class.")]
    message: str
    stacktrace: str
    topic: Annotated[str, Meta(description="The topic that the record was read from.")]
    partition: Annotated[int, Meta(ge=0)]
    offset: Annotated[int, Meta(ge=0)]
    time: Annotated[Instant, Meta(description="When it was rejected.")]
    attempt: Annotated[int, Meta(ge=1, description="1, and one more for every redrive.")]
    timestamp: Annotated[int, Meta(description="The record's own event time in ms.")] | None = None


def reason(
    error: BaseException,
    *,
    stage: str,
    topic: str,
    partition: int,
    offset: int,
    now: int,
    attempt: int = 1,
    timestamp: int | None = None,
) -> Reason:
    """Describe an error; `now` is the wall clock in ms, `timestamp` the record's event time."""
    trace = "".join(traceback.format_exception(error))
    message = _said(error)
    if len(message) > _MAX_MESSAGE:
        # What was wrong with a record can be as long as the record, which the letter holds already.
        message = message[: _MAX_MESSAGE - 1] + "…"
    return Reason(
        stage=stage,
        exception=f"{type(error).__module__}.{type(error).__qualname__}",
        message=message,
        stacktrace=trace[-_MAX_STACKTRACE:],
        topic=topic,
        partition=partition,
        offset=offset,
        time=format_instant(now),
        attempt=attempt,
        timestamp=timestamp,
    )


def _said(error: BaseException) -> str:
    """The message of an error. If `__str__` itself raises, the record must not be lost because of that."""
    try:
        return str(error)
    except Exception as unspeakable:  # noqa: BLE001 (`__str__` is anybody's code)
        return f"({type(unspeakable).__name__} where the error was asked what it is)"


def to_headers(why: Reason) -> list[tuple[str, bytes]]:
    """The headers with the reason, in UTF-8; they follow the record's own headers."""
    fields = [
        (name, str(value).encode("utf-8", "replace"))
        for name, value in structs.asdict(why).items()
        if value is not None
    ]
    return [
        *((PREFIX + name, value) for name, value in fields),
        *((KIP_1034_PREFIX + name, value) for name, value in fields if name in _MIRRORED),
    ]


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> Reason | None:
    """The reason in a dead letter's headers; None if they contain none."""
    fields = {
        name.removeprefix(PREFIX): value.decode("utf-8", "replace")
        for name, value in headers
        if name.startswith(PREFIX) and value is not None
    }
    try:
        return convert(fields, Reason, strict=False)
    except ValidationError:
        return None


def own(headers: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The headers that a record had before it became a dead letter."""
    return [header for header in headers if not is_ours(header[0])]


def is_ours(header: str) -> bool:
    """Whether a header was added when the record became a dead letter."""
    return header.startswith((PREFIX, KIP_1034_PREFIX))
