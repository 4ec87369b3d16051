"""Who may do what on the cluster: the least that each role needs, as data.

`python -m deploy.kafka.acls` writes `acls.sh` from it, for a cluster's administrator to run.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

from schemas.topics import (
    CANARY,
    CORRECTIONS,
    CURRENT,
    DEADLETTERS,
    DECISIONS,
    DUPLICATES,
    HEADLINES,
    POSITIONS,
    SEEN,
    SIGHTINGS,
    SOURCES,
    STRIPS,
)

Resource = Literal["topic", "group", "transactional-id", "cluster"]
Operation = Literal["Read", "Write", "Create", "Delete", "Describe", "DescribeConfigs"]

SCRIPT: Final = Path(__file__).with_name("acls.sh")


class Grant(Struct, frozen=True):
    """Operations on one resource, or on all whose names begin so."""

    resource: Resource
    name: str
    """`{prefix}` stands for the topics' prefix, `{staging}` for that of replays."""
    operations: tuple[Operation, ...]
    begins: bool = False


class Role(Struct, frozen=True):
    """A program's user."""

    name: str
    purpose: str
    grants: tuple[Grant, ...]


def _topics(*names: str, operations: tuple[Operation, ...]) -> tuple[Grant, ...]:
    return tuple(Grant("topic", f"{{prefix}}.{name}", operations) for name in names)


def _categories(*operations: Operation) -> Grant:
    return Grant("topic", "{prefix}.category.", operations, begins=True)


_PUBLISH: Final = _topics(
    STRIPS.name, SIGHTINGS.name, DEADLETTERS.name, operations=("Write", "DescribeConfigs")
)

_CLUSTER: Final = Grant("cluster", "kafka-cluster", ("Describe",))

ROLES: Final = (
    Role(
        "ticker-producer",
        "`ticker produce`, with a spool or without",
        (
            *_PUBLISH,
            *_topics(SOURCES.name, operations=("Write", "DescribeConfigs")),
            *_topics(POSITIONS.name, operations=("Read", "Write", "DescribeConfigs")),
            Grant("transactional-id", "ticker-produce-{prefix}-", ("Write",), begins=True),
        ),
    ),
    Role(
        "ticker-worker",
        "`ticker worker`",
        (
            *_topics(SIGHTINGS.name, operations=("Read", "DescribeConfigs")),
            *_topics(
                DECISIONS.name, SEEN.name, POSITIONS.name, operations=("Read", "Write", "DescribeConfigs")
            ),
            *_topics(
                DUPLICATES.name,
                DEADLETTERS.name,
                HEADLINES.name,
                CURRENT.name,
                CORRECTIONS.name,
                CANARY.name,
                operations=("Write", "DescribeConfigs"),
            ),
            _categories("Write", "DescribeConfigs"),
            Grant("group", "{prefix}-worker", ("Read",)),
            Grant("transactional-id", "{prefix}-", ("Write",), begins=True),
        ),
    ),
    Role(
        "ticker-canary",
        "`ticker canary`",
        (*_PUBLISH, *_topics(CANARY.name, operations=("Read", "DescribeConfigs"))),
    ),
    Role(
        "ticker-consumer",
        "subscribers, in groups whose names begin with `{prefix}-consumer-`; `ticker tail`",
        (
            *_topics(
                HEADLINES.name,
                CURRENT.name,
                CORRECTIONS.name,
                DUPLICATES.name,
                operations=("Read", "DescribeConfigs"),
            ),
            _categories("Read", "DescribeConfigs"),
            Grant("group", "{prefix}-consumer-", ("Read",), begins=True),
        ),
    ),
    Role(
        "ticker-serve",
        "`ticker serve`; belongs to no group",
        (
            *_topics(HEADLINES.name, DUPLICATES.name, SEEN.name, operations=("Read", "DescribeConfigs")),
            _CLUSTER,
        ),
    ),
    Role(
        "ticker-operator",
        "`ticker topics`, `ticker sources`",
        (
            *_topics(SOURCES.name, operations=("Read",)),
            Grant("topic", "{prefix}.", ("Create", "Describe", "DescribeConfigs"), begins=True),
            _CLUSTER,
        ),
    ),
    Role(
        "ticker-corrector",
        "`ticker correct`, `ticker corrections`, `ticker explain`",
        (
            *_topics(SIGHTINGS.name, operations=("Write", "DescribeConfigs")),
            *_topics(
                CORRECTIONS.name,
                HEADLINES.name,
                DUPLICATES.name,
                SEEN.name,
                operations=("Read", "DescribeConfigs"),
            ),
        ),
    ),
    Role(
        "ticker-replayer",
        "`ticker replay`, from the topics of `{prefix}` to those of `{staging}`",
        (
            Grant("topic", "{prefix}.", ("Read", "DescribeConfigs"), begins=True),
            Grant(
                "topic", "{staging}.", ("Read", "Write", "Create", "Delete", "DescribeConfigs"), begins=True
            ),
            Grant("group", "{staging}-", ("Describe",), begins=True),
            Grant("transactional-id", "ticker-replay-", ("Write",), begins=True),
            _CLUSTER,
        ),
    ),
    Role(
        "ticker-trier",
        "`ticker replay try`, from the topics of `{prefix}` to those of `{prefix}-try-ID`, with its own workers",
        (
            Grant("topic", "{prefix}.", ("Read", "DescribeConfigs"), begins=True),
            Grant(
                "topic",
                "{prefix}-try-",
                ("Read", "Write", "Create", "Delete", "DescribeConfigs"),
                begins=True,
            ),
            Grant("group", "{prefix}-try-", ("Read",), begins=True),
            Grant("transactional-id", "{prefix}-try-", ("Write",), begins=True),
            Grant("transactional-id", "ticker-replay-", ("Write",), begins=True),
            _CLUSTER,
        ),
    ),
    Role(
        "ticker-redriver",
        "`ticker deadletters`",
        (
            *_topics(DEADLETTERS.name, operations=("Read", "DescribeConfigs")),
            *_topics(SIGHTINGS.name, DECISIONS.name, operations=("Write", "DescribeConfigs")),
            *_topics(POSITIONS.name, operations=("Read", "Write", "DescribeConfigs")),
            Grant("transactional-id", "ticker-redrive-{prefix}-", ("Write",), begins=True),
            _CLUSTER,
        ),
    ),
)

