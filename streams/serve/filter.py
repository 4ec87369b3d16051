"""Filters of headlines by topic, language, source and words, parsed from a URL's query."""

import re
from collections.abc import Collection, Iterable
from http import HTTPStatus
from typing import Final, Protocol

from msgspec import Struct

from schemas.topics import CATEGORIES
from streams.closest import closest
from streams.counted import counted
from streams.process.fold import fold
from streams.web.problems import ProblemError

MAX_VALUES: Final = 20
"""The most values of one parameter in a query."""
MAX_LENGTH: Final = 200
"""The longest value, in characters."""
PARAMETERS: Final = ("topic", "language", "source", "words")

_TOPIC: Final = re.compile(r"[a-z][a-z0-9-]{0,48}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")


class Query(Protocol):
    """A URL's query: a parameter can have several values."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """All values of a parameter, in order."""


class Filter(Struct, frozen=True, kw_only=True):
    """A filter: a headline must match every parameter, by any of its values; an empty set matches all."""

    topics: frozenset[str] = frozenset()
    """Slugs."""
    languages: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    """Folded words, all of which must occur in the headline; so `Élections` finds `elections` and كأس finds الكأس."""

    def wants(self, *, topic: str, language: str, source: str, folded: str) -> bool:
        """Whether a headline is wanted; `folded` is its folded text."""
        return (
            (not self.topics or topic in self.topics)
            and (not self.languages or language in self.languages)
            and (not self.sources or source in self.sources)
            and all(word in folded for word in self.words)
        )


def read_filter(query: Query, *, own_topics: Collection[str] = (), topic: str | None = None) -> Filter:
    """Parse the filter in a query.

    Args:
        query: The URL's query.
        own_topics: Slugs of users' own topics, in addition to the contract's.
        topic: A slug from the path; then the query's topics are ignored.

    Raises:
        ProblemError: A value is too long, there are too many, or a topic or language does not exist.
    """
    topics = frozenset(_values(query, "topic") if topic is None else [topic])
    for slug in topics:
        _check_topic(slug, own_topics)
    languages = frozenset(_values(query, "language"))
    for language in languages:
        if not _LANGUAGE.fullmatch(language):
            raise ProblemError(
                HTTPStatus.BAD_REQUEST,
                f"{language!r} is no language; say it as ISO 639 does: ar, fr, en, …",
                parameter="language",
            )
    return Filter(
        topics=topics,
        languages=languages,
        sources=frozenset(_values(query, "source")),
        words=frozenset(word for value in _values(query, "words") for word in fold(value).split()),
    )


def _values(query: Query, name: str) -> list[str]:
    values = [value for value in query.getall(name, []) if value]
    if len(values) > MAX_VALUES:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST,
            f"{name} stands {counted(len(values), 'time')}; {MAX_VALUES} are allowed",
            parameter=name,
        )
    for value in values:
        if len(value) > MAX_LENGTH:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST,
                f"a {name} of {len(value)} characters; {MAX_LENGTH} are allowed",
                parameter=name,
            )
    return values


def _check_topic(slug: str, own_topics: Iterable[str]) -> None:
    known = {*CATEGORIES, *own_topics}
    if slug in known and _TOPIC.fullmatch(slug):
        return
    close = closest(slug, known)
    hint = f"did you mean {close}?" if close else f"there are {', '.join(sorted(known))}"
    raise ProblemError(HTTPStatus.BAD_REQUEST, f"{slug[:50]!r} is no topic: {hint}", parameter="topic")
