"""Take snapshots of a consumer group on a cluster, without joining it or changing anything."""

import asyncio
from typing import Any

from aiokafka import TopicPartition
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import for_code

from schemas.topics import CURRENT, HEADLINES
from streams.consumers.findings import Look, Member
from streams.errors import TickerError
from streams.kafka.connect import administration
from streams.kafka.groups import once_coordinated
from streams.kafka.reader import bounds
from streams.kafka.topics import partitions_of
from streams.settings import Connection


async def looks(
    connection: Connection, group: str, *, prefix: str, patience: float, seconds: float
) -> tuple[Look, Look]:
    """Snapshots of the group now and `seconds` later.

    Raises:
        SettingsError: There are no topics with the prefix.
        TickerError: No broker was reached, or it refused to describe the group.
    """
    async with administration(connection, patience=patience) as client:
        names = sorted(
            topic["topic"]
            for topic in await client.describe_topics()
            if topic["topic"].startswith(f"{prefix}.category.")
        )
        partitions = await partitions_of(client, [HEADLINES.on(prefix), CURRENT.on(prefix), *names])
        first = await _look(client, connection, group, partitions)
        await asyncio.sleep(seconds)
        return first, await _look(client, connection, group, partitions)


async def _look(client: Any, connection: Connection, group: str, partitions: list[TopicPartition]) -> Look:
    [response] = await once_coordinated(lambda: client.describe_consumer_groups([group]))
    code, _, state, _, _, members, *_ = response.groups[0]
    if code:
        raise TickerError(f"the cluster does not tell about group {group}: {for_code(code).__name__}")
    # Committed offsets before ends: an offset that is committed in between must not appear to be beyond the end.
    committed = await client.list_consumer_group_offsets(group)
    windows = await bounds(connection.aiokafka_options(), partitions)
    return Look(
        state=state,
        members=tuple(_member(*member) for member in members),
        committed={place: found.offset for place, found in committed.items() if found.offset >= 0},
        firsts={place: first for place, (first, _) in windows.items()},
        ends={place: end for place, (_, end) in windows.items()},
    )


def _member(identity: str, *details: Any) -> Member:
    """A member from a DescribeGroups response; every version ends with host, metadata and assignment."""
    host, _, assignment = details[-3:]
    places = ConsumerProtocolMemberAssignment.decode(assignment).partitions() if assignment else []
    return Member(identity, host, tuple(places))
