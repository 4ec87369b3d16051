"""Webhooks, pushed to real servers on loopback that misbehave: signed, in order, at least once."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Change
from streams.errors import SettingsError
from streams.observe.health import listening
from streams.outbound import is_public
from streams.serve.filter import Filter
from streams.serve.position import write_position
from streams.serve.webhooks.config import Webhook, read_webhooks
from streams.serve.webhooks.delivery import Delivery, Patience
from streams.serve.webhooks.signing import signed_headers
from streams.serve.webhooks.state import State
from streams.serve.window import Window
from streams.settings import Secret
from tests.serve.serve_support import IDENTITY, headline

SECRET: Final = f"whsec_{base64.b64encode(bytes(range(32))).decode()}"
HASTY: Final = Patience(first=0.01, longest=0.05, whole=20.0)


class Tally:
    """Counts what an observer is told."""

    def __init__(self) -> None:
        self.taken = 0
        self.failures = 0
        self.given_up = 0

    def delivered(self, _webhook: str, _seconds: float) -> None:
        self.taken += 1

    def failed(self, _webhook: str) -> None:
        self.failures += 1

    def gave_up(self, _webhook: str) -> None:
        self.given_up += 1


class Receiver:
    """A server that keeps what it is sent, and answers each time as `answers` says; 204 after that."""

    def __init__(self, *answers: int | Callable[[], Awaitable[web.StreamResponse]]) -> None:
        self._answers = list(answers)
        self.messages: list[tuple[dict[str, str], bytes]] = []
        self.address = ""

    def texts(self) -> list[str]:
        """The texts of all messages, in order, repeated ones too."""
        return [json.loads(body)["data"]["text"] for _, body in self.messages]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.messages.append((dict(request.headers), await request.read()))
        answer = self._answers.pop(0) if self._answers else 204
        if isinstance(answer, int):
            return web.Response(status=answer, headers={"Location": "/elsewhere", "Retry-After": "0"})
        return await answer()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Run a receiver on loopback."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", receiver.handle)
    async with listening(application, "127.0.0.1:0", shutdown_timeout=0.1) as address:
        receiver.address = f"http://{address}/hook"
        yield receiver


@asynccontextmanager
async def delivering(
    receiver: Receiver,
    window: Window,
    folder: Path,
    *,
    patience: Patience = HASTY,
    allow_private: bool = True,
) -> AsyncIterator[tuple[Delivery, Tally]]:
    """Deliver a window's headlines while the context lasts."""
    tally = Tally()
    webhook = Webhook(
        id="desk",
        address=receiver.address,
        secret=Secret(SECRET),
        wanted=Filter(),
        allow_private=allow_private,
    )
    delivery = Delivery(
        webhook, window, identity=IDENTITY, state=State(folder, "desk"), observer=tally, patience=patience
    )
    running = asyncio.create_task(delivery.run())
    try:
        await asyncio.sleep(0)
        yield delivery, tally
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def put(window: Window, delivery: Delivery, *numbers: int, **options: Any) -> None:
    """Let headlines come."""
    for number in numbers:
        window.add(headline(number, f"Headline {number}", **options), 0, window.position[0])
    delivery.wake()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in another task."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def test_a_headline_is_pushed_as_a_signed_cloudevent(tmp_path: Path) -> None:
    """Who receives can prove who sent it, and tell a repetition by its id."""

    async def run() -> None:
        window = Window(100, 1, time.time)
        async with (
            receiving(Receiver()) as receiver,
            delivering(receiver, window, tmp_path) as (delivery, tally),
        ):
            put(window, delivery, 1)
            await until(lambda: tally.taken == 1)
            ((headers, body),) = receiver.messages
            event = json.loads(body)
            assert headers["Content-Type"] == "application/cloudevents+json"
            assert (event["specversion"], event["id"]) == ("1.0", headers["webhook-id"])
            signed = signed_headers(bytes(range(32)), event["id"], int(headers["webhook-timestamp"]), body)
            assert headers["webhook-signature"] == signed["webhook-signature"]

    asyncio.run(run())


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_address_that_fails_is_asked_again_until_it_takes_it(tmp_path: Path) -> None:
    """Errors, redirects that are not followed, answers that never come."""

    async def hang_up() -> web.StreamResponse:
        raise ConnectionResetError

    async def run() -> None:
        window = Window(100, 1, time.time)
        async with (
            receiving(Receiver(500, 302, 429, hang_up)) as receiver,
            delivering(receiver, window, tmp_path) as (delivery, tally),
        ):
            put(window, delivery, 1)
            await until(lambda: tally.taken == 1)
            assert receiver.texts() == ["Headline 1"] * 5
            assert len({headers["webhook-id"] for headers, _ in receiver.messages}) == 1
            assert tally.failures == 4

    asyncio.run(run())


