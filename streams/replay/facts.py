"""Gathers the facts about both clusters that the checks of a replay need; changes nothing."""

import time
from collections.abc import Mapping
from typing import Any

from aiokafka import TopicPartition

from schemas.topics import SIGHTINGS, STRIPS, TOPICS
from streams.kafka.reader import bounds
from streams.kafka.topics import TopicDescription, describe
from streams.replay.checks import Facts
from streams.replay.plan import Plan, topic_named


async def gather(
    plan: Plan,
    *,
    source: Any,
    target: Any,
    source_options: Mapping[str, Any],
    target_options: Mapping[str, Any],
    production: frozenset[str],
    resumed: bool,
    cut: tuple[str, ...] = (),
) -> Facts:
    """The facts about a plan.

    Args:
        plan: The plan.
        source: An admin client of the source.
        target: An admin client of the target.
        source_options: aiokafka's connection options of the source.
        target_options: aiokafka's connection options of the target.
        production: Ids of clusters that settings mark as production.
        resumed: Whether an earlier run began this replay.
        cut: The parts of the window that are known to be deleted, as messages.
    """
    prefix = plan.target.prefix
    names = {topic.on(prefix) for topic in (*TOPICS, topic_named(plan.topic))}
    live = await describe(target, names)
    origin = await describe(source, {plan.source_topic})
    partitions = origin[plan.source_topic].partitions if origin else 0
    return Facts(
        source_cluster=await cluster_id(source),
        target_cluster=await cluster_id(target),
        source_servers=source_options["bootstrap_servers"],
        target_servers=target_options["bootstrap_servers"],
        source_partitions=partitions,
        beginnings=await _beginnings(source_options, plan.source_topic, partitions),
        target=live,
        state_records=await _state_records(target_options, live, plan),
        resumed=resumed,
        production=production,
        cut=cut,
        now=time.time_ns() // 1_000_000,
    )


async def cluster_id(client: Any) -> str:
    """A cluster's id."""
    return str((await client.describe_cluster())["cluster_id"])


async def _beginnings(options: Mapping[str, Any], topic: str, partitions: int) -> dict[int, int]:
    places = [TopicPartition(topic, number) for number in range(partitions)]
    return {place.partition: first for place, (first, _) in (await bounds(options, places)).items()}


async def _state_records(options: Mapping[str, Any], live: Mapping[str, TopicDescription], plan: Plan) -> int:
    """Offsets in use in the state topics of the stages that read the replayed topic, or the sightings of its strips."""
    from streams.pipeline import STAGES  # noqa: PLC0415 (the processors' data is loaded only here)

    read = {plan.topic} | ({SIGHTINGS.name} if plan.topic == STRIPS.name else set())
    names = [
        stage.state.on(plan.target.prefix)
        for stage in STAGES
        if stage.source.name in read and stage.state is not None
    ]
    if plan.topic == STRIPS.name:
        names.append(SIGHTINGS.on(plan.target.prefix))
    places = [TopicPartition(name, n) for name in names if name in live for n in range(live[name].partitions)]
    return sum(end - first for first, end in (await bounds(options, places)).values())
