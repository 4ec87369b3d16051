"""Creates the topics of the contract (`schemas.topics`) on a cluster, and compares a cluster's topics with it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, Literal

from aiokafka import TopicPartition
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.metadata import MetadataRequest
from msgspec import Struct

from schemas.topics import Topic
from streams.counted import counted
from streams.errors import SettingsError, TickerError
from streams.kafka.connect import Report
from streams.kafka.internals import ask_every_broker

_MOST_COPIES: Final = 3
_IN_SYNC: Final = {"min.insync.replicas": "2"}
"""With three replicas a write is acknowledged once two have it, so that one broker may fail."""
_VISIBLE_S: Final = 10.0
_POLL_S: Final = 0.05
_NAMED: Final = 3
_ASK_AGAIN_S: Final = 3.0
_ASKED_A_MINUTE: Final = 20


class Outcome(Struct, frozen=True):
    """What became of one topic."""

    topic: str
    outcome: Literal["created", "exists"]
    partitions: int
    replication: int


class Difference(Struct, frozen=True):
    """One difference between a topic of the cluster and the contract, and how to mend it."""

    topic: str
    what: str
    wanted: str
    found: str
    mend: str


class TopicDescription(Struct, frozen=True):
    """A topic as the cluster has it."""

    partitions: int
    replication: int
    """The smallest number of replicas of any of its partitions."""
    config: Mapping[str, str]


async def create(client: Any, topics: Sequence[Topic], *, prefix: str, replication: int = 0) -> list[Outcome]:
    """Create the topics that are missing; leave those that exist as they are.

    `client` is an aiokafka admin client (`streams.kafka.connect.administration`). `replication` 0 means as many
    replicas as there are brokers, at most three. Returns once every broker knows the topics and their leaders, so that
    none of them denies a topic that was just created; one that does not answer for seconds is not waited for.

    Raises:
        SettingsError: There are fewer brokers than `replication`.
        TickerError: The cluster refused a topic.
    """
    copies = await _copies(client, replication)
    existing = await describe(client, {topic.on(prefix) for topic in topics})
    missing = [topic for topic in topics if topic.on(prefix) not in existing]
    if missing:
        response = await client.create_topics([_new(topic, prefix, copies) for topic in missing])
        refused = [
            f"{name}: {message or for_code(code).__name__}"
            for name, code, message in response.topic_errors
            if code not in {0, TopicAlreadyExistsError.errno}
        ]
        if refused:
            raise TickerError(
                f"Kafka refused to create {counted(len(refused), 'topic')}: {'; '.join(refused)}"
            )
        await _await_visible(client, {topic.on(prefix) for topic in missing})
    return [
        Outcome(name, "exists", existing[name].partitions, existing[name].replication)
        if name in existing
        else Outcome(name, "created", topic.partitions, copies)
        for topic, name in ((topic, topic.on(prefix)) for topic in topics)
    ]


async def require(client: Any, topics: Sequence[Topic], *, prefix: str) -> None:
    """Check that topics exist with at least the contract's partitions, so that a program can start.

    Raises:
        SettingsError: Topics are missing or have too few partitions; says which, and how to mend it.
    """
    live = await describe(client, {topic.on(prefix) for topic in topics})
    missing = [topic.on(prefix) for topic in topics if topic.on(prefix) not in live]
    if missing:
        raise SettingsError(
            f"{counted(len(missing), 'topic is', 'topics are')} missing ({listed(missing)}):"
            f" `ticker topics create --topic-prefix {prefix}` makes them"
        )
    for topic in topics:
        if (found := live[topic.on(prefix)].partitions) < topic.partitions:
            raise SettingsError(
                f"{topic.on(prefix)} has {counted(found, 'partition')}, {topic.partitions} are needed:"
                f" `ticker topics check --topic-prefix {prefix}` says all that differs and how to mend it"
            )


async def wait_for(client: Any, topics: Sequence[Topic], *, prefix: str, report: Report) -> None:
    """Return once all of these topics exist, however long it takes; tell `report` every minute which are missing."""
    asked = 0
    while missing := await _missing(client, topics, prefix):
        if asked % _ASKED_A_MINUTE == 0:
            report(
                f"waiting for {counted(len(missing), 'topic')} ({listed(missing)}): `ticker topics create` makes them"
            )
        asked += 1
        await asyncio.sleep(_ASK_AGAIN_S)


async def _missing(client: Any, topics: Sequence[Topic], prefix: str) -> list[str]:
    names = [topic.on(prefix) for topic in topics]
    live = await describe(client, set(names))
    return [name for name in names if name not in live]


def listed(names: Sequence[str]) -> str:
    """Names for a message, at most the first three: `a, b, c, …`."""
    return f"{', '.join(names[:_NAMED])}{', …' * (len(names) > _NAMED)}"


async def partitions_of(client: Any, names: Sequence[str]) -> list[TopicPartition]:
    """Every partition of these topics of a cluster, in order.

    Raises:
        SettingsError: A topic is missing.
    """
    live = await describe(client, set(names))
    if missing := [name for name in names if name not in live]:
        raise SettingsError(
            f"there is no topic {listed(missing)}: is --topic-prefix right? On a new cluster `ticker topics create`"
            " makes them"
        )
    return [TopicPartition(name, number) for name in names for number in range(live[name].partitions)]


async def check(
    client: Any, topics: Sequence[Topic], *, prefix: str, replication: int = 0
) -> list[Difference]:
    """The differences between the cluster's topics and the contract; `client` and `replication` as for `create`."""
    copies = await _copies(client, replication)
    live = await describe(client, {topic.on(prefix) for topic in topics})
    return [
        difference
        for topic in topics
        for difference in _differences(topic, topic.on(prefix), copies, live.get(topic.on(prefix)))
    ]


