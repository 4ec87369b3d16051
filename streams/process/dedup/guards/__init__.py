"""What refuses to merge two headlines: each guard is a named rule with its reason.

A guard looks at the steps of an alignment that nothing excuses and objects, or not. `FACTS` object to a
changed fact, which makes an update if nothing else objects; every other guard makes the headlines distinct.
"""

from typing import Final

from streams.process.dedup.guards import content, facts, order, polarity
from streams.process.dedup.guards.guard import Guard

GUARDS: Final[tuple[Guard, ...]] = (
    order.ROLES,
    order.MOVED,
    polarity.OPPOSITE,
    polarity.NEGATION,
    polarity.DENIAL,
    polarity.DOUBT,
    polarity.QUESTION,
    content.SPEAKER,
    content.SUBSTITUTED,
    content.INSERTED,
    content.EXCHANGED,
    content.UNLIKE,
)
"""The guards whose objection makes two headlines distinct, in the order in which they are asked."""

FACTS: Final[tuple[Guard, ...]] = facts.GUARDS
"""The guards whose objection alone makes an update."""

__all__ = ["FACTS", "GUARDS", "Guard"]
