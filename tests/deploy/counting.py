"""What every counter of the pipeline should say, by what is in the topics, and what a Prometheus says that it is."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

import msgspec

from deploy.grafana.panels import counted
from schemas.cloudevents import CANARY_SOURCE
from schemas.deadletters import from_headers
from schemas.events import CategorizedHeadline, Duplicate, Strip
from schemas.origin import origin
from schemas.topics import CANARY, DEADLETTERS, DECISIONS, DUPLICATES, HEADLINES, SIGHTINGS, STRIPS
from tests.chaos.topics import Content
from tests.deploy.watched import Prometheus
from tests.kafka_support import wait_until

COUNTED_IN: Final = (STRIPS, SIGHTINGS, DECISIONS, HEADLINES, DUPLICATES, CANARY, DEADLETTERS)
"""The topics that counts are compared with."""
_LABELS: Final = {
    "ticker_strips_total": ["outcome"],
    "ticker_slots_total": [],
    "ticker_slot_outcomes_total": ["outcome"],
    "ticker_source_strips_total": ["source"],
    "ticker_source_sightings_total": ["source"],
    "ticker_input_records_total": ["stage"],
    "ticker_records_total": ["stage", "outcome"],
    "ticker_dead_letters_total": ["stage", "source"],
    "ticker_headlines_total": ["language", "outcome"],
    "ticker_near_duplicates_total": ["rule", "language"],
    "ticker_update_changes_total": ["kind"],
    "ticker_categorized_total": ["category", "language"],
    "ticker_source_records_total": ["source", "outcome"],
    "ticker_end_to_end_seconds_count": [],
}
"""The counters that can be counted in topics, with labels that topics tell."""

Counts = dict[str, Counter[tuple[str, ...]]]
"""Metric to labels to count; nothing is 0."""


def in_topics(found: Mapping[str, Content], unread: int) -> Counts:
    """What every counter should be, where so many lines were no strips."""
    letters = [
        (reason.stage, origin(record.headers, record.value) or "unknown")
        for record in found[DEADLETTERS.name].all
        if (reason := from_headers(record.headers))
    ]
    counts = _of_producers(found, letters, unread) | _of_workers(found, letters)
    counts["ticker_dead_letters_total"] = Counter(letters)
    return {metric: +counter for metric, counter in counts.items()}


Letters = list[tuple[str, str]]
"""Stage and source of each dead letter."""


def _of_producers(found: Mapping[str, Content], letters: Letters, unread: int) -> Counts:
    """What producers count: all but the canary's, which is no producer."""
    strips = [
        strip
        for record in found[STRIPS.name].all
        if (strip := msgspec.json.decode(record.value, type=Strip)).source != CANARY_SOURCE
    ]
    sources = [source for source in _sources(found) if source != CANARY_SOURCE]
    slots = sum(strip.slots for strip in strips)
    rejected = sum(stage == "produce" for stage, _ in letters)
    outcomes = {
        ("sighting",): len(sources),
        ("dead letter",): rejected,
        ("empty",): slots - len(sources) - rejected,
    }
    return {
        "ticker_strips_total": Counter({("published",): len(strips), ("failed",): unread}),
        "ticker_slots_total": Counter({(): slots}),
        "ticker_slot_outcomes_total": Counter(outcomes),
        "ticker_source_strips_total": Counter((strip.source,) for strip in strips),
        "ticker_source_sightings_total": Counter((source,) for source in sources),
    }


def _of_workers(found: Mapping[str, Content], letters: Letters) -> Counts:
    """What workers count: the canary's too, up to what is told of headlines for consumers."""
    headlines, canaries = (
        [msgspec.json.decode(record.value, type=CategorizedHeadline) for record in found[topic.name].all]
        for topic in (HEADLINES, CANARY)
    )
    duplicates = [msgspec.json.decode(record.value, type=Duplicate) for record in found[DUPLICATES.name].all]
    inputs = {"deduplicate": len(found[SIGHTINGS.name].all), "categorize": len(found[DECISIONS.name].all)}
    outcomes: Counter[tuple[str, ...]] = Counter(
        ("deduplicate", _outcome(headline)) for headline in (*headlines, *canaries)
    )
    outcomes["deduplicate", "near"] = len(duplicates)
    outcomes += Counter(
        ("categorize", "categorized" if headline.topic else "uncategorised")
        for headline in (*headlines, *canaries)
    )
    outcomes += Counter((stage, "dead letter") for stage, _ in letters if stage in inputs)
    # What is left is what nothing is published of.
    for stage, rest in (("deduplicate", "exact"), ("categorize", "ended")):
        outcomes[stage, rest] = inputs[stage] - sum(
            number for (other, _), number in outcomes.items() if other == stage
        )
    return {
        "ticker_input_records_total": Counter({(stage,): records for stage, records in inputs.items()}),
        "ticker_records_total": outcomes,
        "ticker_headlines_total": Counter((each.language, _outcome(each)) for each in headlines),
        "ticker_near_duplicates_total": Counter((each.rule, each.language) for each in duplicates),
        "ticker_update_changes_total": Counter(
            (change.kind,) for each in headlines for change in each.changes
        ),
        "ticker_categorized_total": Counter((each.category, each.language) for each in headlines),
        "ticker_source_records_total": Counter((each.source, _outcome(each)) for each in headlines)
        + Counter((each.source, "near") for each in duplicates),
        "ticker_end_to_end_seconds_count": Counter({(): len(headlines)}),
    }


def _sources(found: Mapping[str, Content]) -> list[str]:
    """The source of each sighting that names one."""
    return [record.headers[0][1].decode() for record in found[SIGHTINGS.name].all if record.headers]


def _outcome(headline: CategorizedHeadline) -> str:
    return "update" if headline.updates else "new"


def shown(prometheus: Prometheus, window: str = "1h") -> Counts:
    """What a Prometheus counts in a window, as dashboards ask it."""
    return {
        metric: +Counter(
            {
                series: round(value)
                for series, value in prometheus.series(
                    counted(metric, window, ", ".join(labels)), *labels
                ).items()
            }
        )
        for metric, labels in _LABELS.items()
    }


def differences(
    prometheus: Prometheus,
    expected: Counts,
    *,
    window: str = "1h",
    allowed: Callable[[int], float] = lambda _: 0,
) -> dict[str, list[object]]:
    """What is told otherwise than it is, by metric: series, told, true; after a minute at the latest.

    `allowed` says of a true number by how much it may be missed.
    """
    wrong: dict[str, list[object]] = {}

    def is_right() -> bool:
        told = shown(prometheus, window)
        wrong.clear()
        for metric, counter in expected.items():
            for series in counter.keys() | told[metric].keys():
                if abs(told[metric][series] - counter[series]) > allowed(counter[series]):
                    wrong[metric] = [*wrong.get(metric, []), (series, told[metric][series], counter[series])]
        return not wrong

    with suppress(AssertionError):
        wait_until(is_right, seconds=60)
    return wrong
