"""What reads from outside, and what each may raise: anything else is a fault of ours."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from schemas import deadletters
from schemas.events import Headline, Position, Sighting, encode
from schemas.headers import ATTEMPT_HEADER, attempts
from streams.engine.kafka.positions import offset_of
from streams.errors import InputError, RecordError, SettingsError, TickerError
from streams.pipeline import CATEGORIZE
from streams.process.categorize.rules import parse_rules
from streams.process.categorize.taught import TaughtScorer, TaughtTopic, read_taught
from streams.process.categorize.teach import read_examples
from streams.process.dedup.deduplicator import Deduplicator
from streams.produce.decode import decode
from streams.produce.observation import Observation
from streams.produce.positions import Positions
from streams.produce.read import read
from streams.produce.split import split
from streams.produce.strips import strip_of
from streams.replay.plan import read_plan
from streams.serve.position import read_position
from streams.serve.webhooks.config import read_webhooks
from streams.settings import Settings
from streams.settings.table import SETTINGS
from streams.sources.registry import read_sources
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


def taught(data: bytes) -> None:
    """The file of a taught topic, and one with examples: read, and what it says is then decided by, or refused."""
    for attempt in (
        lambda: read_examples(data, "examples.txt"),
        lambda: _decide(read_taught(data, "x.json")),
    ):
        try:
            attempt()
        except InputError:
            continue


def _decide(topic: TaughtTopic) -> None:
    for version in topic.versions:
        assert TaughtScorer(version).score("port of rades", "en", (0.5,) * 17) < float("inf")


def strip(data: bytes) -> None:
    """A text or a page: a strip, or refused."""
    try:
        text = decode(data, "place")
        split(text, place="place")
        is_page = b"<" in data[:200]
        strip_of(Observation(place="place", source="source", observed_at=START, text=text, is_page=is_page))
    except InputError:
        return


def position(data: bytes) -> None:
    """A row of `ticker.positions`: an offset, or refused."""
    record: Any = RawRecord(b"k", data, START, [])
    try:
        assert offset_of(record, "ticker.positions/0/0") >= 0
    except RecordError:
        return


def reader_position(data: bytes) -> None:
    """The id of an event that a reader of `ticker serve` gives back: offsets, or none."""
    found = read_position(data.decode("utf-8", "replace"), "1f3a9c02", 6)
    assert found is None or len(found) == 6


class Files:
    """Readers of files, on a file of any bytes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "input.jsonl"
        self._plan = folder / "plan.json"
        self._settings = folder / "ticker.toml"
        self._webhooks = folder / "webhooks.toml"
        self._sources = folder / "sources.toml"
        self._positions = Positions(folder / "input.jsonl", folder / "input.position")
        self._position = folder / "input.position"

    def settings(self, data: bytes) -> None:
        """A settings file: each setting has a value, or is refused."""
        self._settings.write_bytes(data)
        try:
            settings = Settings.read(environment={}, config=self._settings)
        except SettingsError:
            return
        for setting in SETTINGS:
            try:
                settings[setting]
            except SettingsError:
                continue

    def webhooks(self, data: bytes) -> None:
        """A file of webhooks: read, or refused."""
        self._webhooks.write_bytes(data)
        try:
            read_webhooks(self._webhooks, _SECRETS)
        except SettingsError:
            return

    def sources(self, data: bytes) -> None:
        """A file of sources: read, or refused."""
        self._sources.write_bytes(data)
        try:
            read_sources(self._sources, {})
        except SettingsError:
            return

    def position(self, data: bytes) -> None:
        """How far a file was read: read, or told and read from its beginning."""
        self._position.write_bytes(data)
        found = self._positions.recall()
        assert found is None or found.offset >= 0

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
_EXAMPLES: Final = b"\n".join(b"Ship %d docks at the port of Rades" % number for number in range(12))
_TAUGHT: Final = (
    b'{"topic":"quays","versions":[{"version":1,"taught_on":"x","examples_for":10,"examples_against":10,'
    b'"examples":"00","leave_one_out":{"precision":1.0,"recall":0.5},"threshold":-3,"bias":12,'
    b'"topics":{"medtop:04000000":45},"features":{"port":30,"port*":9}}]}'
)
_PLAN: Final = (
    b'{"id":"abc","source":{"bootstrap_servers":"a:1","prefix":"ticker"},'
    b'"spans":[{"partition":0,"start":0,"end":9}]}'
)

_SECRETS: Final = {"HOOK": "whsec_" + "A" * 43 + "="}
_WEBHOOKS: Final = (
    b'[[webhook]]\nid = "desk"\naddress = "https://example.org/hook"\nsecret_env = "HOOK"\n'
    b'topic = ["sport"]\nlanguage = ["ar"]\nwords = ["port"]\n'
)
_SOURCES: Final = (
    b'[[source]]\nid = "akhbar"\naddress = "https://example.org/"\ninterval = 60\nselector = ".x"\n'
)
_POSITION: Final = b'{"offset":120,"line":3,"length":40,"digest":"0123456789abcdef0123456789abcdef"}'
_SETTINGS: Final = (
    b'topic_prefix = "ticker"\nbootstrap_servers = "127.0.0.1:9092"\npatience = 3\n',
    b'[serve]\nlisten = "127.0.0.1:0"\nwindow = 500\nrate = "20/s"\n[worker]\nsession_timeout = 8\n',
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
        "taught topics": (taught, (_TAUGHT, _EXAMPLES), 6),
        "strips and pages": (strip, (*_LINES, _PAGE), 4),
        "JSON Lines": (files.lines, _LINES, 3),
        "plans": (files.plan, (_PLAN,), 3),
        "settings": (files.settings, _SETTINGS, 3),
        "webhooks": (files.webhooks, (_WEBHOOKS,), 3),
        "sources": (files.sources, (_SOURCES,), 3),
        "positions": (position, (encode(Position(offset=12)),), 40),
        "positions of files": (files.position, (_POSITION,), 3),
        "positions of readers": (reader_position, (b"1f3a9c02.120.7.0.0.33.0",), 40),
    }


def temporary() -> Any:
    """A folder for the files."""
    return tempfile.TemporaryDirectory(prefix="ticker-fuzz-")
