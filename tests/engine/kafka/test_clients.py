"""The category topics as clients that are not ours read them: kcat, Kafka's own console consumer, kafkajs.

Each must see exactly the committed headlines, under CloudEvents headers, and nothing of the transaction that
a killed worker left. A client that is not installed skips its test, and fails it in continuous integration.
"""

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest
from msgspec import Struct

from schemas.topics import CATEGORIES
from streams.dev.jars import install
from streams.settings import Connection
from tests.chaos.corpus import Corpus
from tests.engine.kafka.conftest import Pipeline
from tests.engine.kafka.test_faults import FAULTY
from tests.kafka_support import BRIEF, wait_until

pytestmark = pytest.mark.kafka

_KAFKAJS = Path(__file__).with_name("read_committed.cjs")
_KAFKAJS_VERSION = "kafkajs@2.2.4"
_SECONDS = 90


class Seen(Struct, frozen=True):
    """A record as a client saw it: key, value, and its CloudEvents id, type and content type."""

    key: str
    value: str
    id: str
    type: str
    content_type: str


class Published(Struct, frozen=True):
    """Where the headlines are, and what everybody must see."""

    servers: str
    topics: tuple[str, ...]
    """Category topics that have records."""
    expected: Counter[Seen]


def _seen(key: str, value: str, headers: Mapping[str, str]) -> Seen:
    return Seen(key, value, headers["ce_id"], headers["ce_type"], headers["content-type"])


@pytest.fixture(scope="module")
def published(kafka: str, make_shared_pipeline: Callable[[Connection], Pipeline]) -> Published:
    """Category topics with committed headlines, and with those of a worker that was killed before its commit."""
    pipeline = make_shared_pipeline(Connection(bootstrap_servers=kafka)).create()
    pipeline.write(Corpus(poison=0).take(300))
    worker = pipeline.worker(command=FAULTY, FAULT="hold categorize")
    wait_until(lambda: "holding" in worker.said, seconds=60)
    worker.kill()
    pipeline.worker()
    pipeline.drain(300)
    pipeline.check()
    contents = pipeline.read(*CATEGORIES.values())
    expected = Counter(
        _seen(
            record.key.decode(),
            record.value.decode(),
            {name: value.decode() for name, value in record.headers},
        )
        for content in contents.values()
        for record in content.all
    )
    topics = tuple(
        CATEGORIES[name.removeprefix("category.")].on(pipeline.prefix)
        for name, content in contents.items()
        if content.all
    )
    return Published(kafka, topics, expected)


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is not installed, and continuous integration must have it")
    pytest.skip(f"{what} is not installed")


def _program(name: str) -> str:
    return shutil.which(name) or _missing(name)


def _run(command: Sequence[str], **variables: str) -> list[str]:
    """The lines that a command prints."""
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        env={**os.environ, **variables},
        check=False,
    )
    assert done.stdout, done.stderr
    return done.stdout.splitlines()


def test_kcat_sees_the_committed_headlines(published: Published) -> None:
    """Kcat with isolation.level=read_committed, topic by topic to the end."""
    kcat = _program("kcat")
    got: Counter[Seen] = Counter()
    for topic in published.topics:
        lines = _run(
            [
                *(kcat, "-b", published.servers, "-C", "-e", "-q", "-o", "beginning", "-t", topic),
                *("-X", "isolation.level=read_committed", "-f", r"%k\t%h\t%s\n"),
            ]
        )
        for line in lines:
            key, headers, value = line.split("\t")
            got[_seen(key, value, dict(header.split("=", 1) for header in headers.split(",")))] += 1
    assert got == published.expected


def test_the_java_console_consumer_sees_the_committed_headlines(published: Published) -> None:
    """Kafka's own consumer with --isolation-level read_committed on all category topics."""
    kafka = install()
    lines = _run(
        [
            *(
                str(kafka.java),
                *BRIEF,
                "-cp",
                kafka.class_path,
                "org.apache.kafka.tools.consumer.ConsoleConsumer",
            ),
            *("--bootstrap-server", published.servers, "--include", "|".join(published.topics)),
            *("--from-beginning", "--isolation-level", "read_committed", "--timeout-ms", "15000"),
            *("--formatter-property", "print.key=true", "--formatter-property", "print.headers=true"),
        ]
    )
    got: Counter[Seen] = Counter()
    for line in (line for line in lines if line.startswith("ce_")):  # its log goes there too
        headers, key, value = line.split("\t")
        got[_seen(key, value, dict(header.split(":", 1) for header in headers.split(",")))] += 1
    assert got == published.expected


@pytest.fixture(scope="module")
def kafkajs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of modules with kafkajs in it, fetched by npm."""
    folder = tmp_path_factory.mktemp("kafkajs")
    command = [
        _program("npm"),
        "install",
        "--silent",
        "--no-audit",
        "--prefix",
        str(folder),
        _KAFKAJS_VERSION,
    ]
    if subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False).returncode:
        _missing(_KAFKAJS_VERSION)
    return folder / "node_modules"


def test_kafkajs_sees_the_committed_headlines(published: Published, kafkajs: Path) -> None:
    """Its consumers read committed records unless told otherwise."""
    count = str(published.expected.total())
    lines = _run(
        [_program("node"), str(_KAFKAJS), published.servers, count, *published.topics],
        NODE_PATH=str(kafkajs),
        KAFKAJS_NO_PARTITIONER_WARNING="1",
    )
    got = Counter(
        _seen(record["key"], record["value"], record["headers"]) for record in map(json.loads, lines)
    )
    assert got == published.expected