async def _copies(client: Any, replication: int) -> int:
    brokers = len((await client.describe_cluster())["brokers"])
    if replication > brokers:
        raise SettingsError(
            f"topics.replication: {replication} copies need as many brokers; allowed here: up to {brokers}"
        )
    return replication or min(brokers, _MOST_COPIES)


def _config(topic: Topic, copies: int) -> dict[str, str]:
    return dict(topic.config) | (_IN_SYNC if copies >= _MOST_COPIES else {})


def _new(topic: Topic, prefix: str, copies: int) -> NewTopic:
    return NewTopic(topic.on(prefix), topic.partitions, copies, topic_configs=_config(topic, copies))


async def describe(client: Any, names: AbstractSet[str]) -> dict[str, TopicDescription]:
    """Those of the topics that exist. It asks for all topics, because asking for one by name may create it."""
    found = {
        topic["topic"]: topic["partitions"]
        for topic in await client.describe_topics()
        if topic["topic"] in names and not topic["error_code"]
    }
    if not found:
        return {}
    configs = await _configs(client, sorted(found))
    return {
        name: TopicDescription(
            len(partitions), min(len(each["replicas"]) for each in partitions), configs[name]
        )
        for name, partitions in found.items()
    }


async def _configs(client: Any, names: Sequence[str]) -> dict[str, dict[str, str]]:
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for response in await client.describe_configs(resources):
        for code, message, _kind, name, entries in response.resources:
            if code:
                raise TickerError(
                    f"{name}: cannot read its configuration: {message or for_code(code).__name__}"
                )
            configs[name] = {key: value for key, value, *_ in entries}
    return configs


async def _await_visible(client: Any, names: set[str]) -> None:
    """Wait until every broker knows topics that were just created, with their leaders."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + _VISIBLE_S
    request = MetadataRequest(sorted(names), allow_auto_topic_creation=False)
    while True:
        answers = await ask_every_broker(client, request)
        told = [answer for answer in answers if not isinstance(answer, KafkaError)]
        unheard = set[str]().union(*(names - _led(answer) for answer in told))
        is_late = clock() > deadline
        if told and not unheard and (is_late or len(told) == len(answers)):
            return
        if is_late:
            raise TickerError(
                f"created, but without leaders after {_VISIBLE_S:g} s: {sorted(unheard or names)}"
            )
        await asyncio.sleep(_POLL_S)


def _led(answer: Any) -> set[str]:
    """The topics whose partitions all have a leader, as a broker tells."""
    if isinstance(answer, BaseException):
        raise answer
    return {
        name
        for code, name, _, partitions in answer.topics
        if not code and all(leader >= 0 for _, _, leader, *_ in partitions)
    }


def _differences(topic: Topic, name: str, copies: int, live: TopicDescription | None) -> Iterator[Difference]:
    if live is None:
        yield Difference(name, "topic", "exists", "missing", "ticker topics create")
        return
    if live.partitions != topic.partitions:
        mend = (
            f"kafka-topics --alter --topic {name} --partitions {topic.partitions}, workers stopped"
            if live.partitions < topic.partitions
            else "partitions cannot be removed: create the topics under another --topic-prefix"
        )
        yield Difference(name, "partitions", str(topic.partitions), str(live.partitions), mend)
    if live.replication < copies:
        mend = "kafka-reassign-partitions"
        yield Difference(name, "replication", str(copies), str(live.replication), mend)
    for key, wanted in _config(topic, copies).items():
        found = live.config.get(key, "")
        if not _same(key, wanted, found):
            mend = f"kafka-configs --alter --topic {name} --add-config {key}={wanted}"
            yield Difference(name, key, wanted, found, mend)


def _same(key: str, wanted: str, found: str) -> bool:
    """Whether a configured value meets the contract; more `min.insync.replicas` than wanted do too."""
    if key in _IN_SYNC:
        return found.isdigit() and int(found) >= int(wanted)
    return found == wanted
