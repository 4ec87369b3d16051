"""The faults that a person on call meets: how each is injected and undone, and which alert must name it, how soon."""

import signal
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from tests.chaos.deployment import Deployment

_MINUTE_MS: Final = 60_000


class Fault(Struct, frozen=True, kw_only=True):
    """A fault and the alert that must name it; None if users notice nothing, so that no alert may fire."""

    begin: Callable[[Deployment], object]
    end: Callable[[Deployment], object] = lambda _: None
    alert: str | None = None
    source: str | None = None
    """The source that the alert names, if it names one."""
    within_min: float = 0
    """Minutes of the rules' clock within which the alert must fire."""
    lasts_min: float = 0
    """Minutes of the rules' clock for which the fault goes on after its alert, or in all if it has none."""
    silenced: frozenset[str] = frozenset()
    """Consequences of the fault: alerts that may fire, and that Alertmanager must inhibit."""
    besides: frozenset[str] = frozenset()
    """Alerts that may be sent as well: after its own alert, or before it if they name the same fault."""


_FOLLOWS_FROM_KAFKA: Final = frozenset(
    f"Ticker{name}"
    for name in ("KafkaUnreached", "ServeStale", "CanaryLate", "CanaryAbsent", "EndToEndSlow", "Lagging",
                 "PartitionsUnassigned", "Failing", "Down", "SourceSilent", "ProducerSilent")
)  # fmt: skip

LANES: Final[dict[str, dict[str, Fault]]] = {
    "programs": {
        "killed": Fault(
            begin=lambda deployment: deployment.kill("worker-1"),
            end=lambda deployment: deployment.start("worker-1"),
            alert="TickerDown",
            within_min=6,
        ),
        "frozen": Fault(
            begin=lambda deployment: deployment.signal("worker-1", signal.SIGSTOP),
            end=lambda deployment: deployment.signal("worker-1", signal.SIGCONT),
            alert="TickerDown",
            within_min=6,
        ),
        "poison": Fault(
            begin=lambda deployment: setattr(deployment, "is_poisoned", True),
            end=lambda deployment: setattr(deployment, "is_poisoned", False),
            alert="TickerDeadLetterShare",
            within_min=8,
            # It fires for the same records, at once, and is inhibited while the alert on their share fires.
            besides=frozenset({"TickerDeadLetters"}),
        ),
        "backfill": Fault(
            begin=lambda deployment: setattr(deployment, "backfilled", "akhbar"),
            end=lambda deployment: setattr(deployment, "backfilled", None),
            lasts_min=7,
        ),
        "replay": Fault(begin=Deployment.replay, lasts_min=3),
        "upgrade": Fault(begin=Deployment.upgrade, lasts_min=6),
        "node": Fault(
            begin=lambda deployment: deployment.cluster.kill(deployment.cluster.nodes[0]),
            end=lambda deployment: deployment.cluster.restart(deployment.cluster.nodes[0]),
            lasts_min=6,
        ),
        "majority": Fault(
            begin=Deployment.leave_one_node,
            end=Deployment.reconnect,
            alert="TickerKafkaAway",
            within_min=4,
            lasts_min=3,
            silenced=_FOLLOWS_FROM_KAFKA,
        ),
        "kafka": Fault(
            begin=Deployment.cut_off,
            end=Deployment.reconnect,
            alert="TickerKafkaAway",
            within_min=2,
            lasts_min=3,
            silenced=_FOLLOWS_FROM_KAFKA,
        ),
    },
    "clocks": {
        "ahead": Fault(
            begin=lambda deployment: deployment.ahead_ms.update(depeches=3 * _MINUTE_MS),
            end=lambda deployment: deployment.ahead_ms.clear(),
            alert="TickerClockSkewed",
            source="depeches",
            within_min=11,
        ),
        "behind": Fault(
            begin=lambda deployment: deployment.ahead_ms.update(depeches=-20 * _MINUTE_MS),
            end=lambda deployment: deployment.ahead_ms.clear(),
            alert="TickerClockSkewed",
            source="depeches",
            within_min=5,
            lasts_min=3,
            silenced=frozenset({"TickerEndToEndSlow"}),
        ),
    },
    "silence": {
        "silent": Fault(
            begin=lambda deployment: deployment.silent.add("newsline"),
            end=lambda deployment: deployment.silent.clear(),
            alert="TickerSourceSilent",
            source="newsline",
            within_min=36,
        ),
    },
}
"""Faults by lane: the faults of a lane are injected one after another, different lanes in parallel."""
FAULTS: Final = {name: fault for lane in LANES.values() for name, fault in lane.items()}
