"""The list of metrics: well named, bounded, documented."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from deploy.reference import PROGRAMS, metrics
from streams.observe.instruments import Instruments
from streams.observe.metric import Metric
from streams.observe.shared import OTHER, Sources

METRICS = tuple(metrics())


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    """A metric begins with `ticker_`; counters end in `_total`, instants in `_timestamp_seconds`."""
    assert metric.name.startswith("ticker_")
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_timestamp_seconds") == (metric.unit == "seconds since the epoch")
    assert metric.help.endswith(".")
    assert bool(metric.buckets) == (metric.kind == "histogram")


def test_names_are_unique() -> None:
    """No two metrics share a name."""
    assert len({metric.name for metric in METRICS}) == len(METRICS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_exposes_its_metrics_under_their_names(program: str) -> None:
    """What the list says a program exposes is what its registry shows, and nothing else."""
    registry = CollectorRegistry()
    Instruments(program, PROGRAMS[program][:-1], registry)
    shown = {line.split()[2] for line in generate_latest(registry).decode().splitlines() if "# TYPE" in line}
    listed = {metric.name for metric in PROGRAMS[program]}
    assert {name for name in shown if not name.endswith("_created")} == listed


def test_no_label_can_be_a_headline_or_an_id() -> None:
    """Labels are of the closed list that the contract names."""
    allowed = {
        *("stage", "outcome", "source", "category", "language", "partition", "topic"),
        *("rule", "kind", "reason", "version", "program", "webhook", "clock", "state"),
    }
    of_one_replay = {"replay", "step", "found"}  # a process has one, and one result
    for metric in METRICS:
        more = of_one_replay if metric.name.startswith("ticker_replay_") else frozenset[str]()
        assert {*metric.labels} <= allowed | more, metric.name


def test_sources_beyond_the_limit_share_a_label() -> None:
    """The first sources keep their own label for ever; later ones are `other`."""
    sources = Sources(limit=2)
    assert [sources.label(name) for name in ("a", "b", "c", "a", "d")] == ["a", "b", OTHER, "a", OTHER]
