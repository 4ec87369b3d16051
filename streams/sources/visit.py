"""What came of asking a source once: a visit, and the reading that was made of it. Values, and what follows from them.

Visits flow one way. `Visitor.readings()` is the asynchronous iterator of all visits, in the order in which they ended,
each as a `Reading`: the visit with its strip, or with why there is none; whoever consumes slowly slows the visiting
down, and nothing is lost. A `Judge` looks at every reading before it is published and can hold its strip back; it
sees failed and unchanged visits as well, for they are news about the source. So a watch of sources is a judge, a report
on politeness reads the visits alone, and neither knows of HTTP, of robots.txt or of Kafka.
"""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from schemas.events import Strip
from streams.errors import InputError
from streams.produce.split import Slot

Outcome = Literal["changed", "unchanged", "forbidden", "postponed", "refused", "failed"]
"""What became of a visit:

- changed: an answer whose bytes are not those of the last one (its strip may be the same all the same);
- unchanged: 304, or the same bytes as before;
- forbidden: robots.txt forbids the address, or cannot be had for now; nothing was asked of the address;
- postponed: 429 or 503, the site asks to be left alone for a time;
- refused: another status that says there is nothing for us (401, 403, 404, 410, …);
- failed: no usable answer: connection, TLS, time, size, encoding, redirects, 5xx.
"""
Kind = Literal["page", "feed", "sitemap", "json"]


class Validators(Struct, frozen=True, omit_defaults=True):
    """Both cache validators of one answer. They are kept and sent as one: those of two answers never mix."""

    etag: str = ""
    last_modified: str = ""
    """As the server wrote it."""


class Visit(Struct, frozen=True, kw_only=True):
    """What came of asking a source once."""

    source: str
    """The source's id."""
    asked: str = ""
    """How it was asked and read, as one text (`streams.sources.reading.asked`)."""
    address: str
    """What was asked for: an address, or the path of a file."""
    host: str = ""
    """The host of the address; empty for a file."""
    at: int
    """When its answer was there, or its failure, in ms since the epoch (UTC), by this machine's clock."""
    outcome: Outcome
    status: int | None = None
    """The HTTP status of the last answer; None where there was none."""
    problem: str = ""
    """Why there is no body, in words for people, without control characters; empty where all is well."""
    body: str | None = None
    """The decoded text of a changed answer; None in every other outcome."""
    kind: Kind | None = None
    """What the body is; None where there is none."""
    digest: bytes = b""
    """Of the body's bytes; of an unchanged answer, that of the last body."""
    answered_by: str = ""
    """The address that answered, after redirects; links of the page are relative to it."""
    redirects: int = 0
    requests: int = 0
    """Requests sent for this visit: redirects and robots.txt included."""
    wire_bytes: int = 0
    """Bytes of headers and bodies received for this visit, compressed as they came."""
    body_bytes: int = 0
    """Bytes of the body after decompression."""
    seconds: float = 0.0
    """From the first byte asked for to the last one received, waiting for politeness left out."""
    distance: float | None = None
    """Seconds from the end of the last request to the same host to this visit's first; None for the first of all."""
    validators: Validators = Validators()
    """Of the answer; of an unchanged one, those that hold on."""
    cache_control: str = ""
    fresh_for: float = 0.0
    """Seconds for which the answer, or the feed in it, asks not to be asked for again."""
    retry_after: float | None = None
    """Seconds for which the site asks to be left alone."""
    robots: str = ""
    """The rule of robots.txt that was used, such as `no robots.txt (404)` or `allows; Crawl-delay 10`."""
    interval: float = 0.0
    """Seconds between visits, as the source's changes have it now."""
    next_at: int = 0
    """When it is visited next, in ms since the epoch."""

    @property
    def is_well(self) -> bool:
        """Whether there was an answer that shows something, be it the same as before."""
        return self.outcome in {"changed", "unchanged"}


class Reading(Struct, frozen=True, kw_only=True):
    """What a visit showed."""

    visit: Visit
    strip: Strip | None = None
    """Of a changed visit, the strip that it shows; of an unchanged one, the last strip as of now; else None."""
    slots: tuple[Slot, ...] = ()
    is_same: bool = False
    """The strip says what the last one of the source said: text and slots."""
    problem: InputError | None = None
    """Why a body has no strip."""

    @property
    def trouble(self) -> str:
        """Why there is no strip, in words for people; empty where nothing is known of it."""
        return self.visit.problem or (self.problem.problem if self.problem else "")

    @property
    def headlines(self) -> list[Slot]:
        """The slots that are not empty."""
        return [slot for slot in self.slots if slot.text]

    @property
    def linked(self) -> int:
        """How many slots have a link."""
        return sum(1 for slot in self.slots if slot.link)

    @property
    def dated(self) -> int:
        """How many slots have a time of publication."""
        return sum(1 for slot in self.slots if slot.published_at)


Judge = Callable[[Reading], bool]
"""Looks at every reading in turn; False holds its strip back: nothing of it is published, and none of it remembered."""
