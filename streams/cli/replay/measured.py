"""Serves the metrics of a replay while a command runs; the command ends once its result was scraped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from streams.errors import TickerError

if TYPE_CHECKING:
    from streams.observe.beside import Served
    from streams.replay.metrics import ReplayMetrics

_LAST_SCRAPE_S: Final = 60.0
"""How long to wait until the result is scraped: the longest usual scrape interval."""


@contextmanager
def measured(listen: str | None) -> Iterator["ReplayMetrics"]:
    """The metrics of a replay, served while the context lasts if there is an address.

    An error in the context is exported as a failed replay. An interrupt ends the context at once.

    Raises:
        SettingsError: The address cannot be listened on.
    """
    from prometheus_client import REGISTRY, CollectorRegistry

    from streams.observe.beside import serving_beside
    from streams.replay.metrics import ReplayMetrics

    registry = REGISTRY if listen else CollectorRegistry()
    with serving_beside(listen, registry=registry) as served:
        metrics = ReplayMetrics(registry)
        try:
            yield metrics
        except TickerError as error:
            metrics.finished(f"broke off: {type(error).__name__}", failed=True)
            _wait(metrics, served)
            raise
        _wait(metrics, served)


def _wait(metrics: "ReplayMetrics", served: "Served") -> None:
    metrics.at("done")
    if served.is_served and metrics.has_result:
        click.echo(f"waiting for the result to be scraped, {_LAST_SCRAPE_S:.0f} s at most", err=True)
        served.wait_for_scrape(_LAST_SCRAPE_S)
