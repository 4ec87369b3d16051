"""Fetches a source once, with its redirects: each request obeys robots.txt, the host's turns and the source's timeout.

Credentials go only to the source's own origin, and validators (for a conditional GET) only to the address that gave
them. When to fetch (`schedule`) and what to make of the body (`reading`) is decided elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote, urljoin, urlsplit, urlunsplit
from weakref import WeakValueDictionary

import aiohttp
from msgspec import Struct

from streams import __version__
from streams.outbound import ForbiddenAddressError, check_named, connector, through_proxy
from streams.sources.answer import Answer, Client, shown
from streams.sources.hosts import Hosts, PostponedError, host_of
from streams.sources.memory import Memory
from streams.sources.off_loop import off_loop
from streams.sources.registry import Source, address_problem
from streams.sources.robots import MAX_ROBOTS, TOKEN, Robots, origin_of, robots_of
from streams.sources.schedule import MAX_RETRY_AFTER_S, fresh_for, retry_after
from streams.sources.visit import Outcome, Validators

MAX_REDIRECTS: Final = 5
MAX_VALIDATOR: Final = 1_000
"""The longest validator that is kept, in characters; a longer one would only fill our memory."""
MAX_ORIGINS: Final = 5_000
"""The most origins whose robots.txt is kept."""
MAX_RULES: Final = 64 << 20
"""The most bytes of all kept robots.txt together, compressed."""
MAX_PAUSES: Final = 20_000
"""The most hosts whose Retry-After is remembered over a restart; the oldest are dropped."""
UNTOLD_PAUSE_S: Final = 60.0
"""Seconds for which a host is left alone after a 429 or 503 without Retry-After."""

_CONNECTIONS: Final = 100
_NAMES_KEPT_S: Final = 300
_BUFFER: Final = 1 << 16
_ASCII: Final = "".join(map(chr, range(0x80)))
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_POSTPONED: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_ACCEPTED: Final = (
    "text/html, application/xhtml+xml, application/rss+xml, application/atom+xml, application/feed+json,"
    " application/json;q=0.9, application/xml;q=0.9, text/*;q=0.8, */*;q=0.1"
)


class Fetched(Struct, frozen=True, kw_only=True):
    """The result of fetching a source: the fields that a `Visit` takes over, and the body as bytes."""

    outcome: Outcome
    """`changed` for every body; the visitor compares it with the last one."""
    status: int | None = None
    problem: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = {}
    answered_by: str = ""
    redirects: int = 0
    requests: int = 0
    wire_bytes: int = 0
    seconds: float = 0.0
    distance: float | None = None
    validators: Validators = Validators()
    retry_after: float | None = None
    robots: str = ""
    forbidden_until: int = 0
    """When the robots.txt that forbids the address expires, in ms since the epoch; 0 if it is not forbidden."""


@asynccontextmanager
async def fetching(
    memory: Memory,
    *,
    contact: str,
    distance: float,
    now: Callable[[], int],
    proxy: str = "",
    **options: Any,
) -> AsyncIterator[tuple["Fetcher", Hosts]]:
    """A fetcher and the hosts whose turns it takes, with connections of its own.

    Args:
        memory: Holds the robots.txt rules and pauses of earlier runs, and gets those of this one.
        contact: The address in the User-Agent to which a site's owner can write.
        distance: The least seconds between two requests to a host.
        now: Milliseconds since the epoch.
        proxy: The URL of a proxy; empty for none.
        options: Further options of aiohttp's connectors.
    """
    options = {"limit": _CONNECTIONS, "limit_per_host": 1, "ttl_dns_cache": _NAMES_KEPT_S, **options}
    is_socks = proxy.startswith("socks")

    def client(*, allow_private: bool) -> Client:
        made = (
            through_proxy(proxy, **options)
            if is_socks
            else connector(allow_private=allow_private or bool(proxy), **options)
        )
        session = aiohttp.ClientSession(
            connector=made,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent",),
            timeout=aiohttp.ClientTimeout(),
            read_bufsize=_BUFFER,
        )
        return Client(session, None if is_socks or not proxy else proxy)

    def postponed(host: str, seconds: float) -> None:
        memory.pauses.pop(host, None)
        memory.pauses[host] = now() + round(seconds * 1000)
        if len(memory.pauses) > MAX_PAUSES:
            del memory.pauses[next(iter(memory.pauses))]

    hosts = Hosts(distance, postponed)
    for host, until in list(memory.pauses.items()):
        if until > now():
            hosts.postpone_host(host, min((until - now()) / 1000, MAX_RETRY_AFTER_S))
        else:
            del memory.pauses[host]
    async with client(allow_private=False) as public, client(allow_private=True) as private:
        yield (
            Fetcher(
                public, private, hosts, contact=contact, now=now, rules=memory.rules, proxied=bool(proxy)
            ),
            hosts,
        )


def user_agent(contact: str) -> str:
    """The User-Agent that we send, with an address for complaints."""
    return f"{TOKEN}/{__version__} (+{contact})"


class _Tally:
    """The cost of one fetch so far, redirects and robots.txt included."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        """Seconds that are left of the source's timeout."""
        self.requests = 0
        self.wire_bytes = 0
        self.seconds = 0.0
        self.distance: float | None = None
        self.redirects = 0


