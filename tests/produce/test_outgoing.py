"""A strip as it waits on disk."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.produce.handover import HandOver
from streams.produce.observation import Observation
from streams.produce.outgoing import pack, prepare, unpack
from streams.produce.spool import Kept, Spool
from streams.settings import Connection
from tests.support import START

_OUTGOING = prepare(
    Observation(
        place="a test",
        source="akhbar",
        observed_at=START,
        text="Port reopens after the storm | Orchards bloom early",
        is_page=False,
        separator="|",
    )
)


def test_what_was_packed_is_unpacked_as_it_was() -> None:
    """The strip, its sightings, and what was kept out."""
    again = unpack(pack(_OUTGOING))
    assert again.strip == _OUTGOING.strip
    assert again.found.records == _OUTGOING.found.records


def _damaged(**changes: Any) -> bytes:
    return msgspec.msgpack.encode(msgspec.msgpack.decode(pack(_OUTGOING)) | changes)


@pytest.mark.parametrize(
    "body",
    [
        b"\xff",
        _damaged(keys=[]),
        _damaged(strip=msgspec.to_builtins(_OUTGOING.strip) | {"observed_at": "yesterday"}),
    ],
    ids=["no strip", "keys for others", "no time"],
)
def test_a_record_that_does_not_fit_together_is_left_out(
    body: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told with its number, and what comes behind it is handed over."""
    spool = Spool(tmp_path, limit=1 << 20)
    handover = HandOver(spool, asyncio.Event(), connection=Connection(), prefix="test", observer=None)  # type: ignore[arg-type]
    assert handover._unpacked(Kept(7, b"k", body)) is None
    assert "record 7 of the spool cannot be read" in caplog.text
