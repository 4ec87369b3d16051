"""The safety checks before a replay may write, each with its name, finding and remedy.

Pure functions of the facts that `streams.replay.facts` gathers from both clusters.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

from msgspec import Struct

from schemas.instants import format_instant
from schemas.topics import POSITIONS
from streams.counted import counted
from streams.kafka.topics import TopicDescription
from streams.replay.plan import Plan, topic_named

_ENVELOPE: Final = 512
"""An estimate of the most bytes that a record's headers, those that a replay adds, and the batch header take."""
_NOTHING: Final = "choose another --since, --until or filter"
ACCEPTABLE: Final = frozenset(
    {"partitions", "timestamps", "cleanup", "retention", "clock", "size", "state", "window", "filters"}
)
"""The checks whose refusal a plan can accept by name; `filters` is checked while it is drafted. That a target is
production is accepted by `production:CLUSTER_ID`."""
_DEFAULT_AHEAD_MS: Final = 60 * 60 * 1000
"""The default of message.timestamp.after.max.ms (since Kafka 3.6): timestamps further in the future are refused."""


class Facts(Struct, frozen=True, kw_only=True):
    """The facts about both clusters that the checks need."""

    source_cluster: str
    target_cluster: str
    source_servers: str
    """The bootstrap servers in use, which need not be the plan's."""
    target_servers: str
    source_partitions: int
    beginnings: Mapping[int, int]
    """Log start offsets, by partition of the source."""
    target: Mapping[str, TopicDescription]
    """The existing topics of the target that the replay or its readers need, by name on the cluster."""
    state_records: int
    """Records in the state topics of the stages that read the replay."""
    resumed: bool
    """Whether this replay was begun by an earlier run."""
    production: frozenset[str]
    """Ids of clusters that settings mark as production."""
    cut: tuple[str, ...]
    """The parts of the window that retention deleted, as messages."""
    now: int
    """Milliseconds since the epoch."""


class Check(Struct, frozen=True):
    """One check and its outcome; a refusal has a remedy."""

    name: str
    outcome: Literal["ok", "accepted", "refused"]
    finding: str
    remedy: str = ""


_Rule = Callable[[Plan, Facts], Check]


def check(plan: Plan, facts: Facts) -> tuple[Check, ...]:
    """Every check of a plan, in order."""
    return tuple(rule(plan, facts) for rule in _rules())


