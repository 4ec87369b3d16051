"""The faults that a person on call meets: what is done and undone, what names each, and how soon."""

import signal
from collections.abc import Callable
from typing import Final

from msgspec import Struct

from tests.chaos.house import House

_MINUTE_MS: Final = 60_000


class Fault(Struct, frozen=True, kw_only=True):
    """A fault and the alert that names it, None where readers notice nothing and none may fire."""

    begin: Callable[[House], object]
    end: Callable[[House], object] = lambda _: None
    alert: str | None = None
    source: str | None = None
    """The source that the alert names, where it names one."""
    within_min: float = 0
    """Minutes of the rules' clock until the alert fires at the latest."""
    lasts_min: float = 0
    """Minutes that the fault lasts after its alert, or in all where it has none."""
    silenced: frozenset[str] = frozenset()
    """What follows from it: may fire, and Alertmanager tells nobody."""
    besides: frozenset[str] = frozenset()
    """What may be told after its alert, or names the same before it."""


_FOLLOWS_FROM_KAFKA: Final = frozenset(
    f"Ticker{name}"
    for name in ("KafkaUnreached", "ServeStale", "CanaryLate", "CanaryAbsent", "EndToEndSlow", "Lagging",
                 "PartitionsUnassigned", "Failing", "Down", "SourceSilent", "ProducerSilent")
)  # fmt: skip

LANES: Final[dict[str, dict[str, Fault]]] = {
    "programs": {
        "killed": Fault(
            begin=lambda house: house.kill("worker-1"),
            end=lambda house: house.start("worker-1"),
            alert="TickerDown",
            within_min=6,
        ),
        "frozen": Fault(
            begin=lambda house: house.signal("worker-1", signal.SIGSTOP),
            end=lambda house: house.signal("worker-1", signal.SIGCONT),
            alert="TickerDown",
            within_min=6,
        ),
        "poison": Fault(
            begin=lambda house: setattr(house, "is_poisoned", True),
            end=lambda house: setattr(house, "is_poisoned", False),
            alert="TickerDeadLetterShare",
            within_min=8,
            # Of the same records, at once; while the share pages, it is silenced.
            besides=frozenset({"TickerDeadLetters"}),
        ),
        "backfill": Fault(
            begin=lambda house: setattr(house, "backfilled", "akhbar"),
            end=lambda house: setattr(house, "backfilled", None),
            lasts_min=7,
        ),
        "replay": Fault(begin=House.replay, lasts_min=3),
        "upgrade": Fault(begin=House.upgrade, lasts_min=6),
        "node": Fault(
            begin=lambda house: house.cluster.kill(house.cluster.nodes[0]),
            end=lambda house: house.cluster.restart(house.cluster.nodes[0]),
            lasts_min=6,
        ),
        "kafka": Fault(
            begin=House.cut_off,
            end=House.reconnect,
            alert="TickerKafkaAway",
            within_min=2,
            lasts_min=3,
            silenced=_FOLLOWS_FROM_KAFKA,
        ),
    },
    "clocks": {
        "ahead": Fault(
            begin=lambda house: house.ahead_ms.update(depeches=3 * _MINUTE_MS),
            end=lambda house: house.ahead_ms.clear(),
            alert="TickerClockSkewed",
            source="depeches",
            within_min=11,
        ),
        "behind": Fault(
            begin=lambda house: house.ahead_ms.update(depeches=-20 * _MINUTE_MS),
            end=lambda house: house.ahead_ms.clear(),
            alert="TickerClockSkewed",
            source="depeches",
            within_min=5,
            lasts_min=3,
            silenced=frozenset({"TickerEndToEndSlow"}),
        ),
    },
    "silence": {
        "silent": Fault(
            begin=lambda house: house.silent.add("newsline"),
            end=lambda house: house.silent.clear(),
            alert="TickerSourceSilent",
            source="newsline",
            within_min=36,
        ),
    },
}
"""Faults by lane: those of a lane come one after another, the lanes beside each other."""
FAULTS: Final = {name: fault for lane in LANES.values() for name, fault in lane.items()}
