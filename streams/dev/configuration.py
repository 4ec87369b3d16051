"""The Kafka configuration of the nodes of a cluster on this machine."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams.dev.node import Node
from streams.dev.ports import HOST
from streams.errors import SettingsError
from streams.settings.connection import SASL_MECHANISMS

SCRAM_MECHANISMS: Final = SASL_MECHANISMS[1:]
_SAFE: Final = re.compile(r"[\w.@+-]+", re.ASCII)


class Security(Struct, frozen=True, kw_only=True):
    """The keys and users for SSL, SASL_PLAINTEXT and SASL_SSL listeners, in addition to the PLAINTEXT one.

    `keystore` is a PEM file with the servers' private key (PKCS #8) and certificate. `authority` is a PEM file with the
    certificates that sign clients' certificates: SSL requires a client certificate, SASL_SSL does not. `users` maps
    names to passwords, for PLAIN and SCRAM; SCRAM users are written when the data folder is formatted.
    """

    keystore: Path
    authority: Path
    users: Mapping[str, str]

    def __post_init__(self) -> None:
        for word in (*self.users, *self.users.values()):
            if not _SAFE.fullmatch(word):
                raise SettingsError(
                    "users and passwords of a test broker: letters, digits and . _ @ + - only"
                )


def configuration(node: Node, voters: str, size: int, security: Security | None) -> dict[str, str]:
    """A node's configuration, in a cluster of `size` nodes whose controllers are the `voters`."""
    return _node(node, voters, size) | (_listeners(security) if security else {})


def _node(node: Node, voters: str, size: int) -> dict[str, str]:
    """A node's configuration without security: three nodes have 3 replicas with min.insync.replicas 2, one has 1."""
    copies, in_sync = (1, 1) if size == 1 else (3, 2)
    listeners = ",".join(f"{name}://{HOST}:{port}" for name, port in node.ports.items())
    public = ",".join(f"{name}://{HOST}:{port}" for name, port in node.ports.items() if name != "CONTROLLER")
    protocols = {name: name for name in node.ports} | {"CONTROLLER": "PLAINTEXT"}
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.id,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": listeners,
        "advertised.listeners": public,
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(f"{name}:{kind}" for name, kind in protocols.items()),
        "log.dirs": node.folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        # Few partitions of internal topics: a broker opens the files of each at every start.
        "offsets.topic.num.partitions": 4,
        "offsets.topic.replication.factor": copies,
        "transaction.state.log.num.partitions": 4,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": 4,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        # A new group does not wait for more members. A killed node cannot register again until its session expires, so
        # the session is shorter than the default of 9 s; a single node has no other that could expire it by mistake.
        "group.initial.rebalance.delay.ms": 0,
        "broker.heartbeat.interval.ms": 500 if size == 1 else 1000,
        "broker.session.timeout.ms": 3000 if size == 1 else 6000,
    }
    return {key: str(value) for key, value in settings.items()}


def _listeners(security: Security) -> dict[str, str]:
    """The configuration of the listeners: TLS with PEM files, PLAIN and SCRAM users."""
    module = "org.apache.kafka.common.security"
    users = " ".join(f'user_{name}="{password}"' for name, password in security.users.items())
    settings = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(security.keystore.absolute()),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(security.authority.absolute()),
        "listener.name.ssl.ssl.client.auth": "required",
        "sasl.enabled.mechanisms": ",".join(SASL_MECHANISMS),
    }
    for listener in ("sasl_plaintext", "sasl_ssl"):
        prefix = f"listener.name.{listener}"
        settings[f"{prefix}.plain.sasl.jaas.config"] = f"{module}.plain.PlainLoginModule required {users};"
        for mechanism in SCRAM_MECHANISMS:
            settings[f"{prefix}.{mechanism.lower()}.sasl.jaas.config"] = (
                f"{module}.scram.ScramLoginModule required;"
            )
    return settings
