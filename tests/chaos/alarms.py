"""Inject faults into a monitored pipeline, to check which alerts fire and reach people, and whether metrics are true.

python -m tests.chaos.alarms                 # all of them, about ten minutes
python -m tests.chaos.alarms poison kafka    # some
python -m tests.chaos.alarms --faster 1      # the shipped rules on their own clock, about an hour

The shipped rules run on a clock that is twelve times as fast: a minute in their waits, windows and thresholds is five
seconds. Kafka's timeouts are not shortened, so a fault that would heal within a real wait may fire here.
"""

import asyncio
import json
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Self

import click
from msgspec import Struct

from schemas.topics import STRIPS
from tests.chaos.deployment import PREFIX, Deployment
from tests.chaos.faults import FAULTS, LANES, Fault
from tests.chaos.topics import Content, contents
from tests.chaos.watch import drained
from tests.deploy.counting import COUNTED_IN, differences, in_topics
from tests.kafka_support import wait_until

_FASTER: Final = 12.0
_BEGIN_S: Final = 60.0
"""How long to wait for an alert after its time limit, to tell how late it was."""
_SLACK_S: Final = 30.0
"""How late an alert may be, because scrapes, Kafka and a busy machine do not run faster."""
_GROUP_MIN: Final = 5.5
"""Minutes, of the rules' clock, until people are told of an alert while one of its name was just told: group_interval
of the Alertmanager example, and a margin."""
_END_S: Final = 120.0
_LINES_A_MINUTE: Final = 20
_SHARE: Final = 0.01
_MISSED: Final = 2
"""How much of any count a killed process may lose since its last scrape, if that is more than `_SHARE`."""

_Firing = frozenset[tuple[str, str]]
"""Firing alerts, each with its source (empty if it names none)."""


class Episode(Struct):
    """The course of a fault; times are in seconds of the monotonic clock, None for what did not happen."""

    name: str
    fault: Fault
    begun: float
    fired: float | None = None
    told: float | None = None
    """When people were told of its alert."""
    ended: float = 0
    quiet: float | None = None
    failed: str = ""
    """Why the fault could not be injected; empty if it was."""

    def owns(self, alert: str) -> bool:
        """Whether an alert may fire because of it."""
        fault = self.fault
        return alert == fault.alert or alert in fault.silenced or alert in fault.besides

    def lasts_at(self, moment: float) -> bool:
        """Whether an alert that fires at this moment may be due to it."""
        return self.begun <= moment <= self.ended + _END_S


class History:
    """Records every second which alerts fire, while its context lasts."""

    def __init__(self, deployment: Deployment) -> None:
        self._house = deployment
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.seen: list[tuple[float, _Firing]] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def is_firing(self, alert: str | None, source: str | None) -> bool:
        """Whether an alert fires now, for a source or for any."""
        return any(name == alert and source in {None, its} for name, its in self.now)

    @property
    def now(self) -> _Firing:
        """The alerts that fire now; none before the first answer."""
        return self.seen[-1][1] if self.seen else frozenset()

    def _run(self) -> None:
        while not self._over.wait(1):
            with suppress(OSError):  # a busy machine: the next second
                found = self._house.prometheus.series('ALERTS{alertstate="firing"}', "alertname", "source")
                self.seen.append((time.monotonic(), frozenset((name, source) for name, source in found)))


def provoke(deployment: Deployment, history: History, name: str) -> Episode:
    """Inject a fault, wait for its alert, undo the fault, and wait until the alert is resolved."""
    fault = FAULTS[name]
    minute = 60 / deployment.faster
    episode = Episode(name=name, fault=fault, begun=time.monotonic())
    try:
        fault.begin(deployment)
    except Exception as error:  # noqa: BLE001 - the other faults are played all the same
        episode.failed = f"{type(error).__name__}: {error}"

    def fires() -> bool:
        return history.is_firing(fault.alert, fault.source)

    if fault.alert is not None:
        episode.fired = _moment(fires, fault.within_min * minute + _BEGIN_S)
    if episode.fired is not None:
        episode.told = _moment(lambda: is_told(deployment, episode), _GROUP_MIN * minute + _BEGIN_S)
    time.sleep(fault.lasts_min * minute)
    fault.end(deployment)
    episode.ended = time.monotonic()
    episode.quiet = _moment(lambda: not fires(), _END_S)
    return episode


