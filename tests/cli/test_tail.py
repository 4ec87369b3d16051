"""`ticker tail` on a real Kafka: one order by time, filters, and what a person can copy."""

import asyncio
import os
import pty
import re
import subprocess
import sys
from collections.abc import Mapping

import msgspec
import pytest
from aiokafka import ConsumerRecord

from schemas.cloudevents import headers
from schemas.events import CategorizedHeadline, Change, encode
from schemas.instants import format_instant
from schemas.topics import CATEGORIES, HEADLINES
from streams.cli.output import isolate
from streams.cli.tail import _show_lines
from streams.cli.terminal import guard_terminals
from streams.kafka.topics import create
from streams.settings import Connection
from tests.chaos.corpus import PlacedRecord
from tests.chaos.topics import LASTING, write
from tests.kafka_support import administer
from tests.support import MINUTE, START

_SHOWN = [
    ("en", 2, 0, "Port reopens after the storm", "akhbar"),
    ("fr", 1, 1, "Le tramway ouvre une ligne", "matin"),
    ("en", 2, 2, "Orchards bloom early this year", "matin"),
    ("ar", 0, 3, "أمطار غزيرة شمال المملكة", "akhbar"),
]


def _headline(number: int, language: str, text: str, source: str) -> CategorizedHeadline:
    identity = f"{number:020x}-0"
    return CategorizedHeadline(
        id=identity,
        chain=identity,
        source=source,
        observed_at=format_instant(START + number * MINUTE),
        slot=0,
        text=text,
        language=language,
        topic=None,
        category="uncategorised",
        model="test",
    )


@pytest.fixture(scope="module")
def environment(kafka: str) -> Mapping[str, str]:
    """The settings of a cluster with a few headlines, a minute apart, in partitions of three languages."""
    prefix = "test-tail"
    connection = Connection(bootstrap_servers=kafka)
    administer(connection, create, LASTING, prefix=prefix)
    records = [
        PlacedRecord(
            partition, event.chain.encode(), encode(event), START + minute * MINUTE, headers(event, b"key")
        )
        for language, partition, minute, text, source in _SHOWN
        for event in [_headline(minute, language, text, source)]
    ]
    for topic in (HEADLINES, CATEGORIES["uncategorised"]):
        asyncio.run(write(connection, prefix, records, topic=topic))
    return os.environ | {
        "TICKER_BOOTSTRAP_SERVERS": kafka,
        "TICKER_TOPIC_PREFIX": prefix,
        "TZ": "Africa/Casablanca",
    }


def _tail(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.cli", "tail", "--no-follow", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def _texts(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return [msgspec.json.decode(line)["text"] for line in done.stdout.splitlines()]


@pytest.mark.kafka
def test_the_past_comes_in_the_order_of_time(environment: Mapping[str, str]) -> None:
    """Whatever the partition, from all categories or from one."""
    everything = [text for _, _, _, text, _ in _SHOWN]
    assert _texts(_tail(environment, "--json")) == everything
    assert _texts(_tail(environment, "--json", "uncategorised")) == everything


@pytest.mark.kafka
def test_only_what_was_asked_for_is_shown(environment: Mapping[str, str]) -> None:
    """A window of time, whose end is left out; a source and a language."""
    window = ["--since", format_instant(START + MINUTE), "--until", format_instant(START + 3 * MINUTE)]
    assert _texts(_tail(environment, "--json", *window)) == [text for _, _, _, text, _ in _SHOWN[1:3]]
    narrow = ["--source", "matin", "--language", "en"]
    assert _texts(_tail(environment, "--json", *narrow)) == ["Orchards bloom early this year"]


@pytest.mark.kafka
def test_a_category_that_is_misspelt_is_told(environment: Mapping[str, str]) -> None:
    """With what may have been meant."""
    done = _tail(environment, "sprot")
    assert done.returncode == 2
    assert "did you mean sport?" in done.stderr


def test_a_line_can_be_read_and_copied_from(capsys: pytest.CaptureFixture[str]) -> None:
    """Date, zone, category, source and the whole id before the text; an update says what it changed."""
    first = _headline(0, "en", "3 dead in bus crash", "akhbar")
    changed = msgspec.structs.replace(
        first, updates=first.chain, changes=(Change(kind="number", before="3", after="17"),)
    )
    value = encode(changed)
    _show_lines(ConsumerRecord("t", 2, 0, START, 0, b"k", value, None, 1, len(value), ()))
    what, text, update = capsys.readouterr().out.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d  uncategorised  en  ", what)
    assert what.endswith(f"{isolate('akhbar')}  {first.id}")
    assert text == f"    {isolate(first.text)}"
    assert update == f"    updates {first.chain}: {isolate('3')} → {isolate('17')}"


def test_colours_are_obeyed_on_a_terminal_and_headlines_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard of terminals leaves our own colours alone, and writes out what a headline would have it do."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    value = encode(_headline(0, "en", "Rain \x1b[2J[red]again[/red]", "akhbar"))
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        guard_terminals()
        _show_lines(ConsumerRecord("t", 2, 0, START, 0, b"k", value, None, 1, len(value), ()))
        terminal.flush()
        shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert "\x1b[36muncategorised\x1b[0m" in shown
    assert r"Rain \u001b[2J[red]again[/red]" in shown