def refusals(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks that refused."""
    return tuple(each for each in checks if each.outcome == "refused")


def _rules() -> Iterator[_Rule]:
    yield from (_clusters, _records, _other_topic, _production, _exists, _partitions)
    yield from (_timestamps, _cleanup, _retention, _ahead, _size, _state, _window)


def _ok(name: str, finding: str) -> Check:
    return Check(name, "ok", finding)


def _refused(plan: Plan, name: str, finding: str, remedy: str, word: str | None = None) -> Check:
    """A refusal; or, if the plan accepts `word` (the check's name by default), an accepted check."""
    word = word or name
    if word in plan.accept:
        return Check(name, "accepted", finding)
    return Check(name, "refused", finding, f"{remedy}, or --accept {word}")


def _clusters(plan: Plan, facts: Facts) -> Check:
    for role, place, servers, found in (
        ("source", plan.source, facts.source_servers, facts.source_cluster),
        ("target", plan.target, facts.target_servers, facts.target_cluster),
    ):
        if place.cluster_id != found:
            finding = f"the plan was made for the {role} {place.cluster_id}, {servers} is {found}"
            return Check("clusters", "refused", finding, "plan again")
    return _ok("clusters", f"{facts.source_cluster} to {facts.target_cluster}")


def _records(plan: Plan, _facts: Facts) -> Check:
    if plan.in_window:
        return _ok("records", f"{plan.in_window:,} to replay")
    return Check("records", "refused", "nothing to replay: no record of the window is taken", _NOTHING)


def _other_topic(plan: Plan, facts: Facts) -> Check:
    if facts.source_cluster == facts.target_cluster and plan.source_topic == plan.target_topic:
        finding = f"{plan.source_topic} would be written to itself"
        return Check("other-topic", "refused", finding, "give --to-topic-prefix or another cluster")
    return _ok("other-topic", f"{plan.source_topic} to {plan.target_topic}")


def _production(plan: Plan, facts: Facts) -> Check:
    if facts.target_cluster not in facts.production:
        return _ok("production", "the target is not marked as production")
    finding = f"the target {facts.target_cluster} is marked as production"
    word = f"production:{facts.target_cluster}"
    return _refused(plan, "production", finding, "choose another target", word)


def _exists(plan: Plan, facts: Facts) -> Check:
    needed = (plan.target_topic, POSITIONS.on(plan.target.prefix))
    missing = [name for name in needed if name not in facts.target]
    if not missing:
        return _ok("exists", f"{plan.target_topic} is there")
    if plan.create:
        return _ok("exists", f"{', '.join(missing)} and what its readers need will be made")
    return Check("exists", "refused", f"there is no {', '.join(missing)}", "give --create to make it")


def _partitions(plan: Plan, facts: Facts) -> Check:
    target = facts.target.get(plan.target_topic)
    count = target.partitions if target else topic_named(plan.topic).partitions
    positions = facts.target.get(POSITIONS.on(plan.target.prefix))
    if positions and positions.partitions < min(count, facts.source_partitions):
        finding = (
            "progress is written beside the records,"
            f" and positions has only {counted(positions.partitions, 'partition')}"
        )
        return Check("partitions", "refused", finding, "`ticker topics check` says how to mend it")
    if count == facts.source_partitions:
        return _ok("partitions", f"{count} on both sides")
    finding = f"{facts.source_partitions} at the source, {count} at the target"
    return _refused(plan, "partitions", finding, "make the target with as many")


def _timestamps(plan: Plan, facts: Facts) -> Check:
    kind = _config(plan, facts).get("message.timestamp.type", "CreateTime")
    if kind == "CreateTime":
        return _ok("timestamps", "event times are kept")
    finding = f"the target has message.timestamp.type={kind}: event times would be lost"
    return _refused(plan, "timestamps", finding, "set it to CreateTime")


def _cleanup(plan: Plan, facts: Facts) -> Check:
    wanted = topic_named(plan.topic).cleanup
    found = _config(plan, facts).get("cleanup.policy", wanted)
    if found in {wanted, ""}:
        return _ok("cleanup", f"cleanup.policy={wanted}")
    finding = f"the target has cleanup.policy={found}, the contract says {wanted}: records can be lost"
    return _refused(plan, "cleanup", finding, f"set it to {wanted}")


def _retention(plan: Plan, facts: Facts) -> Check:
    config, times = _config(plan, facts), plan.times
    kept = int(config.get("retention.ms", "-1"))
    if kept < 0 or "delete" not in config.get("cleanup.policy", "") or times is None:
        return _ok("retention", "the target keeps what is written")
    if times[0] > facts.now - kept:
        return _ok("retention", f"the target keeps {kept / 3_600_000:,.0f} h; the oldest record is younger")
    finding = (
        f"the target keeps {kept / 3_600_000:,.0f} h, the oldest record is of {format_instant(times[0])}:"
        " it would be removed again"
    )
    return _refused(plan, "retention", finding, "set retention.ms=-1 on it, or let --create make it")


def _ahead(plan: Plan, facts: Facts) -> Check:
    times = plan.times
    ahead = int(_config(plan, facts).get("message.timestamp.after.max.ms", _DEFAULT_AHEAD_MS))
    if times is None or times[1] <= facts.now + ahead:
        return _ok("clock", "no event time is further ahead of this clock than the target allows")
    finding = (
        f"the latest record is of {format_instant(times[1])}, {(times[1] - facts.now) / 1000:,.0f} s ahead of this"
        f" clock: the target takes {ahead / 1000:,.0f} s (message.timestamp.after.max.ms)"
    )
    return _refused(
        plan, "clock", finding, "mend the clock, leave those out with --until, or raise the limit"
    )


def _size(plan: Plan, facts: Facts) -> Check:
    limit = int(_config(plan, facts).get("max.message.bytes", "0"))
    largest = max((span.largest for span in plan.spans), default=0)
    if not limit or largest + _ENVELOPE <= limit:
        return _ok("size", f"the largest record has {largest:,} bytes")
    finding = f"the largest record has {largest:,} bytes and its headers, the target takes {limit:,}"
    return _refused(plan, "size", finding, "raise max.message.bytes")


def _state(plan: Plan, facts: Facts) -> Check:
    if facts.resumed or not facts.state_records:
        return _ok("state", "no other run's state decides")
    finding = (
        f"{plan.target.prefix} has {counted(facts.state_records, 'record')} of state of an earlier run,"
        " which would decide about replayed headlines"
    )
    return _refused(plan, "state", finding, "give a --to-topic-prefix of its own")


def gone(plan: Plan, beginnings: Mapping[int, int], done: Mapping[int, int] | None = None) -> tuple[str, ...]:
    """The parts of a plan's window that are deleted at the source and not replayed yet, as messages.

    Args:
        plan: The plan.
        beginnings: The log start offset of each partition of the source.
        done: The offset up to which a partition was replayed; partitions that are missing were not begun.
    """
    nexts = {span.partition: max(span.first, (done or {}).get(span.partition, 0)) for span in plan.spans}
    return tuple(
        f"offsets {nexts[span.partition]:,} to {min(beginnings[span.partition], span.end) - 1:,}"
        f" of partition {span.partition} are gone"
        for span in plan.spans
        if beginnings.get(span.partition, 0) > nexts[span.partition] < span.end
    )


def _window(plan: Plan, facts: Facts) -> Check:
    lost = gone(plan, facts.beginnings)
    if lost and not facts.resumed:
        finding = f"retention cut the window since the plan was made: {'; '.join(lost)}"
        return Check("window", "refused", finding, "plan again")
    if facts.cut:
        return _refused(plan, "window", f"retention cut the window: {'; '.join(facts.cut)}", "begin later")
    return _ok("window", "all of it is there")


def _config(plan: Plan, facts: Facts) -> Mapping[str, str]:
    """The configuration of the target's topic, or the one that it will have: a replay creates unlimited retention."""
    live = facts.target.get(plan.target_topic)
    if live is not None:
        return live.config
    return {**topic_named(plan.topic).config, "retention.ms": "-1"}
