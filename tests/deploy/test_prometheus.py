"""The rules of Prometheus: valid, each with a test that makes it fire and not fire, and with a runbook."""

import re
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.reference import metrics
from schemas.topics import LANGUAGE_PARTITIONS
from tests.chaos.deployment import compressed
from tests.deploy.support import tool
from tests.deploy.watched import impatient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy/prometheus"


def _yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _rules(name: str) -> list[dict[str, Any]]:
    return [rule for group in _yaml(FOLDER / f"rules/{name}.yaml")["groups"] for rule in group["rules"]]


ALERTS = _rules("alerts")
TESTS = [test for name in ("alerts", "days") for test in _yaml(FOLDER / f"tests/{name}.yaml")["tests"]]
CASES = [case for test in TESTS for case in test.get("alert_rule_test", [])]


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", "prometheus.yaml"),
        ("check", "rules", "rules/recording.yaml", "rules/alerts.yaml"),
        ("test", "rules", "tests/alerts.yaml"),
        ("test", "rules", "tests/days.yaml"),
    ],
    ids=" ".join,
)
def test_promtool_agrees(command: tuple[str, ...]) -> None:
    """The configuration and the rules are valid, and the alerts' own tests pass."""
    done = subprocess.run(
        [tool("promtool"), *command], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "hurried", [impatient, partial(compressed, faster=12)], ids=["impatient", "compressed"]
)
def test_rules_in_a_hurry_are_rules(hurried: Callable[[str], str], tmp_path: Path) -> None:
    """As dashboards and provoked faults are watched by them: promtool agrees, and the waits are shorter."""
    for name in ("alerts", "recording"):
        shipped = (FOLDER / f"rules/{name}.yaml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.yaml").write_text(hurried(shipped), encoding="utf-8")
    rules = [str(path) for path in tmp_path.iterdir()]
    done = subprocess.run([tool("promtool"), "check", "rules", *rules], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert not re.search(r"for: \d+m\b", (tmp_path / "alerts.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("alert", [rule["alert"] for rule in ALERTS])
def test_every_alert_is_made_to_fire_and_not_to_fire(alert: str) -> None:
    """One case expects it, and one moment does not, or not from all series that are there."""
    cases = [case for case in CASES if case["alertname"] == alert]
    assert any(case["exp_alerts"] for case in cases)
    quiet = any(not case["exp_alerts"] for case in cases)
    # Promtool compares the whole set: series beyond those that fire are series that must not.
    beside = any(
        len(test["input_series"]) > len(case["exp_alerts"])
        for test in TESTS
        for case in test["alert_rule_test"]
        if case["alertname"] == alert
    )
    assert quiet or beside


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_severity_a_sentence_and_a_runbook(rule: dict[str, Any]) -> None:
    """Whoever is woken knows what it means and where to read on."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{rule['alert']}.md"
    page = ROOT / f"docs/runbooks/{rule['alert']}.md"
    text = page.read_text(encoding="utf-8")
    for heading in ("## What it means", "## Look at", "## Do"):
        assert heading in text


def test_every_runbook_has_its_alert() -> None:
    """No page is left over from an alert that is gone."""
    pages = {page.stem for page in (ROOT / "docs/runbooks").glob("*.md")}
    assert pages == {rule["alert"] for rule in ALERTS}


def test_rules_name_metrics_that_exist() -> None:
    """A metric that was renamed takes its rules along."""
    known = {metric.name for metric in metrics()}
    known |= {
        f"{metric.name}_{part}"
        for metric in metrics()
        if metric.kind == "histogram"
        for part in ("bucket", "count")
    }
    text = "\n".join(rule["expr"] for rule in [*ALERTS, *_rules("recording")])
    used = set(re.findall(r"\bticker_\w+", re.sub(r"\w+:ticker_[\w:]+", "", text)))
    assert used <= known


def test_the_number_of_partitions_is_the_contracts() -> None:
    """The alert on partitions counts as many as the topics have."""
    rule = next(rule for rule in ALERTS if rule["alert"] == "TickerPartitionsUnassigned")
    assert rule["expr"].strip().endswith(f"< {LANGUAGE_PARTITIONS}")
