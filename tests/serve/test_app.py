"""The HTTP pages: what they answer, with which headers, and how they refuse."""

import asyncio
import base64
import json
from typing import Any

import aiohttp
import jsonschema
import pytest

from schemas.events import Change
from streams.produce.split import split
from streams.serve.guard import Limits
from streams.serve.window import Window
from streams.web.access import Rates
from tests.serve.serve_support import filled, get, headline, serving

UPDATED = (
    headline(1, "3 dead in bus crash near the harbour"),
    headline(
        2,
        "17 dead in bus crash near the harbour",
        updates=1,
        changes=(Change(kind="toll", before="3", after="17"),),
    ),
)


def ask(
    window: Window, path: str, headers: dict[str, str] | None = None, **limits: Any
) -> tuple[int, Any, str]:
    """One request to a server of a window."""

    async def run() -> tuple[int, Any, str]:
        async with serving(window, limits=Limits(**limits)) as server:
            return await get(server.address, path, headers)

    return asyncio.run(run())


def test_the_api_gives_rows_with_what_was_updated_and_where_to_go_on() -> None:
    """A headline once, in its newest wording, with its former one."""
    status, _, body = ask(filled(*UPDATED), "/api/headlines")
    page = json.loads(body)
    (row,) = page["headlines"]
    assert status == 200
    assert row["headline"]["text"].startswith("17 dead")
    assert row["headline"]["changes"] == [{"kind": "toll", "before": "3", "after": "17"}]
    assert [old["text"] for old in row["earlier"]] == ["3 dead in bus crash near the harbour"]
    assert page["position"].endswith(".2")


def test_an_answer_is_as_the_openapi_document_says() -> None:
    """The document is made of the structs that are sent."""
    window = filled(*UPDATED, headline(3, "الرجاء يفوز", language="ar"))
    document = json.loads(ask(window, "/openapi.json")[2])
    assert document["openapi"] == "3.1.0"
    for path, real in (
        ("/api/headlines", "/api/headlines"),
        ("/api/topics", "/api/topics"),
        ("/api/headlines/{id}/why", f"/api/headlines/{UPDATED[1].id}/why"),
    ):
        content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
        schema = {**content["schema"], "components": document["components"]}
        jsonschema.validate(json.loads(ask(window, real)[2]), schema)


def test_why_tells_what_ticker_explain_tells() -> None:
    """Published as an update, with the facts that changed."""
    why = json.loads(ask(filled(*UPDATED), f"/api/headlines/{UPDATED[1].id}/why")[2])
    assert why["outcome"] == "update"
    assert why["headline"]["updates"] == UPDATED[0].id


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/headlines?topic=sprot", 400, "did you mean sport?"),
        ("/api/headlines?language=Arabic", 400, "ISO 639"),
        ("/api/headlines?limit=0", 400, "from 1 to 500"),
        ("/api/headlines?limit=9999999999999999999999", 400, "from 1 to 500"),
        (f"/api/headlines?words={'x' * 201}", 400, "200 are allowed"),
        ("/api/headlines?" + "source=a&" * 21, 400, "20 are allowed"),
        ("/topics/nothing.atom", 400, "is no topic"),
        ("/api/headlines/00000000000000000000-9/why", 404, "ticker explain"),
        ("/nowhere", 404, "/openapi.json"),
        ("/page/../app.py", 404, "/openapi.json"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_that_says_what_to_do(path: str, status: int, said: str) -> None:
    """Problem details (RFC 9457)."""
    found, headers, body = ask(filled(*UPDATED), path)
    problem = json.loads(body)
    assert (found, headers["Content-Type"]) == (status, "application/problem+json")
    assert problem["status"] == status
    assert said in problem["detail"]


def test_nothing_but_reading_is_allowed() -> None:
    """A POST is refused with what is allowed."""

    async def run() -> None:
        async with (
            serving(filled()) as server,
            aiohttp.ClientSession() as session,
            session.post(f"{server.address}/api/headlines") as answer,
        ):
            assert (answer.status, "GET" in answer.headers["Allow"]) == (405, True)

    asyncio.run(run())


@pytest.mark.parametrize("path", ["/", "/strip", "/api/headlines", "/all.atom", "/nowhere"])
def test_every_answer_is_guarded_against_markup_of_others(path: str) -> None:
    """No script but our own, no embedding but of the plain strip."""
    _, headers, _ = ask(filled(), path)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert ("frame-ancestors 'self'" in policy) == (path == "/strip")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in headers


def test_scripts_of_other_sites_may_read_only_when_they_are_named() -> None:
    """CORS is off unless it is set."""
    origin = {"Origin": "https://news.example"}
    named = ask(filled(), "/all.json", origin, cors_origins=("https://news.example",))[1]
    assert named["Access-Control-Allow-Origin"] == "https://news.example"
    other = ask(filled(), "/all.json", origin, cors_origins=("https://other.example",))[1]
    assert "Access-Control-Allow-Origin" not in other


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Basic !!!", 401),
        ("Basic é", 401),
        ("Bearer \udcff", 401),
        ("Bearer swordfish", 200),
        (f"Basic {base64.b64encode(b'anyone:swordfish').decode()}", 200),
    ],
)
def test_where_a_token_is_set_it_is_asked_for(authorization: str | None, status: int) -> None:
    """As a Bearer, or as the password in a browser."""
    headers = {"Authorization": authorization} if authorization else {}
    found, answer, _ = ask(filled(), "/api/headlines", headers, token="swordfish")
    assert found == status
    assert ("WWW-Authenticate" in answer) == (status == 401)
    assert ask(filled(), "/healthz", token="swordfish")[0] == 200


def test_an_address_that_asks_too_often_is_told_when_to_come_again() -> None:
    """Six seconds' worth at once, then a rate."""
    now = 0.0
    rates = Rates(2.0, clock=lambda: now)
    assert [rates.wait("a") for _ in range(12)] == [0.0] * 12
    assert rates.wait("a") == 0.5
    assert rates.wait("b") == 0.0
    now = 0.5
    assert rates.wait("a") == 0.0

    async def run() -> None:
        async with serving(filled(), limits=Limits(rate=0.1)) as server:
            assert (await get(server.address, "/strip.txt"))[0] == 200
            status, headers, _ = await get(server.address, "/strip.txt")
            assert (status, headers["Retry-After"]) == (429, "10")

    asyncio.run(run())


def test_the_strip_is_split_again_into_the_same_headlines() -> None:
    """What is one line for a television is a strip like any other."""
    texts = [f"Harbour city council debates plan number {number}" for number in range(6)]
    window = filled(*(headline(number, text) for number, text in enumerate(texts)))
    strip = ask(window, "/strip.txt")[2]
    assert [slot.text for slot in split(strip.rstrip("\n")).slots] == texts[::-1]


def test_older_headlines_are_asked_for_by_number() -> None:
    """`before` goes on below the last row."""
    window = filled(*(headline(number, f"Headline {number}") for number in range(5)))
    first = json.loads(ask(window, "/api/headlines?limit=2")[2])["headlines"]
    rest = json.loads(ask(window, f"/api/headlines?before={first[-1]['number']}")[2])["headlines"]
    assert [row["headline"]["text"] for row in rest] == ["Headline 2", "Headline 1", "Headline 0"]


def test_a_fault_of_ours_shows_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    """The client gets a problem, the log the traceback."""
    window = filled(headline(1))
    window._entries[0].headline = None  # type: ignore[assignment]
    status, _, body = ask(window, "/api/headlines")
    assert status == 500
    assert "Traceback" not in body
    assert "AttributeError" in caplog.text