_HEAD: Final = """\
#!/bin/sh
# Grants each role the least that it needs. Generated by `python -m deploy.kafka.acls`; change acls.py instead.
# Run it with Kafka's own tool, as a user who may alter ACLs:
#   BOOTSTRAP=kafka:9093 CONFIG=admin.properties PREFIX=ticker STAGING=staging sh acls.sh
set -eu
: "${BOOTSTRAP:?the brokers, host:port}" "${CONFIG:?the client settings of an administrator}"
PREFIX=${PREFIX:-ticker}
STAGING=${STAGING:-staging}

allow() {
  role=$1
  shift
  kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$CONFIG" --add --allow-principal "User:$role" "$@"
}
"""


def script() -> str:
    """The commands that grant everything."""
    return "\n".join([_HEAD, *_commands()]) + "\n"


def _commands() -> Iterator[str]:
    for role in ROLES:
        yield f"# {_shell(role.purpose)}"
        for grant in role.grants:
            operations = " ".join(f"--operation {operation}" for operation in grant.operations)
            name = _shell(grant.name)
            resource = "--cluster" if grant.resource == "cluster" else f'--{grant.resource} "{name}"'
            pattern = " --resource-pattern-type prefixed" if grant.begins else ""
            yield f"allow {role.name} {operations} {resource}{pattern}"
        yield ""


def _shell(text: str) -> str:
    return text.replace("{prefix}", "$PREFIX").replace("{staging}", "$STAGING")


def main(arguments: Sequence[str]) -> int:
    """Write the script, or with `--check` tell whether it is up to date."""
    if "--check" in arguments:
        current = SCRIPT.read_text(encoding="utf-8") == script()
        if not current:
            print(f"{SCRIPT.name} is out of date: run `python -m deploy.kafka.acls`", file=sys.stderr)
        return 0 if current else 1
    SCRIPT.write_text(script(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
