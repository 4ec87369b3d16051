"""Every port of ours answers errors alike: as problem details that say what to do."""

import asyncio
import logging
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from prometheus_client import CollectorRegistry

from streams.observe.health import pages


def asked(method: str, path: str) -> tuple[int, str | None, dict[str, Any]]:
    """The status, the Allow header and the problem that a port with health pages and two others answers."""

    async def take(_request: web.Request) -> web.Response:
        return web.Response(text="taken")

    async def fail(_request: web.Request) -> web.Response:
        raise RuntimeError("a bug")

    async def run() -> tuple[int, str | None, dict[str, Any]]:
        routes = [web.post("/strips", take), web.get("/faulty", fail)]
        registry = CollectorRegistry()
        async with (
            pages("127.0.0.1:0", registry=registry, is_ready=lambda: True, further=routes) as address,
            aiohttp.ClientSession() as session,
            session.request(method, f"http://{address}{path}") as answer,
        ):
            assert answer.content_type == "application/problem+json"
            return answer.status, answer.headers.get("Allow"), await answer.json(content_type=None)

    return asyncio.run(run())


def test_a_page_that_is_not_there_is_answered_with_those_that_are() -> None:
    """Who mistypes `/healthz` on the port of a worker is told what it has."""
    status, _, problem = asked("GET", "/health")
    assert (status, problem["status"]) == (404, 404)
    assert (
        problem["detail"] == "there is no such page; there are /faulty, /healthz, /metrics, /readyz, /strips"
    )


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/strips", "POST"), ("POST", "/metrics", "GET,HEAD")]
)
def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(
    method: str, path: str, allowed: str
) -> None:
    """In the Allow header for programs, in the problem for people."""
    status, allow, problem = asked(method, path)
    assert (status, allow) == (405, allowed)
    assert problem["detail"] == f"this page does not take {method}; it takes {allowed}"


def test_a_fault_of_ours_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    """The client learns that it is not to blame; the traceback stays here."""
    with caplog.at_level(logging.ERROR):
        status, _, problem = asked("GET", "/faulty")
    assert (status, "a bug" in str(problem)) == (500, False)
    assert caplog.records[-1].exc_info


def test_a_request_that_is_no_http_is_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Scanners send such; an error in the log is for somebody to look at."""

    async def run() -> bytes:
        async with pages("127.0.0.1:0", registry=CollectorRegistry(), is_ready=lambda: True) as address:
            reader, writer = await asyncio.open_connection(*address.split(":"))
            writer.write(b"GET /healthz HTTP/1.1\r\nno header\r\n\r\n")
            answer = await reader.readline()
            writer.close()
            return answer

    assert b" 400 " in asyncio.run(run())
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
