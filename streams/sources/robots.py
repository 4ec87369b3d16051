"""The rules of robots.txt (RFC 9309): parsed from an answer, and asked whether an address is allowed.

After a 4xx there are no rules; after a 5xx, a 429 or no answer everything is forbidden for a time; a file that is too
long counts up to the limit. `streams.sources.fetch` decides when and how to fetch it.
"""

import re
import zlib
from hashlib import blake2b
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct
from protego import Protego

from streams.sources.answer import Answer, shown
from streams.sources.schedule import MAX_RETRY_AFTER_S

TOKEN: Final = "headline-ticker"  # noqa: S105 (the name by which robots.txt calls us)
"""Our product token: the name in the User-agent lines that apply to us."""
MAX_ROBOTS: Final = 500 << 10
"""Bytes of a robots.txt that are parsed: the least that RFC 9309 (2.5) demands."""
KEPT_S: Final = 86_400.0
"""The longest time in seconds for which rules are cached (RFC 9309, 2.4)."""
_LEAST_KEPT_S: Final = 3_600.0
FIRST_PAUSE_S: Final = 60.0
"""Seconds until an unavailable robots.txt is requested again; doubled each time."""
LONGEST_PAUSE_S: Final = 3_600.0
_MAX_SITEMAPS: Final = 50
_MAX_REMEMBERED: Final = 64
_MAX_ADDRESS: Final = 300
"""A longer address, in characters, is remembered by its hash."""
_AGENT: Final = re.compile(r"\s*user(?:-|\s*)agent(?:\s*:|\s)\s*([^#]+)", re.IGNORECASE)
_ANOTHER: Final = "-"
"""The name that replaces every other crawler's."""
_REDIRECTS: Final = range(300, 400)
_CLIENT_ERRORS: Final = range(400, 500)
_TOO_MANY_REQUESTS: Final = 429
_OK: Final = 200


class Robots(Struct, kw_only=True):
    """The rules of one origin."""

    fetched_at: int
    """In ms since the epoch."""
    until: int
    """When they expire, in ms since the epoch."""
    told: str
    """Where they come from, for messages: `robots.txt`, `no robots.txt (404)`."""
    forbids_all: bool = False
    """The file is unavailable: nothing may be requested until it is available."""
    failures: int = 0
    """Consecutive failures to fetch it."""
    packed: bytes = b""
    """The text with other crawlers' names removed, compressed: most are used for one address a day."""
    unpacked: int = 0
    """The length of the text, in characters."""
    delay: float = 0.0
    """The least seconds between two requests, by Crawl-delay or Request-rate; 0 for none."""
    sitemaps: tuple[str, ...] = ()
    remembered: dict[str, bool] = {}
    """Earlier answers of `allows`, by address or its hash."""

    @property
    def size(self) -> int:
        """The approximate size in memory, in bytes."""
        return len(self.packed) + sum(map(len, self.sitemaps))

    def allows(self, address: str) -> bool:
        """Whether an address may be requested."""
        if self.forbids_all:
            return False
        if not self.packed:
            return True
        key = address if len(address) <= _MAX_ADDRESS else blake2b(address.encode()).hexdigest()
        known = self.remembered.get(key)
        if known is None:
            rules = Protego.parse(zlib.decompress(self.packed).decode("utf-8"))
            known = bool(rules.can_fetch(address, TOKEN))
            if len(self.remembered) >= _MAX_REMEMBERED:
                self.remembered.clear()
            self.remembered[key] = known
        return known

    def rule(self, address: str) -> str:
        """A message about an address: `robots.txt allows; a request every 10 s at most`."""
        if self.forbids_all:
            return self.told
        verdict = self.told if not self.packed else f"{self.told} {_VERDICT[self.allows(address)]}"
        return f"{verdict}; a request every {self.delay:g} s at most" if self.delay else verdict


_VERDICT: Final = {True: "allows", False: "forbids"}


def robots_of(
    answer: Answer, *, now: int, failures: int = 0, fresh: float = 0.0, asked_to_wait: float = 0.0
) -> Robots:
    """The rules in an answer to a request for robots.txt.

    Args:
        answer: The last answer, after redirects.
        now: In ms since the epoch.
        failures: Consecutive failures before this answer.
        fresh: The answer's freshness lifetime, in seconds.
        asked_to_wait: The answer's Retry-After, in seconds.
    """
    status = answer.status
    if status == _OK:
        kept = min(KEPT_S, max(_LEAST_KEPT_S, fresh)) if fresh else KEPT_S
        return _parsed(answer.body, now, now + round(kept * 1000))
    if status in _REDIRECTS:
        # RFC 9309, 2.3.1.2: after more redirects than are followed, the file counts as missing.
        return Robots(fetched_at=now, until=now + round(KEPT_S * 1000), told="no robots.txt (redirects only)")
    if status in _CLIENT_ERRORS and status != _TOO_MANY_REQUESTS:
        return Robots(fetched_at=now, until=now + round(KEPT_S * 1000), told=f"no robots.txt ({status})")
    pause = min(FIRST_PAUSE_S * 2.0 ** min(failures, 16), LONGEST_PAUSE_S)
    pause = min(max(pause, asked_to_wait), MAX_RETRY_AFTER_S)
    why = answer.problem or f"it answers {status}"
    return Robots(
        fetched_at=now,
        until=now + round(pause * 1000),
        told=shown(f"robots.txt cannot be had ({why}): all is forbidden for now"),
        forbids_all=True,
        failures=failures + 1,
    )


def _parsed(body: bytes, now: int, until: int) -> Robots:
    text = body[:MAX_ROBOTS].decode("utf-8-sig", "replace")
    if len(body) >= MAX_ROBOTS:
        # A truncated last line would be a different rule.
        text = text[: text.rfind("\n") + 1]
    text = "\n".join(map(_with_few_agents, text.splitlines()))
    rules = Protego.parse(text)
    return Robots(
        fetched_at=now,
        until=until,
        told="robots.txt",
        packed=zlib.compress(text.encode()),
        unpacked=len(text),
        delay=_delay(rules),
        sitemaps=tuple(each for each in list(rules.sitemaps)[:_MAX_SITEMAPS] if _is_address(each)),
    )


def _with_few_agents(line: str) -> str:
    """A User-agent line with the name replaced by `_ANOTHER`, unless it is `*` or our own; other lines as they are.

    The parser copies each rule for every crawler that is named for it: half a megabyte can have 18,000 crawlers with
    25,000 rules, which would fit in no memory. Our product token matches case-insensitively (RFC 9309, 2.2.1).
    """
    found = _AGENT.match(line)
    if found is None:
        return line
    name = found[1].strip().lower().replace("*", "") or "*"
    return f"User-agent: {name if name in {'*', TOKEN} else _ANOTHER}"


def _delay(rules: Protego) -> float:
    """The seconds between two requests that the rules demand, at most a day."""
    rate = rules.request_rate(TOKEN)
    try:
        apart = rate.seconds / rate.requests if rate else 0.0
    except OverflowError:  # one request in more seconds than a float holds
        apart = KEPT_S
    return min(max(rules.crawl_delay(TOKEN) or 0.0, apart), KEPT_S)


def origin_of(address: str) -> str:
    """The origin of an address (scheme, host and port), for which rules and credentials hold."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://")) and text.isprintable() and " " not in text
