"""The example for Alertmanager: valid, and what it groups and silences, asked of a real one."""

import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.deploy.support import free_port, tool
from tests.kafka_support import wait_until

FOLDER: Final = Path(__file__).parents[2] / "deploy/prometheus"
CONFIG: Final = FOLDER / "alertmanager.yaml"
ALERTS: Final = {
    rule["alert"]: rule["labels"]["severity"]
    for group in yaml.safe_load((FOLDER / "rules/alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
}
OF_ITS_OWN: Final = {
    "TickerKafkaAway",
    "TickerResidue",
    "TickerOffsetsLost",
    "TickerDeadLetterShare",
    "TickerStripsFail",
    "TickerClockSkewed",
    "TickerSourceDoubted",
    "TickerWebhookFails",
    "TickerSpoolFilling",
    "TickerSpoolDropping",
    "TickerReplayFailed",
}
"""What an outage of Kafka does not explain, or what says how long it may last."""


class Alertmanager:
    """A running one, and its HTTP interface."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v2"

    def ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self._url}/{path}", data=data, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or "null")

    def is_ready(self) -> bool:
        with suppress(OSError):
            return bool(self.ask("status"))
        return False

    def fire(self, alerts: Sequence[dict[str, str]]) -> None:
        """Fire alerts for a while; what fired before is over."""
        now = time.time()
        for before in self.ask("alerts"):
            self.ask("alerts", [{"labels": before["labels"], "endsAt": _instant(now - 1)}])
        self.ask("alerts", [{"labels": labels, "endsAt": _instant(now + 600)} for labels in alerts])

    def shown(self, count: int) -> list[dict[str, Any]]:
        """The alerts that fire, once there are so many."""
        return wait_until(lambda: found if len(found := self.ask("alerts")) == count else [])

    def silenced(self) -> set[str]:
        """The alerts that fire and are kept from everybody, because of another one."""
        return {
            alert["labels"]["alertname"] for alert in self.ask("alerts") if alert["status"]["inhibitedBy"]
        }


def _instant(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def labels(alert: str, **others: str) -> dict[str, str]:
    return {"alertname": alert, "severity": ALERTS[alert], **others}


@pytest.fixture(scope="module")
def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    """An Alertmanager with the example's configuration, on a port of its own."""
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    command = [
        tool("alertmanager", "prometheus-alertmanager"),
        f"--config.file={CONFIG}",
        f"--storage.path={folder}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            running = Alertmanager(port)
            wait_until(running.is_ready, seconds=90)
            yield running
        finally:
            process.terminate()


def test_amtool_agrees() -> None:
    """The configuration is valid, pages go to the pager and everything else to the tickets."""
    checked = subprocess.run(
        [tool("amtool"), "check-config", CONFIG], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for alert, severity in ALERTS.items():
        routed = subprocess.run(
            [
                *(tool("amtool"), "config", "routes", "test", f"--config.file={CONFIG}"),
                *(f"alertname={alert}", f"severity={severity}"),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert routed.stdout.strip() == {"page": "pager", "ticket": "tickets"}[severity]


def test_while_kafka_is_away_nothing_fires_that_follows_from_it(alertmanager: Alertmanager) -> None:
    """Every other alert fires too; only those reach anybody that an outage does not explain."""
    alertmanager.fire([labels(alert) for alert in ALERTS])
    wait_until(lambda: ALERTS.keys() - alertmanager.silenced() == OF_ITS_OWN)


def test_without_an_outage_every_alert_is_heard(alertmanager: Alertmanager) -> None:
    """But for what says the same as another one: old headlines beside late test headlines, dead letters beside many."""
    fired = [alert for alert in ALERTS if alert != "TickerKafkaAway"]
    alertmanager.fire([labels(alert) for alert in fired])
    wait_until(lambda: alertmanager.silenced() == {"TickerEndToEndSlow", "TickerDeadLetters"})
    assert {alert["labels"]["alertname"] for alert in alertmanager.shown(len(fired))} == set(fired)


def test_sources_that_fall_silent_together_page_once(alertmanager: Alertmanager) -> None:
    """Forty sources of a producer that hears others: one group, so one message."""
    alertmanager.fire([labels("TickerSourceSilent", source=f"source-{number}") for number in range(40)])
    alertmanager.shown(40)
    groups = [group for group in alertmanager.ask("alerts/groups") if group["alerts"]]
    assert [(group["receiver"]["name"], len(group["alerts"])) for group in groups] == [("pager", 40)]


def test_a_source_that_is_behind_explains_old_headlines(alertmanager: Alertmanager) -> None:
    """The source is named and no page goes out for what it shows; a clock that is ahead explains nothing."""
    slow = labels("TickerEndToEndSlow")
    alertmanager.fire([slow, labels("TickerClockSkewed", source="akhbar", clock="behind")])
    wait_until(lambda: alertmanager.silenced() == {"TickerEndToEndSlow"})
    alertmanager.fire([slow, labels("TickerClockSkewed", source="akhbar", clock="ahead")])
    alertmanager.shown(2)
    wait_until(lambda: alertmanager.silenced() == set())
