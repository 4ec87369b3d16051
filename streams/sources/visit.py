"""The values of crawling: a `Visit` is one attempt to read a source, a `Reading` the strip that it showed.

Readings flow one way. `Visitor.readings()` iterates over those of all visits, in the order in which they ended; a slow
consumer slows the visits down (backpressure), and nothing is lost. A `Judge` sees every reading before it is published
and can hold its strip back; it sees failed and unchanged visits too, as they tell about the source. So neither a judge
nor a report on politeness has to know HTTP, robots.txt or Kafka.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from schemas.events import Strip
from streams.errors import InputError
from streams.produce.split import Slot

Outcome = Literal["changed", "unchanged", "forbidden", "postponed", "refused", "failed"]
"""What became of a visit:

- changed: an answer whose bytes differ from the last one's (its strip may still be the same);
- unchanged: 304, or the same bytes as before;
- forbidden: robots.txt forbids the address or is unavailable; the address was not requested;
- postponed: 429 or 503, the site asks to be left alone for a time;
- refused: any other 4xx (401, 403, 404, 410, …);
- failed: no usable answer: connection, TLS, time, size, encoding, redirects, 5xx.
"""
Kind = Literal["page", "feed", "sitemap", "json"]


class Validators(Struct, frozen=True, omit_defaults=True):
    """The cache validators of one answer, for a conditional GET; those of two answers are never mixed."""

    etag: str = ""
    last_modified: str = ""
    """As the server wrote it."""


class Visit(Struct, frozen=True, kw_only=True):
    """One attempt to read a source."""

    source: str
    """The source's id."""
    asked: str = ""
    """How it was asked and read, as one text (`streams.sources.reading.asked`)."""
    address: str
    """The requested address, or the path of a file."""
    host: str = ""
    """The host of the address; empty for a file."""
    at: int
    """When it ended, in ms since the epoch, by this machine's clock."""
    outcome: Outcome
    status: int | None = None
    """The HTTP status of the last answer; None if there was none."""
    problem: str = ""
    """Why there is no body, as a message without control characters; empty for a successful visit."""
    body: str | None = None
    """The decoded text of a changed answer; None with every other outcome."""
    kind: Kind | None = None
    """The kind of the body; None without one."""
    digest: bytes = b""
    """A hash of the body; with an unchanged answer, that of the last body."""
    answered_by: str = ""
    """The address that answered, after redirects; links of the page are relative to it."""
    redirects: int = 0
    requests: int = 0
    """Requests sent for this visit, redirects and robots.txt included."""
    wire_bytes: int = 0
    """Bytes of headers and bodies received for this visit, before decompression."""
    body_bytes: int = 0
    """Bytes of the body after decompression."""
    seconds: float = 0.0
    """The time its requests took; waiting for the host's turn does not count."""
    distance: float | None = None
    """Seconds from the end of the last request to the same host to this visit's first; None for the host's first."""
    validators: Validators = Validators()
    """Those of the answer; with an unchanged answer, those that still hold."""
    cache_control: str = ""
    fresh_for: float = 0.0
    """Seconds for which the answer (HTTP freshness), or the feed in it (`ttl`), need not be requested again."""
    retry_after: float | None = None
    """Seconds for which the site asks to be left alone."""
    robots: str = ""
    """The verdict of robots.txt, such as `no robots.txt (404)` or `robots.txt allows; a request every 10 s at most`."""
    interval: float = 0.0
    """Seconds between visits now, adapted to the source's changes."""
    next_at: int = 0
    """When it is visited next, in ms since the epoch."""

    @property
    def is_well(self) -> bool:
        """Whether the visit was successful: changed or unchanged."""
        return self.outcome in {"changed", "unchanged"}


class Reading(Struct, frozen=True, kw_only=True):
    """The strip that a visit showed, or why there is none."""

    visit: Visit
    strip: Strip | None = None
    """With a changed visit, its strip; with an unchanged one, the last strip with this visit's time; else None."""
    slots: tuple[Slot, ...] = ()
    is_same: bool = False
    """Whether the slots have the same texts as in the source's last strip."""
    problem: InputError | None = None
    """Why no strip was found in the body."""

    @property
    def trouble(self) -> str:
        """Why there is no strip, as a message; empty if there is one."""
        return self.visit.problem or (self.problem.problem if self.problem else "")

    @property
    def headlines(self) -> list[Slot]:
        """The slots that are not empty."""
        return [slot for slot in self.slots if slot.text]

    @property
    def linked(self) -> int:
        """The number of slots with a link."""
        return sum(1 for slot in self.slots if slot.link)

    @property
    def dated(self) -> int:
        """The number of slots with a time of publication."""
        return sum(1 for slot in self.slots if slot.published_at)


Judge = Callable[[Reading], bool]
"""Sees every reading in turn; False holds its strip back: it is neither published nor remembered."""