def _moment(condition: Callable[[], bool], seconds: float) -> float | None:
    """The moment at which a condition became true; None if it did not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return time.monotonic()
        time.sleep(0.5)
    return None


def is_told(deployment: Deployment, episode: Episode) -> bool:
    """Whether people were told of a fault's alert since it began."""
    fault = episode.fault
    return any(
        each.at >= episode.begun
        and each.alert == fault.alert
        and fault.source in {None, each.labels.get("source")}
        for each in deployment.pager.told
    )


def told(episode: Episode) -> str:
    """An episode as a line."""
    begun, fault = episode.begun, episode.fault
    quiet = "never" if episode.quiet is None else f"{episode.quiet - episode.ended:.0f} s"
    if episode.fired is None:
        return f"{episode.name}: nothing of its own fired in {episode.ended - begun:.0f} s"
    heard = "never" if episode.told is None else f"{episode.told - begun:.0f} s"
    return (
        f"{episode.name}: {fault.alert} after {episode.fired - begun:.0f} s, told after {heard};"
        f" quiet {quiet} after its end"
    )


def complaints(
    deployment: Deployment, history: History, episodes: Sequence[Episode], slack: float
) -> list[str]:
    """Everything that was wrong, a line each; `slack` is how late an alert may be, in seconds."""
    minute = 60 / deployment.faster
    found = []
    for episode in episodes:
        if episode.failed:
            found.append(f"{episode.name}: {episode.failed}")
        if episode.fault.alert is not None:
            limit = episode.fault.within_min * minute + slack
            if episode.fired is None or episode.fired - episode.begun > limit:
                found.append(f"{episode.name}: {episode.fault.alert} did not fire within {limit:.0f} s")
            elif episode.told is None:
                found.append(f"{episode.name}: nobody was told of {episode.fault.alert}")
        if episode.quiet is None:
            found.append(f"{episode.name}: {episode.fault.alert} did not end")
    for moment, firing in history.seen:
        lasting = [episode for episode in episodes if episode.lasts_at(moment)]
        found += [
            f"{alert} {source} fired while {', '.join(episode.name for episode in lasting) or 'all was well'}"
            for alert, source in firing
            if not any(episode.owns(alert) for episode in lasting)
        ]
    return [*dict.fromkeys(found), *_told_wrongly(deployment, episodes)]


def _told_wrongly(deployment: Deployment, episodes: Sequence[Episode]) -> list[str]:
    """Notifications that should not have been sent, or that were sent first though another alert names the fault."""
    found = []
    for each in deployment.pager.told:
        lasting = [episode for episode in episodes if episode.lasts_at(each.at)]
        if not any(each.alert in {one.fault.alert, *one.fault.besides} for one in lasting):
            found.append(f"the {each.receiver} was told of {each.alert} {each.labels.get('source', '')}")
    for episode in episodes:
        others = [other for other in episodes if other is not episode]
        first = next(
            (
                each.alert
                for each in deployment.pager.told
                if episode.lasts_at(each.at)
                and not any(other.lasts_at(each.at) and other.owns(each.alert) for other in others)
            ),
            episode.fault.alert,
        )
        if first is not None and first not in {episode.fault.alert, *episode.fault.besides}:
            found.append(f"{episode.name}: the first that was told was {first}")
    return found


def worst_minute(log: Path) -> int:
    """The most log lines that a program wrote within a minute; a line without a time counts with the one before."""
    times: list[float] = []
    for line in log.read_text("utf-8").splitlines():
        try:
            times.append(datetime.fromisoformat(json.loads(line)["time"]).timestamp())
        except (ValueError, KeyError, TypeError):
            times.append(times[-1] if times else 0.0)
    return max((sum(start <= time < start + 60 for time in times) for start in times), default=0)


