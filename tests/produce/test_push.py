"""`POST /strips`: what is taken is kept, and what is not says why with the words that files are refused with."""

import asyncio
import gzip
import io
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web

from streams.errors import InputError
from streams.observe.health import listening
from streams.produce.intake import Intake
from streams.produce.observation import TIMES
from streams.produce.outgoing import unpack
from streams.produce.push import push_routes
from streams.produce.read import MAX_LINE, read
from streams.produce.spool import Spool

_TOKEN: Final = "correct-horse"
_STRIP: Final = {
    "source": "akhbar",
    "observed_at": "2026-03-11T08:00:00Z",
    "text": "Port reopens after the storm | Orchards bloom early this year",
    "separator": "|",
}
_JSON: Final = {"Authorization": f"Bearer {_TOKEN}", "Content-Type": "application/json"}

Post = Callable[..., Awaitable[tuple[int, dict[str, Any], Any]]]


def pushing(
    folder: Path,
    act: Callable[[Post, Spool], Awaitable[None]],
    *,
    rate: float = 1000,
    limit: int = 1 << 20,
    is_ending: bool = False,
) -> list[str]:
    """Run `act` against the route on a real server; the outcomes that were counted."""
    outcomes: list[str] = []

    async def run() -> None:
        with Spool(folder, limit=limit) as spool:
            intake = Intake(spool)
            application = web.Application()
            application.add_routes(
                push_routes(
                    intake, token=_TOKEN, rate=rate, observe=outcomes.append, is_ending=lambda: is_ending
                )
            )
            taking = asyncio.create_task(intake.run())
            async with (
                listening(application, "127.0.0.1:0", shutdown_timeout=1) as address,
                aiohttp.ClientSession() as session,
            ):

                async def post(
                    body: Any = _STRIP, headers: dict[str, str] = _JSON
                ) -> tuple[int, dict[str, Any], Any]:
                    data = body if isinstance(body, bytes) else json.dumps(body).encode()
                    url = f"http://{address}/strips"
                    async with session.post(url, data=io.BytesIO(data), headers=headers) as answer:
                        return answer.status, await answer.json(content_type=None), answer.headers

                await act(post, spool)
            taking.cancel()

    asyncio.run(run())
    return outcomes


def test_what_is_taken_is_kept_with_its_id(tmp_path: Path) -> None:
    """202 with the strip's id; the same again is told the same and kept once."""

    async def act(post: Post, spool: Spool) -> None:
        (status, first, _), (_, again, _) = await post(), await post()
        assert status == HTTPStatus.ACCEPTED
        assert first == again == {"id": first["id"], "slots": 2, "sightings": 2}
        (kept,) = spool.read(most=10, most_bytes=1 << 20)
        assert unpack(kept.body).strip.id == first["id"]

    assert pushing(tmp_path, act) == ["taken", "taken"]


def test_a_producer_that_ends_takes_nothing_more(tmp_path: Path) -> None:
    """It hands over what it has; whoever pushes comes again, and is told when."""

    async def act(post: Post, spool: Spool) -> None:
        status, problem, headers = await post()
        assert status == HTTPStatus.SERVICE_UNAVAILABLE
        assert "send it again" in problem["detail"]
        assert int(headers["Retry-After"]) > 0
        assert not spool.waiting

    assert pushing(tmp_path, act, is_ending=True) == ["ending"]


def test_strips_that_come_together_are_all_kept(tmp_path: Path) -> None:
    """However many at one time."""

    async def act(post: Post, spool: Spool) -> None:
        answers = await asyncio.gather(
            *(post(_STRIP | {"text": f"Port {n} reopens | Orchard {n} blooms"}) for n in range(40))
        )
        assert {status for status, _, _ in answers} == {HTTPStatus.ACCEPTED}
        kept = [unpack(each.body).strip.id for each in spool.read(most=99, most_bytes=1 << 20)]
        assert sorted(kept) == sorted(answer["id"] for _, answer, _ in answers)

    pushing(tmp_path, act)


