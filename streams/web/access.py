"""Access control for HTTP requests: a token, and a rate limit per client address."""

import hmac
import math
import time
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from streams.web.problems import ProblemError

_ADDRESSES: Final = 10_000
"""The most addresses whose bucket is kept; the least recently used is dropped."""


class Rates:
    """A token bucket for each address: `rate` requests a second, with bursts of six times that.

    Args:
        rate: Requests a second from one address.
        clock: Seconds of a monotonic clock.
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = max(1.0, rate * 6)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a token from an address's bucket; gives 0 if there was one, else the seconds until there is."""
        now = self._clock()
        tokens, since = self._buckets.pop(address, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        granted = tokens >= 1
        self._buckets[address] = (tokens - 1 if granted else tokens, now)
        if len(self._buckets) > _ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - tokens) / self._rate


def has_token(request: web.Request, token: str) -> bool:
    """Whether a request has the token, as `Authorization: Bearer` or, for browsers, as the password of `Basic`."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            credentials = b64decode(credentials, validate=True).decode().partition(":")[2]
        except ValueError:  # not Base64, or not UTF-8
            return False
    elif scheme.lower() != "bearer":
        return False
    # aiohttp decodes headers with `surrogateescape`: the same gives back the original bytes of invalid UTF-8.
    return hmac.compare_digest(credentials.encode("utf-8", "surrogateescape"), token.encode())


def no_token() -> ProblemError:
    """The error for a request without the token."""
    return ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "a token is wanted: as Authorization: Bearer TOKEN, or as the password in a browser",
        headers={"WWW-Authenticate": 'Basic realm="ticker", charset="UTF-8"'},
    )


def too_many(seconds: float) -> ProblemError:
    """The error for a request that exceeds the rate limit and may be repeated after `seconds`."""
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too many requests from this address; come again after the seconds in Retry-After",
        headers={"Retry-After": str(math.ceil(seconds))},
    )
