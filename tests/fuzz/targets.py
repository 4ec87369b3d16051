"""What reads from outside, and what each may raise: anything else is a fault of ours."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import deadletters
from schemas.events import Headline, Sighting, encode
from schemas.headers import ATTEMPT_HEADER, attempts
from streams.errors import InputError, RecordError, SettingsError, TickerError
from streams.pipeline import CATEGORIZE
from streams.process.categorize.rules import parse_rules
from streams.process.dedup.deduplicator import Deduplicator
from streams.produce.decode import decode
from streams.produce.observation import Observation
from streams.produce.read import read
from streams.produce.split import split
from streams.produce.strips import strip_of
from streams.replay.plan import read_plan
from streams.stage import Processor, RawRecord
from tests.support import HOUR, START, KeepingOutbox, sighting

_HEADLINES: Final = (
    "Bakers go on strike",
    "3 dead in bus crash near Ouarzazate",
    "أمطار غزيرة شمال المملكة",
    "Météo du jour",
)
SIGHTINGS: Final = tuple(encode(sighting(text).value) for text in _HEADLINES)


def _rows() -> tuple[bytes, ...]:
    out = KeepingOutbox()
    records = [sighting(text, at=START + hours * HOUR) for hours in (0, 30, 100) for text in _HEADLINES]
    Deduplicator().process(records, out)
    return tuple(row.value for row in out.state_log() if row.value is not None)


def _decision(value: bytes) -> bytes:
    shown = msgspec.json.decode(value, type=Sighting)
    return encode(Headline(**msgspec.structs.asdict(shown), chain=shown.id))


class Records:
    """A processor on records of any bytes: each is decided on or rejected, and none is lost."""

    def __init__(self, processor: Callable[[], Processor], key: bytes) -> None:
        self._make = processor
        self._processor = processor()
        self._key = key
        self._seen = 0

    def __call__(self, data: bytes) -> None:
        """Decide on one record; its time and key come from its bytes."""
        self._seen += 1
        if self._seen % 5_000 == 0:
            self._processor = self._make()
        dice = sum(data[:8])
        at = START + (dice % 97) * HOUR if dice % 5 else (dice - 900) * 10**9
        record = RawRecord(self._key if dice % 3 else data[:20], data, at, [("source", data[-9:])])
        out = KeepingOutbox()
        self._processor.process([record], out)
        assert out.counts.total() + len(out.rejected) == 1, (out.counts, out.rejected)


def restore(data: bytes) -> None:
    """A row of the state: taken back, or the restore stops."""
    deduplicator = Deduplicator()
    try:
        deduplicator.restore([RawRecord(b"k%d" % (len(data) % 3), data, START, []) for _ in range(2)])
    except RecordError:
        return
    deduplicator.process([sighting(_HEADLINES[0])], KeepingOutbox())


def headers(data: bytes) -> None:
    """The headers of a dead letter, whoever wrote them."""
    parts = data.split(b"\0")
    name = deadletters.PREFIX + parts[0][:12].decode("utf-8", "replace")
    given: list[Any] = [(ATTEMPT_HEADER, data), (name, parts[-1]), (name, None)]
    assert attempts(given) >= 0
    deadletters.from_headers(given)
    deadletters.own(given)


def rules(data: bytes) -> None:
    """A rules file: read, or refused."""
    try:
        parse_rules(data, "rules.toml")
    except SettingsError:
        return


def strip(data: bytes) -> None:
    """A text or a page: a strip, or refused."""
    try:
        text = decode(data, "place")
        split(text, place="place")
        is_page = b"<" in data[:200]
        strip_of(Observation(place="place", source="source", observed_at=START, text=text, is_page=is_page))
    except InputError:
        return


class Files:
    """Readers of files, on a file of any bytes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "input.jsonl"
        self._plan = folder / "plan.json"

    def lines(self, data: bytes) -> None:
        """JSON Lines and texts: what cannot be read is told and left out."""
        self._path.write_bytes(data)
        failed: list[InputError] = []
        try:
            for _ in read([str(self._path)], failed=failed.append):
                pass
        except InputError:
            return

    def plan(self, data: bytes) -> None:
        """A replay's plan: read, or refused."""
        self._plan.write_bytes(data)
        try:
            read_plan(self._plan)
        except TickerError:
            return


_LINES: Final = (
    b'{"source":"a","observed_at":"2026-03-11T08:00:00Z","text":"one | two | three"}\n{"x":1}\n',
    "عاجل: أمطار غزيرة شمال المملكة • إضراب الخبازين • افتتاح متحف\n".encode(),
)
_PAGE: Final = (
    b'<html><meta charset=utf-8><ul class="ticker"><li><a href="/a">Bakers go on strike</a>'
    b"<li><a>Museum opens</a><li>Harbour closes</ul>"
)
_RULES: Final = b'[topics.own]\nwords = ["zzz"]\npattern = "(a|b)+[\\\\w]"\nconfidence = 0.5\n'
_PLAN: Final = (
    b'{"id":"abc","source":{"bootstrap_servers":"a:1","prefix":"ticker"},'
    b'"spans":[{"partition":0,"start":0,"end":9}]}'
)

Target = tuple[Callable[[bytes], None], Sequence[bytes], int]
"""What is called, what its inputs are made from, and how often it is called in a round."""


def targets(folder: Path) -> dict[str, Target]:
    """Everything that is fuzzed, by name."""
    files = Files(folder)
    return {
        "sightings": (Records(Deduplicator, b"k" * 20), SIGHTINGS, 40),
        "decisions": (Records(CATEGORIZE.processor, b"c"), tuple(map(_decision, SIGHTINGS)), 4),
        "seen rows": (restore, _rows(), 20),
        "headers": (headers, (b"12\0stage", b"partition\0" + b"9" * 5000, b"offset\0-1"), 60),
        "rules": (rules, (_RULES,), 6),
        "strips and pages": (strip, (*_LINES, _PAGE), 4),
        "JSON Lines": (files.lines, _LINES, 3),
        "plans": (files.plan, (_PLAN,), 3),
    }


def temporary() -> Any:
    """A folder for the files."""
    return tempfile.TemporaryDirectory(prefix="ticker-fuzz-")
