"""What is measured of sources: each by its own label as long as there are some, and nothing of those that are gone."""

from typing import Any

from prometheus_client import CollectorRegistry

from schemas.events import SourceState
from streams.observe.shared import OTHER, Sources
from streams.sources.metrics import SourcesMetrics
from streams.sources.recall import Recall
from streams.sources.visit import Reading, Visit

_NOW = "2026-03-11T08:15:00.000Z"


def _state(source: str, state: Any) -> SourceState:
    return SourceState(source=source, state=state, since=_NOW, last_visit=_NOW, rhythm=60.0)


def _visit(source: str, interval: float) -> Reading:
    return Reading(
        visit=Visit(source=source, address="https://a.example/", at=0, outcome="changed", interval=interval)
    )


def _series(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by its labels."""
    return {
        tuple(sample.labels.values()): sample.value
        for metric in registry.collect()
        for sample in metric.samples
        if sample.name == name
    }


def test_sources_that_share_a_label_overwrite_no_gauge() -> None:
    """The state of any of them is shown until none is in it; what only one of them could say is not."""
    registry = CollectorRegistry()
    metrics = SourcesMetrics(registry, Sources(limit=1))
    for number, name in enumerate(("one", "two", "three")):
        metrics.told([_state(name, "missing" if number else "well")])
        metrics.visited(_visit(name, 60.0 + number), None)
    metrics.recalled([Recall(site="a", source="two", headlines=2, shown=1, late=1.0, latest=1.0)])
    metrics.told([_state("two", "well")])
    assert _series(registry, "ticker_source_state") == {
        ("one", "well"): 1,
        (OTHER, "missing"): 1,
        (OTHER, "well"): 1,
    }
    metrics.told([_state("three", "well")])
    assert _series(registry, "ticker_source_state")[OTHER, "missing"] == 0
    assert _series(registry, "ticker_source_interval_seconds") == {("one",): 60}
    assert _series(registry, "ticker_source_rhythm_seconds") == {("one",): 60}
    assert _series(registry, "ticker_source_recall_ratio") == {}
    assert _series(registry, "ticker_source_visits_total")[OTHER, "changed"] == 2


def test_of_a_source_that_is_gone_nothing_is_shown_any_more() -> None:
    """No alert says for ever that it is in doubt; what it cost stays counted; it is shown again if it comes back."""
    registry = CollectorRegistry()
    metrics = SourcesMetrics(registry, Sources())
    found = [Recall(site="a", source="one", headlines=2, shown=1, late=1.0, latest=1.0)]
    for gone in (["one", "never seen"], []):
        metrics.told([_state("one", "missing")])
        metrics.visited(_visit("one", 60.0), None)
        metrics.recalled(found)
        metrics.forget(gone)
        metrics.recalled(found)
        gauges = ("state", "rhythm_seconds", "interval_seconds", "recall_ratio", "late_seconds")
        series = [_series(registry, f"ticker_source_{gauge}") for gauge in gauges]
        assert all(series) if not gone else not any(series)
    assert _series(registry, "ticker_source_visits_total")["one", "changed"] == 2
