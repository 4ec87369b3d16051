"""The source that a record is about."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from .cloudevents import source_of
from .headers import SOURCE_HEADER


class _Sourced(Struct, frozen=True):
    source: str = ""


_decode: Final = msgspec.json.Decoder(_Sourced).decode


def origin(headers: Iterable[tuple[str, bytes | None]], value: bytes | None) -> str:
    """The source of a record: from its header, else its CloudEvents header, else its value; empty if none has it."""
    named: Mapping[str, bytes] = {name: told for name, told in headers if told is not None}
    if SOURCE_HEADER in named:
        return named[SOURCE_HEADER].decode("utf-8", "replace")
    if "ce_source" in named:
        return source_of(named["ce_source"].decode("utf-8", "replace"))
    try:
        return _decode(value or b"").source
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
