"""The declaration of a metric. Programs declare their own metrics; deploy.reference lists all of them.

Labels are bounded: a stage, an outcome, a rule, a category, a language, a partition, a limited number of sources.
Never a headline or an id, except the id of a replay, of which a process has one.
"""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]

END_TO_END_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
"""Buckets for the age of headlines when they are published."""


class Metric(Struct, frozen=True, kw_only=True):
    """One metric; `name` is as Prometheus shows it, with `_total` on counters. A histogram has `buckets`."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...] = ()
    help: str
    buckets: tuple[float, ...] = ()
