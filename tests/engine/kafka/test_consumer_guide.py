"""The programs of docs/consumers, as they stand there, against a real broker.

A language that is not installed skips its tests, and fails them in continuous integration.
"""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NoReturn

import pytest
from msgspec import Struct

import schemas
from schemas.topics import CATEGORIES, CURRENT, HEADLINES
from streams.dev.jars import install
from streams.settings import Connection
from tests.chaos.corpus import Corpus
from tests.engine.kafka.conftest import Pipeline
from tests.kafka_support import BRIEF

pytestmark = pytest.mark.kafka

_SCHEMAS: Final = Path(schemas.__file__).parent
_GUIDE: Final = _SCHEMAS.parent / "docs" / "consumers"
_SECONDS: Final = 120
_KILLS: Final = 5


class Published(Struct, frozen=True):
    """Where the headlines are, and what everybody must see."""

    servers: str
    prefix: str
    current: dict[str, str]
    """The id of the newest wording of each live chain."""
    ids: frozenset[str]
    """The ids of all headlines."""
    by_category: dict[str, set[str]]
    """The ids of each category topic that has any."""


@pytest.fixture(scope="module")
def published(kafka: str, make_shared_pipeline: Callable[[Connection], Pipeline]) -> Published:
    """What a worker made of a corpus with repeats, near repeats and updates."""
    pipeline = make_shared_pipeline(Connection(bootstrap_servers=kafka)).create()
    pipeline.write(Corpus(poison=0).take(400))
    worker = pipeline.worker()
    pipeline.drain(400)
    worker.stop()
    found = pipeline.read(CURRENT, HEADLINES, *CATEGORIES.values())
    events = {name: [json.loads(record.value) for record in content.all] for name, content in found.items()}
    return Published(
        servers=kafka,
        prefix=pipeline.prefix,
        current={event["chain"]: event["id"] for event in events.pop(CURRENT.name)},
        ids=frozenset(event["id"] for event in events.pop(HEADLINES.name)),
        by_category={
            f"{pipeline.prefix}.{name}": {event["id"] for event in some}
            for name, some in events.items()
            if some
        },
    )


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and continuous integration must have it")
    pytest.skip(f"{what} is not installed")


def _program(name: str) -> str:
    return shutil.which(name) or _missing(name)


def _run(*command: str | Path) -> list[str]:
    """The lines that a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def _read_until(
    command: Sequence[str], expected: set[str] | frozenset[str], to_id: Callable[[str], str]
) -> list[str]:
    """The ids that a program which goes on prints, until all that are expected have come."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ids: list[str] = []
        missing = set(expected)
        for line in process.stdout:
            ids.append(to_id(line))
            missing.discard(ids[-1])
            if not missing:
                break
        process.terminate()
    return ids


def test_python_knows_what_is_current(published: Published) -> None:
    """Aiokafka, from the beginning of the compacted topic."""
    topic = CURRENT.on(published.prefix)
    lines = _run(sys.executable, _GUIDE / "current_headlines.py", published.servers, topic)
    assert {row["chain"]: row["id"] for row in map(json.loads, lines)} == published.current


@pytest.fixture
def killed_consumer(published: Published, tmp_path: Path) -> Path:
    """The database of a consumer that was killed again and again while it worked."""
    pytest.importorskip("confluent_kafka")
    database = tmp_path / "headlines.db"
    program = str(_GUIDE / "every_headline_once.py")
    command = [sys.executable, program, published.servers, HEADLINES.on(published.prefix), str(database)]
    for kill in range(_KILLS):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(kill):
                process.stdout.readline()
            process.send_signal(signal.SIGKILL)
    _run(*command)
    return database


def test_python_takes_every_headline_once(published: Published, killed_consumer: Path) -> None:
    """Confluent-kafka and a database, killed after none, one and more of its transactions."""
    with sqlite3.connect(killed_consumer) as store:
        ids = [row[0] for row in store.execute("SELECT id FROM headlines")]
    assert sorted(ids) == sorted(published.ids)


@pytest.fixture(scope="module")
def typescript(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript program, compiled against the generated types and its packages by npm."""
    npm = _program("npm")
    folder = tmp_path_factory.mktemp("typescript")
    for file in (*(_GUIDE / "typescript").iterdir(), _SCHEMAS / "typescript" / "events.ts"):
        if file.is_file():
            shutil.copy(file, folder)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund"]
    if subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False, cwd=folder).returncode:
        _missing("what package.json names")
    done = subprocess.run(
        [folder / "node_modules" / ".bin" / "tsc"], capture_output=True, text=True, check=False, cwd=folder
    )
    assert done.returncode == 0, done.stdout
    return folder


def test_typescript_reads_categories_in_a_group(published: Published, typescript: Path) -> None:
    """Kafkajs, with the events as the generated types."""
    topic, ids = max(published.by_category.items(), key=lambda item: len(item[1]))
    program = str(typescript / "categories.js")
    command = [_program("node"), program, published.servers, f"{published.prefix}-ts", topic]
    got = _read_until(command, ids, lambda line: str(json.loads(line)["id"]))
    assert sorted(got) == sorted(ids)


@pytest.fixture(scope="module")
def java(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs a Java program of the guide, compiled with the generated records."""
    javac = _program("javac")
    classes = tmp_path_factory.mktemp("classes")
    kafka = install()
    sources = [*(_GUIDE / "java").glob("*.java"), *(_SCHEMAS / "java").rglob("*.java")]
    _run(javac, "--release", "17", "-Werror", "-cp", kafka.class_path, "-d", classes, *sources)
    return [str(kafka.java), *BRIEF, "-cp", f"{kafka.class_path}:{classes}"]


def test_java_knows_what_is_current(published: Published, java: list[str]) -> None:
    """Kafka's own client, with the events as the generated records."""
    lines = _run(*java, "CurrentHeadlines", published.servers, CURRENT.on(published.prefix))
    rows = [line.split("\t") for line in lines if line.count("\t") == 2]
    assert {chain: identity for chain, identity, _ in rows} == published.current


def test_a_share_group_hands_out_every_headline(published: Published, java: list[str]) -> None:
    """Records one by one, to as many consumers as like; here to one."""
    command = [*java, "WorkQueue", published.servers, f"{published.prefix}-q", HEADLINES.on(published.prefix)]
    got = _read_until(command, published.ids, str.strip)
    assert set(got) >= published.ids
