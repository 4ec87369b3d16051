"""The grants: a cluster that allows nothing else runs the whole pipeline, and refuses what a role must not do."""

import asyncio
import gc
import os
import re
import subprocess
import sys
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import CreateAclsRequest

from deploy.kafka.acls import ROLES, SCRIPT, Grant, Role, script
from schemas.instants import format_instant
from schemas.topics import CATEGORIES, SEEN, SIGHTINGS
from streams.dev.configuration import Security
from streams.dev.kafka import Cluster
from streams.settings import Settings
from tests.kafka_support import Certificates, wait_until

PREFIX: Final = "guarded"
STAGING: Final = "guarded-staging"
PASSWORD: Final = "of-a-role"
ROLE: Final[Mapping[str, Role]] = {role.name: role for role in ROLES}

# Kafka's numbers (org.apache.kafka.common.acl.AclOperation and of ResourceType, PatternType).
_OPERATIONS: Final = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Describe": 8, "DescribeConfigs": 10}
_RESOURCES: Final = {"topic": 2, "group": 3, "cluster": 4, "transactional-id": 5}
_LITERAL, _PREFIXED, _ALLOW = 3, 4, 3


def test_the_script_is_what_the_roles_say() -> None:
    """acls.sh is generated, and a shell can read it."""
    assert SCRIPT.read_text(encoding="utf-8") == script()
    subprocess.run(["/bin/sh", "-n", str(SCRIPT)], check=True)


@pytest.mark.parametrize("name", ["client-sasl-ssl.toml", "client-mutual-tls.toml"])
def test_example_settings_can_be_read(name: str, tmp_path: Path, certificates: Certificates) -> None:
    """With real files in the places of the example's, they make a connection."""
    text = SCRIPT.with_name(name).read_text(encoding="utf-8")
    password = tmp_path / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    for place, real in {
        "/etc/ticker/authority.pem": certificates.authority,
        "/etc/ticker/worker.pem": certificates.client,
        "/etc/ticker/worker.key": certificates.client,
        "/run/secrets/ticker-kafka/password": password,
    }.items():
        text = text.replace(place, str(real))
    (tmp_path / "ticker.toml").write_text(text, encoding="utf-8")
    connection = Settings.read(environment={}, config=tmp_path / "ticker.toml").connection()
    assert connection.ssl_context() is not None


def _broker_settings() -> dict[str, str]:
    """What broker.properties asks for, but the places of files, which the cluster knows better."""
    lines = SCRIPT.with_name("broker.properties").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: value for name, value in settings.items() if "store." not in name}


@pytest.fixture
def guarded(certificates: Certificates, start_cluster: Callable[..., Cluster]) -> Cluster:
    """Three brokers, set as broker.properties says, that refuse what was not granted, with the roles' grants."""
    security = Security(
        keystore=certificates.server,
        authority=certificates.authority,
        users={role.name: PASSWORD for role in ROLES},
    )
    # Whoever is on the plain listener: the brokers themselves, and this test when it grants.
    properties = _broker_settings() | {"super.users": "User:ANONYMOUS"}
    cluster = start_cluster(nodes=3, security=security, properties=properties)
    asyncio.run(_grant_all(cluster.bootstrap_servers()))
    return cluster


async def _grant_all(bootstrap: str) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        for role in ROLES:
            for grant in role.grants:
                for operation in grant.operations:
                    answer = await client._send_request(_creation(role, grant, operation))
                    assert answer.creation_responses[0][0] == 0, (role.name, grant, answer)
    finally:
        await client.close()


def _creation(role: Role, grant: Grant, operation: str) -> CreateAclsRequest:
    return CreateAclsRequest(
        _RESOURCES[grant.resource],
        grant.name.replace("{prefix}", PREFIX).replace("{staging}", STAGING),
        _PREFIXED if grant.begins else _LITERAL,
        f"User:{role.name}",
        "*",
        _OPERATIONS[operation],
        _ALLOW,
    )


def _environment(cluster: Cluster, role: str, certificates: Certificates) -> dict[str, str]:
    return os.environ | {
        "TICKER_BOOTSTRAP_SERVERS": cluster.bootstrap_servers("SASL_SSL"),
        "TICKER_SECURITY_PROTOCOL": "SASL_SSL",
        "TICKER_SSL_CAFILE": str(certificates.authority),
        "TICKER_SASL_MECHANISM": "SCRAM-SHA-512",
        "TICKER_SASL_USERNAME": role,
        "TICKER_SASL_PASSWORD": PASSWORD,
        "TICKER_TOPIC_PREFIX": PREFIX,
    }


