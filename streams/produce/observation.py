"""An observation: what a source showed at one moment, validated against the contract.

All readers of outside input make their observations here, so that `ticker run`, `split` and `produce` refuse the same
input with the same errors.
"""

from datetime import timedelta
from typing import Final, Literal

from msgspec import Struct

from schemas.events import MAX_SOURCE
from schemas.instants import EARLIEST, LATEST, MOMENTS, parse_instant
from schemas.topics import MAX_AHEAD_MS
from streams.errors import InputError
from streams.produce.plain import repair, without_controls
from streams.produce.positions import ReadTo
from streams.produce.split import MAX_CHARACTERS

Format = Literal["text", "html", "feed"]

TIMES: Final = (
    f"RFC 3339 with Z or an offset, {MOMENTS};"
    f" of what is published, at most {timedelta(milliseconds=MAX_AHEAD_MS)} ahead of this clock"
)
"""The times that are allowed, for people: said of those that are refused here and of those that cannot be published."""
_MAX_PAGE: Final = 16 * MAX_CHARACTERS
_SHOWN: Final = 60
"""Characters of a refused value that an error shows."""


class Observation(Struct, frozen=True, kw_only=True):
    """What a source showed at one moment, as read: a page to search, or a strip to split."""

    place: str
    """Where it was read, for error messages: a path, or a path and line."""
    source: str
    observed_at: int
    """Milliseconds since the epoch."""
    text: str
    format: Format | None = None
    """The format of `text`; None to detect it."""
    is_page: bool = True
    """Whether `text` is a page in which the strip must be found, not a strip."""
    separator: str | None = None
    """The text between slots; None to detect it."""
    address: str | None = None
    """The page's URL, to which its links are relative."""
    timezone: str | None = None
    """The IANA zone for times of a feed that name none."""
    read_to: ReadTo | None = None
    """In a file that is followed: the end of the observation's line."""


def observe(
    *,
    place: str,
    source: str,
    observed_at: int | str,
    text: str,
    format: Format | None = None,  # noqa: A002 (the word of the contract)
    is_page: bool = True,
    separator: str | None = None,
    address: str | None = None,
    timezone: str | None = None,
) -> Observation:
    """Validate and make an observation; mojibake in its text is repaired and control characters are removed.

    Args:
        place: Where it was read.
        source: What shows the strip, 1 to 200 characters.
        observed_at: Milliseconds since the epoch, or RFC 3339.
        text: A page, or a strip.
        format: The format of `text`; None to detect it.
        is_page: Whether `text` is a page in which the strip must be found.
        separator: The text between slots, if known.
        address: The page's URL, if known.
        timezone: The IANA zone for times that name none.

    Raises:
        InputError: A field is not what the contract allows; it names the field and what is allowed.
    """
    return Observation(
        place=place,
        source=source_named(source, place),
        observed_at=_moment(observed_at, place),
        text=_text(text, place, _MAX_PAGE if is_page else MAX_CHARACTERS),
        format=format,
        is_page=is_page,
        separator=separator,
        address=address,
        timezone=timezone,
    )


def refusal(place: str, field: str, problem: str, allowed: str) -> InputError:
    """The error for a field: its problem, and what is allowed."""
    return InputError(place, f"{field}: {problem}; allowed: {allowed}")


def source_named(source: str, place: str) -> str:
    """A source's name, if events can carry it.

    Raises:
        InputError: They cannot; it says what is allowed.
    """
    allowed = (
        f"1 to {MAX_SOURCE} characters of Unicode, none of them a control character; name it with --source"
    )
    if not source.strip():
        raise refusal(place, "source", "empty", allowed)
    if len(source) > MAX_SOURCE:
        raise refusal(place, "source", f"{len(source):,} characters", allowed)
    if without_controls(source) != source or "\n" in source or "\t" in source or "\r" in source:
        raise refusal(place, "source", f"{_quoted(source)} is not plain text", allowed)
    return source


def _moment(observed_at: int | str, place: str) -> int:
    shown = _quoted(str(observed_at))
    try:
        moment = parse_instant(observed_at) if isinstance(observed_at, str) else observed_at
    except (ValueError, OverflowError):
        no_zone = isinstance(observed_at, str) and _names_no_zone(observed_at)
        problem = f"{shown} names no time zone" if no_zone else f"{shown} is no date and time"
        raise refusal(place, "observed_at", problem, TIMES) from None
    if not EARLIEST <= moment <= LATEST:
        raise refusal(place, "observed_at", f"{shown} is no moment that events can carry", TIMES)
    return moment


def _names_no_zone(written: str) -> bool:
    try:
        parse_instant(f"{written}Z")
    except (ValueError, OverflowError):
        return False
    return True


def _text(text: str, place: str, most: int) -> str:
    if len(text) > most:
        raise refusal(place, "text", f"{len(text):,} characters", f"at most {most:,}")
    return without_controls(repair(text))


def _quoted(value: str) -> str:
    return ascii(value if len(value) <= _SHOWN else f"{value[:_SHOWN]}…")