class Fetcher:
    """Fetches sources politely.

    Args:
        client: Sends requests to public addresses only.
        private: Sends requests to any address: for the host of a source with `allow_private`.
        hosts: Gives turns.
        contact: The address in the User-Agent to which a site's owner can write.
        now: Milliseconds since the epoch.
        rules: The known robots.txt rules by origin; updated in place.
        proxied: Whether a proxy connects in our place; then addresses are checked before they are given to it.
    """

    def __init__(
        self,
        client: Client,
        private: Client,
        hosts: Hosts,
        *,
        contact: str,
        now: Callable[[], int],
        rules: MutableMapping[str, Robots],
        proxied: bool = False,
    ) -> None:
        self._client = client
        self._private = private
        self._hosts = hosts
        self._agent = user_agent(contact)
        self._now = now
        self._rules = rules
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """A lock by origin, so that its robots.txt is fetched once; kept as long as a task holds or awaits it."""
        self._used = {origin: known.size for origin, known in rules.items()}
        """The size of each origin's rules, least recently used first."""
        self._proxied = proxied

    async def fetch(
        self, source: Source, validators: Validators | None = None, given_by: str = ""
    ) -> Fetched:
        """Fetch a source that has an address.

        Args:
            source: What to fetch.
            validators: Those of its last answer, for a conditional GET; None for an unconditional one.
            given_by: The address that gave the validators.
        """
        assert source.address is not None
        tally = _Tally(source.timeout)
        try:
            return await self._follow(source, source.address, validators, given_by, tally)
        except ForbiddenAddressError as error:
            return _result("failed", tally, source.address, None, problem=str(error))
        except PostponedError as error:
            is_own = error.host == host_of(source.address)
            return _result(
                "postponed",
                tally,
                source.address,
                None,
                problem=shown(str(error)),
                wait=error.seconds if is_own else None,
            )
        except ValueError as error:
            # A redirect led to an address that some library on the way cannot parse.
            return _result("failed", tally, source.address, None, problem=shown(f"no address: {error}"))

    async def _follow(
        self, source: Source, address: str, validators: Validators | None, given_by: str, tally: "_Tally"
    ) -> Fetched:
        """Request an address, and follow its redirects.

        Raises:
            ForbiddenAddressError: One of the addresses is a private one.
            PostponedError: The host of one of them asked to be left alone.
        """
        seen: set[str] = set()
        while True:
            seen.add(address)
            rules = await self.rules_of(address, source, tally)
            if not await off_loop(rules.unpacked, rules.allows, address):
                return _result("forbidden", tally, address, rules, problem=rules.rule(address))
            asked = validators if validators is not None and address == given_by else None
            answer = await self._ask(address, source, self._headers(source, address, asked), tally)
            if answer.status not in _REDIRECTS:
                return self._judged(answer, asked, address, rules, tally)
            following = _following(address, answer)
            problem = _redirect_problem(following, seen, answer)
            if problem:
                return _result(
                    "failed", tally, address, rules, problem=problem, status=answer.status, answer=answer
                )
            tally.redirects += 1
            address = following

    async def rules_of(self, address: str, source: Source, tally: "_Tally | None" = None) -> Robots:
        """The robots.txt rules for an address, fetched if unknown or expired.

        Raises:
            ForbiddenAddressError: The address is a private one.
            PostponedError: Its host asked to be left alone.
        """
        origin = origin_of(address)
        rules = self._rules.get(origin)
        if rules is None or rules.until <= self._now():
            asking = self._asking.setdefault(origin, asyncio.Lock())
            async with asking:
                rules = self._rules.get(origin)
                if rules is None or rules.until <= self._now():
                    failures = rules.failures if rules is not None and rules.forbids_all else 0
                    rules = await self._fetch_rules(
                        address, source, failures, tally or _Tally(source.timeout)
                    )
                    self._rules[origin] = rules
        self._used.pop(origin, None)
        self._used[origin] = rules.size
        self._forget_rules()
        self._hosts.keep_distance(address, rules.delay)
        return rules

    def _forget_rules(self) -> None:
        """Evict the least recently used rules while there are too many, as redirects may lead to ever new origins."""
        size = sum(self._used.values())
        while len(self._used) > MAX_ORIGINS or size > MAX_RULES:
            origin = next(iter(self._used))
            size -= self._used.pop(origin)
            self._rules.pop(origin, None)

    async def _fetch_rules(self, address: str, source: Source, failures: int, tally: _Tally) -> Robots:
        parts = urlsplit(address)
        where = f"{parts.scheme}://{parts.netloc}/robots.txt"
        answer = Answer(problem="no address")
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._ask(where, source, {"User-Agent": self._agent}, tally, robots=True)
            if answer.status not in _REDIRECTS:
                break
            where = _following(where, answer)
            if address_problem(where):
                break
        now = self._now()
        wait = retry_after(answer.headers, now / 1000) or 0.0
        make = partial(
            robots_of,
            answer,
            now=now,
            failures=failures,
            fresh=fresh_for(answer.headers),
            asked_to_wait=wait,
        )
        return await off_loop(len(answer.body), make)

    async def _ask(
        self, address: str, source: Source, headers: Mapping[str, str], tally: _Tally, *, robots: bool = False
    ) -> Answer:
        """Send a request in the host's next turn, within what is left of the source's timeout."""
        if tally.budget <= 0:
            return Answer(problem=f"no whole answer within {source.timeout:g} s")
        own = source.allow_private and host_of(address) == host_of(source.address or "")
        async with self._hosts.turn(address) as distance:
            if not tally.requests:
                tally.distance = distance
            begun = asyncio.get_running_loop().time()
            if self._proxied and not own:
                await check_named(host_of(address))
            tally.requests += 1
            answer = await (self._private if own else self._client).ask(
                address,
                headers,
                within=tally.budget,
                connect_within=source.connect_timeout,
                **({"most": MAX_ROBOTS, "cut": True} if robots else {}),  # type: ignore[arg-type]
            )
            spent = asyncio.get_running_loop().time() - begun
        tally.seconds += spent
        tally.budget -= spent
        tally.wire_bytes += answer.wire_bytes
        wait = retry_after(answer.headers, self._now() / 1000)
        if wait is not None or answer.status in _POSTPONED:
            self._hosts.postpone(address, UNTOLD_PAUSE_S if wait is None else wait)
        return answer

    def _headers(self, source: Source, address: str, validators: Validators | None) -> dict[str, str]:
        headers = {"User-Agent": self._agent, "Accept": _ACCEPTED, "Accept-Encoding": "gzip, deflate"}
        if source.language:
            headers["Accept-Language"] = f"{source.language}, *;q=0.5"
        if origin_of(address) == origin_of(source.address or ""):
            given = {name.lower() for name in source.headers}
            headers = {name: value for name, value in headers.items() if name.lower() not in given}
            headers |= {name: value.reveal() for name, value in source.headers.items()}
        if validators is not None and validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators is not None and validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        return headers

    def _judged(
        self, answer: Answer, asked: Validators | None, address: str, rules: Robots, tally: _Tally
    ) -> Fetched:
        """The result for an answer that is not a redirect."""
        status, problem, outcome = answer.status, answer.problem, _outcome(answer.status)
        if status is None or problem:
            outcome = "failed"
        elif status == HTTPStatus.NOT_MODIFIED and asked is None:
            outcome, problem = "failed", "answers 304 to a request that named nothing to compare with"
        elif outcome in {"postponed", "refused", "failed"}:
            problem = f"answers {status}"
        given = validators_of(answer.headers)
        if outcome == "unchanged" and asked is not None:
            # A 304 may omit validators that did not change (RFC 9110, 15.4.5).
            given = given if given.etag or given.last_modified else asked
        wait = retry_after(answer.headers, self._now() / 1000)
        if wait is None and status in _POSTPONED:
            wait = UNTOLD_PAUSE_S
        return _result(
            outcome,
            tally,
            address,
            rules,
            problem=problem,
            status=status,
            answer=answer,
            validators=given,
            wait=wait,
        )