def _ticker(*arguments: str, environment: dict[str, str], text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams.cli", *arguments],
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@contextmanager
def _worker(environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "streams.cli", "worker", "--listen", "none"],
            env=environment,
            stderr=errors,
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


@pytest.mark.kafka
def test_the_grants_are_enough_and_no_more(
    guarded: Cluster, certificates: Certificates, tmp_path: Path
) -> None:
    """Each role does its work over TLS and SCRAM with its grants; none can do another's."""

    def as_role(role: str) -> dict[str, str]:
        return _environment(guarded, role, certificates)

    made = _ticker("topics", "create", environment=as_role("ticker-operator"))
    assert made.returncode == 0, made.stderr
    log = tmp_path / "worker.log"
    with _worker(as_role("ticker-worker"), log):
        canary = _ticker("canary", "--once", environment=as_role("ticker-canary"))
        assert canary.returncode == 0, canary.stderr + log.read_text(encoding="utf-8")
        # Of now: what is older than a topic's retention can be gone within half a minute.
        now = format_instant(time.time_ns() // 1_000_000)
        strip = f'{{"source": "a", "observed_at": "{now}", "text": "One headline|Another one"}}'
        produced = _ticker(
            "produce", "-", "--separator", "|", environment=as_role("ticker-producer"), text=strip
        )
        assert produced.returncode == 0, produced.stderr

        def tailed() -> list[str]:
            done = _ticker("tail", "--no-follow", "--json", environment=as_role("ticker-consumer"))
            assert done.returncode == 0, done.stderr
            return [line for line in done.stdout.splitlines() if '"source":"a"' in line]

        assert wait_until(tailed, seconds=60)
        _serve_one(as_role("ticker-serve"))
        assert not _refused(_write(as_role("ticker-producer"), SIGHTINGS.on(PREFIX)), KafkaError)
        _redrive(as_role("ticker-redriver"))
    _replay_and_clean(as_role("ticker-replayer"), tmp_path / "plan.json")
    tried = _ticker(
        "replay", "try", "sightings", "--folder", str(tmp_path / "try"), environment=as_role("ticker-trier")
    )
    assert tried.returncode == 0, tried.stderr
    # No role reaches into another's: consumers do not write, producers do not read, state is the worker's alone.
    some = next(iter(CATEGORIES.values())).on(PREFIX)
    consumer, producer = as_role("ticker-consumer"), as_role("ticker-producer")
    assert _refused(_write(consumer, some), TopicAuthorizationFailedError)
    assert _refused(_write(producer, SEEN.on(PREFIX)), TopicAuthorizationFailedError)
    assert _refused(_read(producer, SIGHTINGS.on(PREFIX)), TopicAuthorizationFailedError)
    assert _refused(_read(consumer, SEEN.on(PREFIX)), TopicAuthorizationFailedError)
    assert _refused(_read(consumer, some, group=f"{PREFIX}-worker"), GroupAuthorizationFailedError)
    replayer = as_role("ticker-replayer")
    assert _refused(_write(replayer, SIGHTINGS.on(PREFIX)), TopicAuthorizationFailedError)
    assert _refused(_read(as_role("ticker-redriver"), SIGHTINGS.on(PREFIX)), TopicAuthorizationFailedError)


def _serve_one(environment: dict[str, str]) -> None:
    """The board shows the headline, with no more than to read three topics."""
    with subprocess.Popen(
        [sys.executable, "-m", "streams.cli", "serve", "--listen", "127.0.0.1:0", "--rate", "none"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        log = ""
        while (found := re.search(r"http://\S+:\d+", log)) is None:
            line = process.stderr.readline()
            assert line, log
            log += line
        address = found[0]

        def shown() -> bool:
            with urllib.request.urlopen(f"{address}/api/headlines", timeout=10) as answer:
                return b"Another one" in answer.read()

        try:
            wait_until(shown, seconds=60)
        finally:
            process.terminate()


def _replay_and_clean(environment: dict[str, str], plan: Path) -> None:
    for arguments in (
        ("plan", "sightings", "--to-topic-prefix", STAGING, "--create", "--speed", "max", "-o", str(plan)),
        ("apply", str(plan)),
        ("diff", PREFIX, STAGING, "--json"),
        ("clean", str(plan), "--yes"),
    ):
        done = _ticker("replay", *arguments, environment=environment)
        assert done.returncode == 0, (arguments, done.stderr)


def _redrive(environment: dict[str, str]) -> None:
    """The letter of a record that is no sighting is found, tried and sent back."""

    def listed() -> str:
        done = _ticker("deadletters", "list", "--json", environment=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert wait_until(listed, seconds=60)
    tried = _ticker("deadletters", "try", "--json", environment=environment)
    assert "no key" in tried.stdout, tried.stderr
    sent = _ticker("deadletters", "redrive", "--yes", environment=environment)
    assert sent.returncode == 0, sent.stderr


def _refused(attempt: Any, error: type[Exception]) -> bool:
    """Whether an attempt is refused with this error."""
    refused = False
    try:
        asyncio.run(asyncio.wait_for(attempt, 20))
    except error:
        refused = True
    _collect_connections()
    return refused


def _collect_connections() -> None:
    """Collect the connections of aiokafka clients that have stopped, without warnings.

    Over TLS a client returns before its connections have said goodbye, and the loop ends with it. Whatever is collected
    next would warn of them: in this test, or in another.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def _options(environment: dict[str, str]) -> dict[str, Any]:
    return Settings.read(environment=environment).connection().aiokafka_options()


async def _write(environment: dict[str, str], topic: str) -> None:
    producer = AIOKafkaProducer(**_options(environment))
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"nothing")
    finally:
        await producer.stop()


async def _read(environment: dict[str, str], topic: str, group: str | None = None) -> None:
    consumer = AIOKafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **_options(environment))
    try:
        await consumer.start()
        await consumer.getone()
    finally:
        await consumer.stop()
