"""Metrics of a command that computes and ends: they are served from a thread, and the last of them are waited for."""

import threading
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Gauge

from streams.errors import SettingsError
from streams.observe.beside import Served, serving_beside
from tests.deploy.support import free_port


def scrape(address: str) -> str:
    """What Prometheus reads."""
    request = urllib.request.Request(
        f"http://{address}/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "10"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode())


def look(address: str) -> str:
    """What a browser reads."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as answer:
        return str(answer.read().decode())


def waited(served: Served, seconds: float) -> tuple[threading.Thread, list[bool]]:
    """Somebody who waits for a scrape, and what comes of it."""
    came: list[bool] = []
    thread = threading.Thread(target=lambda: came.append(served.wait_for_scrape(seconds)))
    thread.start()
    return thread, came


def test_a_result_is_scraped_before_the_command_ends() -> None:
    """Who only looks does not count; the scrape that is waited for shows what was true before."""
    registry, address = CollectorRegistry(), f"127.0.0.1:{free_port()}"
    gauge = Gauge("result", "A result.", registry=registry)
    with serving_beside(address, registry=registry) as served:
        assert "result 0.0" in scrape(address)
        gauge.set(7)
        thread, came = waited(served, 60)
        while thread.is_alive():
            assert "result 7.0" in look(address)
            assert "result 7.0" in scrape(address)
        assert came == [True]


def test_nobody_is_waited_for_without_end() -> None:
    """Where no Prometheus comes, or nothing is served, the command ends."""
    registry = CollectorRegistry()
    with serving_beside(f"127.0.0.1:{free_port()}", registry=registry) as served:
        assert served.is_served
        assert not served.wait_for_scrape(0.01)
    with serving_beside(None, registry=registry) as served:
        assert not served.is_served
        assert not served.wait_for_scrape(60)


def test_an_address_that_is_taken_is_said() -> None:
    """Before the command does anything, with what to do: another program has it, so another one is to be named."""
    registry, address = CollectorRegistry(), f"127.0.0.1:{free_port()}"
    with (
        serving_beside(address, registry=registry),
        pytest.raises(SettingsError, match=f"{address}: another program listens there"),
        serving_beside(address, registry=registry),
    ):
        pass
