"""What a site's robots.txt says to us, as RFC 9309 has it: an answer of it becomes rules, and rules are asked.

A 4xx says that there are no rules; a 5xx, a 429 or no answer that everything is forbidden for a time; what is too long
counts up to its limit. When it is fetched, and how, is the fetcher's matter.
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
"""Our product token: the User-agent of a group that is meant for us."""
MAX_ROBOTS: Final = 500 << 10
"""Bytes of a robots.txt that count, as RFC 9309 (2.5) asks at least."""
KEPT_S: Final = 86_400.0
"""Seconds for which rules are kept at most (RFC 9309, 2.4)."""
_LEAST_KEPT_S: Final = 3_600.0
FIRST_PAUSE_S: Final = 60.0
"""Seconds until a robots.txt that cannot be had is asked for again, the first time; then twice as long each time."""
LONGEST_PAUSE_S: Final = 3_600.0
_MAX_SITEMAPS: Final = 50
_MAX_REMEMBERED: Final = 64
_MAX_ADDRESS: Final = 300
"""Characters from which on an address is remembered by its hash."""
_AGENT: Final = re.compile(r"\s*user(?:-|\s*)agent(?:\s*:|\s)\s*([^#]+)", re.IGNORECASE)
_ANOTHER: Final = "-"
"""What stands for every crawler that is not us."""
_REDIRECTS: Final = range(300, 400)
_CLIENT_ERRORS: Final = range(400, 500)
_TOO_MANY_REQUESTS: Final = 429
_OK: Final = 200


class Robots(Struct, kw_only=True):
    """The rules of one origin, as they were fetched."""

    fetched_at: int
    """In ms since the epoch."""
    until: int
    """When they have to be fetched again, in ms since the epoch."""
    told: str
    """Where they come from, for people: `robots.txt`, `no robots.txt (404)`."""
    forbids_all: bool = False
    """The rules cannot be had: nothing may be asked for until they can."""
    failures: int = 0
    """How often in a row they could not be had."""
    packed: bytes = b""
    """The text as far as it concerns us, compressed: most are asked for one address in a day."""
    unpacked: int = 0
    """The characters of the text."""
    delay: float = 0.0
    """The least seconds between two requests that they ask for; 0 where they ask for none."""
    sitemaps: tuple[str, ...] = ()
    remembered: dict[str, bool] = {}

    @property
    def size(self) -> int:
        """About how many bytes they take."""
        return len(self.packed) + sum(map(len, self.sitemaps))

    def allows(self, address: str) -> bool:
        """Whether an address may be asked for."""
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
        """What is told of an address: `robots.txt allows; at most a request every 10 s`."""
        if self.forbids_all:
            return self.told
        verdict = self.told if not self.packed else f"{self.told} {_VERDICT[self.allows(address)]}"
        return f"{verdict}; a request every {self.delay:g} s at most" if self.delay else verdict


_VERDICT: Final = {True: "allows", False: "forbids"}


def robots_of(
    answer: Answer, *, now: int, failures: int = 0, fresh: float = 0.0, asked_to_wait: float = 0.0
) -> Robots:
    """The rules that an answer for robots.txt says.

    Args:
        answer: The last one, after redirects.
        now: In ms since the epoch.
        failures: How often in a row there were none before.
        fresh: Seconds for which the answer says that it stays fresh.
        asked_to_wait: Seconds of its Retry-After.
    """
    status = answer.status
    if status == _OK:
        kept = min(KEPT_S, max(_LEAST_KEPT_S, fresh)) if fresh else KEPT_S
        return _parsed(answer.body, now, now + round(kept * 1000))
    if status in _REDIRECTS:
        # RFC 9309, 2.3.1.2: more redirects than are followed, and the file counts as not there.
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
        # A rule that is cut off is another rule.
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
    """A line, where it names a crawler, with one name for all that are not us.

    The parser keeps a copy of each rule for each crawler that it is written for: of 18,000 crawlers with 25,000 rules,
    which half a megabyte has room for, no machine could hold them. We are meant by our product token, in whatever case
    (RFC 9309, 2.2.1).
    """
    found = _AGENT.match(line)
    if found is None:
        return line
    name = found[1].strip().lower().replace("*", "") or "*"
    return f"User-agent: {name if name in {'*', TOKEN} else _ANOTHER}"


def _delay(rules: Protego) -> float:
    """The seconds between two requests that rules ask for, at most a day, whatever numbers they write."""
    rate = rules.request_rate(TOKEN)
    try:
        apart = rate.seconds / rate.requests if rate else 0.0
    except OverflowError:  # one request in more seconds than a float holds
        apart = KEPT_S
    return min(max(rules.crawl_delay(TOKEN) or 0.0, apart), KEPT_S)


def origin_of(address: str) -> str:
    """The scheme, host and port of an address, as one text: rules and credentials hold for one origin."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://")) and text.isprintable() and " " not in text
