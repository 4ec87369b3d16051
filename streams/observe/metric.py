"""What a metric is, declared beside the program that raises it; deploy.reference lists all of them.

Labels are bounded: a stage, an outcome, a rule, a category, a language, a partition, at most so many sources;
never a headline or an id, but that of a replay, of which a process has one.
"""

from typing import Final, Literal

from msgspec import Struct

Kind = Literal["counter", "gauge", "histogram"]

END_TO_END_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
"""Buckets for the age of headlines at the end of their way."""


class Metric(Struct, frozen=True, kw_only=True):
    """One metric; `name` is as Prometheus shows it, with `_total` on counters. A histogram has `buckets`."""

    name: str
    kind: Kind
    unit: str
    labels: tuple[str, ...] = ()
    help: str
    buckets: tuple[float, ...] = ()