def test_an_update_never_overtakes_what_it_updates(tmp_path: Path) -> None:
    """While the first is refused, its update waits; others go on."""

    async def run() -> None:
        window = Window(100, 1, time.time)
        async with (
            receiving(Receiver(500, 500, 500)) as receiver,
            delivering(receiver, window, tmp_path) as (delivery, tally),
        ):
            window.add(headline(1, "3 dead"), 0, 0)
            change = Change(kind="toll", before="3", after="17")
            window.add(headline(2, "17 dead", updates=1, changes=(change,)), 0, 1)
            delivery.wake()
            await until(lambda: tally.taken == 2)
            assert receiver.texts() == ["3 dead"] * 4 + ["17 dead"]

    asyncio.run(run())


def test_what_an_address_will_not_take_is_kept_and_the_rest_goes_on(tmp_path: Path) -> None:
    """One bad address or headline holds up nobody for ever."""

    async def run() -> None:
        window = Window(100, 1, time.time)
        short = Patience(first=0.01, longest=0.01, whole=0.05)
        async with (
            receiving(Receiver(*[400] * 60)) as receiver,
            delivering(receiver, window, tmp_path, patience=short) as (delivery, tally),
        ):
            put(window, delivery, 1)
            await until(lambda: tally.given_up == 1)
            kept = json.loads((tmp_path / "desk.failed.jsonl").read_text())
            assert kept["reason"] == "answered 400"
            assert kept["headline"]["text"] == "Headline 1"

    asyncio.run(run())


def test_a_webhook_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    """At least once: nothing is missing, and what comes twice has the same id."""

    async def run() -> None:
        window = Window(100, 1, time.time)
        async with receiving(Receiver()) as receiver:
            async with delivering(receiver, window, tmp_path) as (delivery, tally):
                put(window, delivery, 1, 2)
                await until(lambda: tally.taken == 2)
            put(window, delivery, 3, 4)
            async with delivering(receiver, window, tmp_path) as (delivery, tally):
                put(window, delivery, 5)
                await until(lambda: tally.taken >= 3)
            assert sorted(set(receiver.texts())) == [f"Headline {number}" for number in range(1, 6)]

    asyncio.run(run())