def untrue(deployment: Deployment, window_s: float) -> list[str]:
    """Counts in the metrics that differ from the topics by more than 1 %, after the input has ended."""
    deployment.starve()
    deployment.signal("canary", signal.SIGTERM)
    seen = 0

    async def settled() -> dict[str, Content]:
        nonlocal seen
        while True:
            await drained(deployment.connection, PREFIX)
            found = await contents(deployment.connection, PREFIX, COUNTED_IN)
            if len(found[STRIPS.name].all) == seen:
                return found
            seen = len(found[STRIPS.name].all)
            await asyncio.sleep(5)

    expected = in_topics(asyncio.run(settled()), unread=0)
    print(f"counted in topics: {sum(map(Counter.total, expected.values())):,} in {len(expected)} metrics")
    wrong = differences(
        deployment.prometheus,
        expected,
        window=f"{window_s:.0f}s",
        allowed=lambda number: max(_SHARE * number, _MISSED * deployment.killed),
    )
    return [f"{metric}: told, true: {rows}" for metric, rows in wrong.items()]


@click.command()
@click.argument("faults", nargs=-1, type=click.Choice(list(FAULTS)))
@click.option("--faster", default=_FASTER, show_default=True, help="How much faster the rules' clock runs.")
@click.option("--slack", default=_SLACK_S, show_default=True, help="Seconds that an alert may be late.")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep logs and Prometheus' data here.")
def command(faults: tuple[str, ...], faster: float, slack: float, keep: Path | None) -> None:
    """Inject faults and report which alerts fired, who was notified, and whether the metrics were true."""
    with tempfile.TemporaryDirectory() as temporary:
        wrong = run(keep or Path(temporary), faults or tuple(FAULTS), faster, slack)
    for complaint in wrong:
        print(f"WRONG: {complaint}")
    print(f"{len(wrong)} wrong" if wrong else "all as it should be")
    sys.exit(bool(wrong))


def run(folder: Path, names: Sequence[str], faster: float, slack: float) -> list[str]:
    """Inject faults, lane by lane in parallel, into a pipeline of its own; gives everything that was wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise click.UsageError(
            f"{folder} is not empty: what an earlier run left there would be counted as well"
        )
    with ExitStack() as stack:
        began = time.monotonic()
        deployment = Deployment(folder, stack, faster=faster)
        wait_until(lambda: deployment.prometheus.query("max(ticker_canary_age_seconds) < 60"), seconds=300)
        history = stack.enter_context(History(deployment))
        _moment(lambda: bool(history.seen) and not history.now, _END_S)
        history.seen.clear()
        deployment.pager.told.clear()

        def play(faults: Sequence[str]) -> list[Episode]:
            played = []
            for name in faults:
                played.append(provoke(deployment, history, name))
                print(told(played[-1]), flush=True)
            return played

        lanes = [[name for name in lane if name in names] for lane in LANES.values()]
        with ThreadPoolExecutor() as together:
            episodes = [episode for played in together.map(play, lanes) for episode in played]
        told_of = Counter(each.alert for each in deployment.pager.told)
        print(
            "people were told of: " + ", ".join(f"{alert} {times} times" for alert, times in told_of.items())
        )
        wrong = complaints(deployment, history, episodes, slack)
        if "upgrade" in names and len(deployment.versions()) != 1:
            wrong.append(f"after the upgrade there are workers of {deployment.versions()}")
        worst = {name: worst_minute(deployment.log(name)) for name in deployment.programs}
        print(
            "most lines of log in a minute: " + ", ".join(f"{name} {lines}" for name, lines in worst.items())
        )
        wrong += [f"{name} wrote {lines} lines" for name, lines in worst.items() if lines > _LINES_A_MINUTE]
        return wrong + untrue(deployment, time.monotonic() - began + 60)


if __name__ == "__main__":
    command()
