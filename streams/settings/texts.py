"""Parsers of the texts of settings. Each raises ValueError for a text that is not allowed (`Setting.allowed`)."""

import math
import re
from collections.abc import Callable, Container
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

PORTS: Final = range(1, 65_536)
_HOST: Final = r"[\w-]{1,63}(?:\.[\w-]{1,63})*\.?|\[[0-9A-Fa-f:.%\w]+\]"
_SERVER: Final = re.compile(rf"(?P<host>{_HOST}):(?P<port>\d{{1,5}})", re.ASCII)
_PREFIX: Final = re.compile(r"[\w.-]{1,100}", re.ASCII)
_INSTANCE: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")


def any_text(text: str) -> str:
    """The text as it is."""
    return text


def one_of(*words: str) -> Callable[[str], str]:
    """One of these words, case-insensitively."""
    by_capitals = {word.upper(): word for word in words}

    def parse(text: str) -> str:
        if text.upper() not in by_capitals:
            raise ValueError
        return by_capitals[text.upper()]

    return parse


def whole(allowed: Container[int]) -> Callable[[str], int]:
    """A whole number among the allowed ones."""

    def parse(text: str) -> int:
        number = int(text)
        if number not in allowed:
            raise ValueError
        return number

    return parse


def seconds(least: float = 0.0, most: float = float("inf")) -> Callable[[str], float]:
    """A finite number of seconds within bounds."""

    def parse(text: str) -> float:
        number = float(text)
        if not least <= number <= most or number == float("inf"):
            raise ValueError
        return number

    return parse


def rate(text: str) -> float:
    """A rate per second, at least 0.1; infinite for `none`."""
    if text == "none":
        return math.inf
    return seconds(0.1)(text)


def servers(text: str) -> str:
    """Comma-separated broker addresses, `host:port` each; spaces around commas are removed."""
    given = [part.strip() for part in text.split(",")]
    for server in given:
        match = _SERVER.fullmatch(server)
        if match is None or int(match["port"]) not in PORTS:
            raise ValueError
    return ",".join(given)


def listener(text: str) -> str | None:
    """An address to listen on, `host:port` with port 0 for any free one; None for `none`."""
    if text == "none":
        return None
    match = _SERVER.fullmatch(text)
    if match is None or int(match["port"]) >= PORTS.stop:
        raise ValueError
    return text


def web_address(text: str) -> str:
    """An absolute http(s) URL without login, query or fragment; trailing slashes are removed."""
    parts = urlsplit(text)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
        or not text.isascii()
        or not text.isprintable()
        or " " in text
        or not 0 < (parts.port or 80) < PORTS.stop
    ):
        raise ValueError
    return text.rstrip("/")


def topic_prefix(text: str) -> str:
    """A prefix of topic names: characters that Kafka allows, and short enough to leave room for the rest."""
    if not _PREFIX.fullmatch(text):
        raise ValueError
    return text


def instance_id(text: str) -> str:
    """An id of a group's member, of the characters that Kafka allows; room is left for what a worker appends to it."""
    if not _INSTANCE.fullmatch(text):
        raise ValueError
    return text


def cluster_ids(text: str) -> frozenset[str]:
    """Comma-separated ids."""
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def file(text: str) -> Path | None:
    """An existing file."""
    path = folder(text)
    try:
        is_there = path.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise ValueError(str(error)) from None
    if not is_there:
        raise ValueError
    return path


def folder(text: str) -> Path:
    """A path that may not exist yet; a leading `~` is the user's home."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # `~0`: there is no such user
        raise ValueError(str(error)) from None