def test_a_disk_that_takes_nothing_stops_no_delivery(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged once, and the position is saved again when that is possible."""
    folder, away = tmp_path / "state", tmp_path / "away"

    async def run() -> None:
        window = Window(100, 1, time.time)
        short = Patience(first=0.01, longest=0.01, whole=0.05)
        async with (
            receiving(Receiver(*[204] * 2, *[500] * 100)) as receiver,
            delivering(receiver, window, folder, patience=short) as (delivery, tally),
        ):
            folder.rename(away)
            put(window, delivery, 1, 2)
            await until(lambda: tally.taken == 2)
            put(window, delivery, 3)
            await until(lambda: tally.given_up == 1)
            away.rename(folder)
            put(window, delivery, 4)
            await until((folder / "desk.position").exists)

    asyncio.run(run())
    assert caplog.text.count("a restart would send headlines again") == 1
    assert "was given up (answered 500)" in caplog.text


def test_a_webhook_begins_with_what_comes_next(tmp_path: Path) -> None:
    """A new address is not flooded with the past."""

    async def run() -> None:
        window = Window(100, 1, time.time)
        window.add(headline(0, "Past"), 0, 0)
        async with (
            receiving(Receiver()) as receiver,
            delivering(receiver, window, tmp_path) as (delivery, tally),
        ):
            await until((tmp_path / "desk.position").exists)
            put(window, delivery, 1)
            await until(lambda: tally.taken == 1)
            assert receiver.texts() == ["Headline 1"]

    asyncio.run(run())


def test_a_gap_is_told_and_all_that_is_kept_is_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A webhook that was away for longer than the window."""

    async def run() -> None:
        State(tmp_path, "desk").write(write_position(IDENTITY, (0,)))
        window = Window(2, 1, time.time)
        for number in range(4):
            window.add(headline(number, f"Headline {number}"), 0, number)
        async with receiving(Receiver()) as receiver, delivering(receiver, window, tmp_path) as (_, tally):
            await until(lambda: tally.taken == 2)
            assert sorted(receiver.texts()) == ["Headline 2", "Headline 3"]

    asyncio.run(run())
    assert "is not kept" in caplog.text


def test_private_addresses_are_refused_unless_they_are_allowed(tmp_path: Path) -> None:
    """By the address that is connected to, whatever its name is; nothing reaches it."""

    async def run() -> None:
        window = Window(100, 1, time.time)
        async with receiving(Receiver()) as receiver:
            receiver.address = receiver.address.replace("127.0.0.1", "localhost")
            async with delivering(receiver, window, tmp_path, allow_private=False) as (delivery, tally):
                put(window, delivery, 1)
                await until(lambda: tally.failures > 0)
                assert receiver.messages == []

    asyncio.run(run())


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1", "::",
     "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "224.0.0.1",
     "255.255.255.255", "ff02::1"],
)  # fmt: skip
def test_an_address_inside_is_not_public(address: str) -> None:
    """This machine, its network, a cloud's metadata, also written as IPv6."""
    assert not is_public(address)


@given(address=st.ip_addresses(v=4))
def test_an_address_is_as_public_written_as_ipv6(address: Any) -> None:
    """A mapping hides nothing."""
    assert is_public(str(address)) == is_public(f"::ffff:{address}")


WRONG: Final = {
    "": "webhook",
    "webhook = 3": "array",
    '[[webhook]]\nid = "a"': "address",
    '[[webhook]]\nid = "A b"\naddress = "https://x.example/"\nsecret_env = "S"': "id",
    '[[webhook]]\nid = "a"\naddress = "ftp://x.example/"\nsecret_env = "S"': "is no address",
    '[[webhook]]\nid = "a"\naddress = "https://x.example/"\nsecret_env = "MISSING"': "MISSING is not set",
    '[[webhook]]\nid = "a"\naddress = "https://x.example/"\nsecret_env = "BAD"': "BAD is no secret",
    '[[webhook]]\nid = "a"\naddress = "https://x.example/"\nsecret_env = "S"\ntopic = ["sprot"]': "did you mean sport",
    '[[webhook]]\nid = "a"\naddress = "https://x.example/"\nsecret_env = "S"\ntopics = []': "topics",
    '[[webhook]]\nid = "a"\naddress = "https://x.example/"\nsecret_env = "S"\n' * 2: "two webhooks",
    "x = ": "TOML",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_entry_stops_the_start_and_says_which(tmp_path: Path, text: str) -> None:
    """Settings are checked before anything is sent; secrets are never shown."""
    path = tmp_path / "webhooks.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=WRONG[text]) as caught:
        read_webhooks(path, {"S": SECRET, "BAD": "whsec_c2hvcnQ="})
    assert "c2hvcnQ" not in str(caught.value)


def test_an_entry_becomes_a_webhook(tmp_path: Path) -> None:
    """Address, filter and the secret from the environment."""
    path = tmp_path / "webhooks.toml"
    path.write_text(
        '[[webhook]]\nid = "desk"\naddress = "https://x.example/hook"\nsecret_env = "S"\nlanguage = ["ar"]\n'
    )
    (webhook,) = read_webhooks(path, {"S": SECRET})
    assert webhook.wanted == Filter(languages=frozenset({"ar"}))
    assert webhook.secret.reveal() == SECRET
