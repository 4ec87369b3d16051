"""Fixtures that rooms share: a real broker for the whole run, further clusters where asked, and a real browser."""

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright

from streams.dev.kafka import Cluster
from streams.errors import TickerError
from tests import apicurio
from tests.kafka_support import BRIEF, Certificates, make_certificates, start, unavailable

_QUIET = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
          "--disable-component-update", "--disable-sync")  # fmt: skip

# How long an example takes says how busy the machine is, and nothing else.
settings.register_profile("ticker", deadline=None)
settings.load_profile("ticker")

# A command must say at once what somebody waits for, and not because of whoever runs the tests.
os.environ.pop("PYTHONUNBUFFERED", None)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that all tests share: keep to topics below `topic_prefix`."""
    cluster = Cluster(tmp_path_factory.mktemp("kafka"), java_options=BRIEF)
    start(cluster)
    yield cluster.bootstrap_servers()
    cluster.stop()


@pytest.fixture(scope="session")
def schema_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real schema registry that all tests share: keep to subjects below `topic_prefix`."""
    with ExitStack() as stack:
        try:
            address = stack.enter_context(apicurio.running(tmp_path_factory.mktemp("apicurio")))
        except TickerError as error:
            unavailable("schema registry", error)
        yield address


@pytest.fixture
def topic_prefix() -> str:
    """A prefix for topics that no other test uses."""
    return f"test-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Certificates of one authority for brokers and clients."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def start_cluster(tmp_path: Path) -> Iterator[Callable[..., Cluster]]:
    """Start a cluster of one's own, with the options of `Cluster`: `start_cluster(nodes=3)`.

    It is killed at the end of the test: nobody reads its data again.
    """
    started: list[Cluster] = []

    def start_one(**options: Any) -> Cluster:
        cluster = Cluster(tmp_path / f"kafka-{len(started)}", java_options=BRIEF, **options)
        started.append(cluster)
        start(cluster)
        return cluster

    yield start_one
    for cluster in started:
        cluster.stop(patience=0)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this machine; without one, skip on a laptop and fail in continuous integration.

    For one module: while it runs, its event loop lives in this thread, where tests then can start no other.
    """
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        if os.environ.get("CI") == "true":
            raise FileNotFoundError("no chromium on this machine")
        pytest.skip("no chromium on this machine")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(_QUIET))
        yield launched
        launched.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where pictures for the docs go: docs/images when `make pictures` runs, else nowhere that stays."""
    return Path(os.environ.get("TICKER_PICTURES", tmp_path))