@pytest.mark.parametrize(
    "changed",
    [
        {"source": ""},
        {"source": "x" * 201},
        {"observed_at": "yesterday"},
        {"observed_at": "2026-03-11T08:00:00"},
        {"text": "one headline only", "separator": None},
        {"text": "x" * 4_000_000},
        {"text": None},
        {"format": "docx"},
    ],
)
def test_what_is_wrong_is_told_as_of_a_file(tmp_path: Path, changed: dict[str, Any]) -> None:
    """400 with problem details; nothing is kept."""
    line = tmp_path / "strips.jsonl"
    line.write_text(json.dumps(_STRIP | changed))
    told: list[InputError] = []
    observations = list(read([str(line)], failed=told.append))

    async def act(post: Post, spool: Spool) -> None:
        status, problem, headers = await post(_STRIP | changed)
        assert (status, headers["Content-Type"]) == (400, "application/problem+json")
        assert problem["status"] == 400
        if not observations:
            assert problem["detail"] == told[0].problem
        assert spool.waiting == 0

    assert pushing(tmp_path / "spool", act) == ["invalid"]


def test_a_clock_that_is_ahead_is_told(tmp_path: Path) -> None:
    """A file's strip is kept in the dead letters; who pushes can mend it."""

    async def act(post: Post, spool: Spool) -> None:
        status, problem, _ = await post(_STRIP | {"observed_at": "2999-01-01T00:00:00Z"})
        assert status == 400
        assert f"ahead of this clock; allowed: {TIMES}" in problem["detail"]
        assert spool.waiting == 0

    pushing(tmp_path, act)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 401),
        (_JSON | {"Authorization": "Bearer wrong"}, 401),
        (_JSON | {"Authorization": f"Basic {_TOKEN}"}, 401),
        (_JSON | {"Content-Type": "text/html"}, 415),
        (_JSON | {"Content-Encoding": "gzip"}, 400),
    ],
)
def test_who_may_not_is_refused(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    """Without the token, as another type, or as what cannot be decompressed."""

    async def act(post: Post, spool: Spool) -> None:
        assert (await post(headers=headers))[0] == status
        assert spool.waiting == 0

    pushing(tmp_path, act)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_body_that_is_too_long_is_not_read_to_its_end(tmp_path: Path, compressed: bool) -> None:
    """413, also where it is small as it comes and large once it is decompressed."""
    body = json.dumps(_STRIP | {"text": "a" * (MAX_LINE + 1)}).encode()

    async def act(post: Post, _: Spool) -> None:
        if compressed:
            status, problem, _ = await post(gzip.compress(body), _JSON | {"Content-Encoding": "gzip"})
        else:
            status, problem, _ = await post(body)
        assert status == 413
        assert "at most 4,194,304 bytes" in problem["detail"]

    assert pushing(tmp_path, act) == ["invalid"]


def test_who_comes_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    """429 with Retry-After."""

    async def act(post: Post, _: Spool) -> None:
        answers = [await post() for _ in range(8)]
        assert [status for status, _, _ in answers][:6] == [202] * 6
        assert answers[-1][0] == 429
        assert int(answers[-1][2]["Retry-After"]) >= 1

    assert pushing(tmp_path, act, rate=1)[-1] == "too many"


def test_a_full_spool_refuses_and_says_when_to_come_again(tmp_path: Path) -> None:
    """429 with Retry-After; what was taken before is still there."""

    async def act(post: Post, spool: Spool) -> None:
        statuses = [(await post(_STRIP | {"observed_at": f"2026-03-11T08:00:{n:02}Z"}))[0] for n in range(20)]
        taken = statuses.count(202)
        assert statuses == [202] * taken + [429] * (20 - taken)
        assert spool.waiting == taken > 0
        _, _, headers = await post(_STRIP | {"observed_at": "2026-03-11T09:00:00Z"})
        assert headers["Retry-After"] == "30"

    assert pushing(tmp_path, act, limit=10_000)[-1] == "full"
