"""Pushes the window's headlines to one address, at least once, with retries and in order within a chain.

Chains are assigned to parallel lanes: within a lane, an update never overtakes the headline that it updates, and a slow
answer delays only its lane. The position on disk is one before which everything was delivered or given up: after a kill
some headlines are sent again, under the same id.
"""

import asyncio
import logging
import random
import time
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final, Protocol
from zlib import crc32

import aiohttp
from msgspec import Struct

from streams.errors import described
from streams.outbound import connector, unconnected
from streams.serve.position import read_position, write_position
from streams.serve.webhooks.config import Webhook, key_of
from streams.serve.webhooks.signing import body, signed_headers
from streams.serve.webhooks.state import State
from streams.serve.window import Entry, Window, wants

logger: Final = logging.getLogger(__name__)

LANES: Final = 8
_TIMEOUT_S: Final = 15.0
_AT_ONCE: Final = 200
"""The most headlines that are being sent or wait in their lanes."""


class Patience(Struct, frozen=True, kw_only=True):
    """The exponential backoff of retries, in seconds."""

    first: float = 1.0
    """The first wait."""
    longest: float = 300.0
    """The longest wait."""
    whole: float = 3600.0
    """The time after which the delivery of a headline is given up."""


class WebhookObserver(Protocol):
    """Gets the events of deliveries, for metrics."""

    def delivered(self, webhook: str, seconds: float) -> None:
        """A headline was delivered, `seconds` after its arrival in the window."""

    def failed(self, webhook: str) -> None:
        """An attempt failed and will be retried."""

    def gave_up(self, webhook: str) -> None:
        """The delivery of a headline was given up."""


class Delivery:
    """The deliveries of one webhook.

    Args:
        webhook: The webhook.
        window: The headlines.
        identity: The log's identity in positions (`streams.serve.position.log_identity`).
        state: The webhook's state on disk.
        observer: Gets the events of deliveries.
        patience: The backoff of retries.
    """

    def __init__(
        self,
        webhook: Webhook,
        window: Window,
        *,
        identity: str,
        state: State,
        observer: WebhookObserver,
        patience: Patience | None = None,
    ) -> None:
        self._webhook = webhook
        self._window = window
        self._identity = identity
        self._state = state
        self._observer = observer
        self._patience = patience or Patience()
        self._key = key_of(webhook.secret)
        self._came = asyncio.Event()
        self._undone: dict[int, Entry] = {}
        self._written = ""
        self._told = False

    def wake(self) -> None:
        """Note that a headline has arrived."""
        self._came.set()

    async def run(self) -> None:
        """Deliver until cancelled; resumes where the last run stopped."""
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        room = asyncio.Semaphore(_AT_ONCE)
        lanes: list[asyncio.Queue[Entry]] = [asyncio.Queue() for _ in range(LANES)]
        async with (
            aiohttp.ClientSession(
                connector=connector(allow_private=self._webhook.allow_private, limit=LANES),
                timeout=timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            ) as session,
            asyncio.TaskGroup() as tasks,
        ):
            for lane in lanes:
                tasks.create_task(self._deliver_lane(session, lane, room))
            number = self._start()
            while True:
                self._came.clear()
                number = max(number, self._window.begins)
                for entry in self._window.slice(number, number + _AT_ONCE):
                    number = entry.number + 1
                    if wants(self._webhook.wanted, entry):
                        await room.acquire()
                        self._undone[entry.number] = entry
                        lanes[crc32(entry.headline.chain.encode()) % LANES].put_nowait(entry)
                if number >= self._window.end:
                    self._remember()
                    await self._came.wait()

    def _start(self) -> int:
        """The number of the first entry to deliver."""
        text = self._state.read()
        if text is None:
            return self._window.end
        position = read_position(text, self._identity, len(self._window.position))
        if position is None or not self._window.reaches(position):
            logger.warning(
                "webhook %s: what lies between %s and here is not kept; all that is kept is sent",
                self._webhook.id,
                text,
            )
            return self._window.begins
        entries = self._window.slice(self._window.begins, self._window.end)
        return next(
            (entry.number for entry in entries if entry.offset >= position[entry.partition]), self._window.end
        )

    async def _deliver_lane(
        self, session: aiohttp.ClientSession, lane: "asyncio.Queue[Entry]", room: asyncio.Semaphore
    ) -> None:
        while True:
            entry = await lane.get()
            await self._deliver(session, entry)
            del self._undone[entry.number]
            room.release()
            self._remember()

    async def _deliver(self, session: aiohttp.ClientSession, entry: Entry) -> None:
        content = body(entry.headline)
        deadline = time.monotonic() + self._patience.whole
        wait = self._patience.first
        while True:
            problem, asked_to_wait = await self._attempt(session, entry.headline.id, content)
            if not problem:
                self._told = False
                self._observer.delivered(self._webhook.id, time.time() - entry.taken_at)
                return
            self._observer.failed(self._webhook.id)
            self._tell(problem)
            pause = max(asked_to_wait, wait * random.uniform(0.75, 1.25))  # noqa: S311 (jitter)
            if time.monotonic() + pause > deadline:
                self._observer.gave_up(self._webhook.id)
                self._state.give_up(entry.headline, problem)
                return
            await asyncio.sleep(pause)
            wait = min(wait * 2, self._patience.longest)

    async def _attempt(
        self, session: aiohttp.ClientSession, message: str, content: bytes
    ) -> tuple[str, float]:
        """Send a message once; gives its problem (empty if it was accepted), and the seconds of a Retry-After."""
        headers = signed_headers(self._key, message, int(time.time()), content)
        try:
            async with session.post(
                self._webhook.address, data=content, headers=headers, allow_redirects=False
            ) as answer:
                status = answer.status
                asked = _seconds(answer.headers.get("Retry-After", ""), self._patience.longest)
        except aiohttp.ClientConnectorError as error:
            return unconnected(error), 0.0
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return described(error), 0.0
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return "", 0.0
        return f"answered {status}", asked

    def _tell(self, problem: str) -> None:
        """Log that an address does not accept headlines, once until it does again."""
        if not self._told:
            self._told = True
            logger.warning("webhook %s: %s; it is asked again", self._webhook.id, problem)

    def _remember(self) -> None:
        """Save the position before which everything was delivered or given up."""
        if self._undone:
            number = min(self._undone) - 1
            if number < self._window.begins:
                return
            (entry,) = self._window.slice(number, number + 1)
            position = entry.position
        else:
            position = self._window.position
        text = write_position(self._identity, position)
        if text != self._written and self._state.write(text):
            self._written = text


def _seconds(text: str, most: float) -> float:
    """A Retry-After in seconds, at most `most`; 0 if there is none or it is invalid."""
    if text.isascii() and text.isdecimal():
        return min(float(text[:10]), most)
    try:
        return min(max(parsedate_to_datetime(text).timestamp() - time.time(), 0.0), most)
    except (TypeError, ValueError, OverflowError):
        return 0.0
