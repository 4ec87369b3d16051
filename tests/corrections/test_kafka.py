"""`ticker correct` through a real worker: honoured, told to consumers, explained, undone."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from schemas.topics import CORRECTIONS, CURRENT
from streams.settings import Connection
from tests.chaos.corpus import plain
from tests.engine.kafka.conftest import Pipeline, make_shared_pipeline
from tests.support import MINUTE, START, sighting

__all__ = ["make_shared_pipeline"]

pytestmark = pytest.mark.kafka

_WIN, _HOAX = "Raja win the first leg of the final in Rabat", "Bridge over the strait opens"


@pytest.fixture(scope="module")
def pipeline(kafka: str, make_shared_pipeline: Callable[[Connection], Pipeline]) -> Pipeline:
    """A pipeline with a worker that has published two headlines."""
    made = make_shared_pipeline(Connection(bootstrap_servers=kafka)).create()
    made.write([plain(sighting(text), 2) for text in (_WIN, _HOAX)])
    made.worker()
    made.drain(2)
    return made


def _ticker(pipeline: Pipeline, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "TICKER_BOOTSTRAP_SERVERS": pipeline.connection.bootstrap_servers,
        "TICKER_TOPIC_PREFIX": pipeline.prefix,
    }
    command = [sys.executable, "-m", "streams.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _current(pipeline: Pipeline) -> dict[str, dict[str, str]]:
    """The current wordings by text."""
    rows: dict[bytes, bytes] = {}
    for record in pipeline.read(CURRENT)[CURRENT.name].all:
        rows.pop(record.key, None)
        if record.value is not None:
            rows[record.key] = record.value
    return {event["text"]: event for event in map(json.loads, rows.values())}


def test_a_correction_is_honoured_from_then_on(pipeline: Pipeline) -> None:
    """Withdrawn it is current no more; filed elsewhere it comes back there; undone it is as before."""
    hoax = _current(pipeline)[_HOAX]["id"]
    done = _ticker(pipeline, "correct", "withdraw", hoax, "--why", "a hoax", "--by", "amina", "--json")
    assert done.returncode == 0, done.stderr
    withdrawn = json.loads(done.stdout)
    assert withdrawn["chains"] == [hoax]
    done = _ticker(pipeline, "correct", "recategorize", _WIN, "health", "--why", "a test", "--json")
    assert done.returncode == 0, done.stderr
    pipeline.write([plain(sighting(text, at=START + MINUTE), 2) for text in (_WIN, _HOAX)])
    pipeline.drain(6)
    assert {text: event["category"] for text, event in _current(pipeline).items()} == {_WIN: "health"}
    told = _ticker(pipeline, "explain", _HOAX)
    assert "because \u2068a hoax\u2069" in told.stdout or '"a hoax"' in told.stdout
    done = _ticker(pipeline, "correct", "undo", withdrawn["id"], "--why", "it is true", "--json")
    assert done.returncode == 0, done.stderr
    pipeline.write([plain(sighting(_HOAX, at=START + 2 * MINUTE), 2)])
    pipeline.drain(8)
    assert _HOAX in _current(pipeline)
    exported = _ticker(pipeline, "corrections", "export")
    assert [json.loads(line)["topic"] for line in exported.stdout.splitlines()] == ["medtop:07000000"]
    assert len(pipeline.read(CORRECTIONS)[CORRECTIONS.name].all) >= 2