def validators_of(headers: Mapping[str, str]) -> Validators:
    """The validators of an answer; one that cannot be sent back in a header is left out."""

    def usable(value: str) -> str:
        value = value.strip()
        return value if len(value) <= MAX_VALIDATOR and value.isascii() and value.isprintable() else ""

    return Validators(usable(headers.get("etag", "")), usable(headers.get("last-modified", "")))


def _outcome(status: int | None) -> Outcome:
    if status == HTTPStatus.OK:
        return "changed"
    if status == HTTPStatus.NOT_MODIFIED:
        return "unchanged"
    if status in _POSTPONED:
        return "postponed"
    is_refusal = status is not None and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    return "refused" if is_refusal else "failed"


def _following(address: str, answer: Answer) -> str:
    """A redirect's target, encoded for a request line (RFC 3987, 3.1); empty if it is not a valid address."""
    location = answer.headers.get("location", "").strip()
    try:
        parts = urlsplit(urljoin(address, location))
        parts.netloc.encode()
        path, query, fragment = (
            quote(part.encode("utf-8", "surrogateescape"), safe=_ASCII)
            for part in (parts.path, parts.query, parts.fragment)
        )
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))


def _redirect_problem(following: str, seen: set[str], answer: Answer) -> str:
    """Why a redirect is not followed; empty if it is."""
    if not answer.headers.get("location"):
        return f"answers {answer.status} and does not say where to"
    if following in seen:
        return "redirects in a circle"
    if len(seen) > MAX_REDIRECTS:
        return f"redirects more than {MAX_REDIRECTS} times"
    if problem := address_problem(following):
        return shown(f"redirects to what is no address of ours: {problem}")
    return ""


def _result(
    outcome: Outcome,
    tally: _Tally,
    address: str,
    rules: Robots | None,
    *,
    problem: str = "",
    status: int | None = None,
    answer: Answer | None = None,
    validators: Validators | None = None,
    wait: float | None = None,
) -> Fetched:
    return Fetched(
        outcome=outcome,
        status=status,
        problem=problem,
        body=answer.body if answer and outcome == "changed" else b"",
        headers=answer.headers if answer else {},
        answered_by=address,
        validators=validators or Validators(),
        retry_after=wait,
        robots=rules.rule(address) if rules else "",
        forbidden_until=rules.until if rules and outcome == "forbidden" else 0,
        requests=tally.requests,
        wire_bytes=tally.wire_bytes,
        seconds=round(tally.seconds, 3),
        distance=tally.distance,
        redirects=tally.redirects,
    )
