"""Which records a replay takes: by event time, key, header, and what the value says."""

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.mediatopics import slug_of
from streams.errors import SettingsError

Predicate = Callable[[Any], bool]


class Selection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is taken: one value of each list that is not empty has to match. Empty takes all."""

    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Slugs; headlines whose surest topic is one of them (topics of categorized headlines only)."""
    keys: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """`NAME=VALUE`, or `NAME` for any value."""
    text: str | None = None
    """A regular expression that is found in the headline or strip."""

    @property
    def decodes(self) -> bool:
        """Whether values have to be read."""
        return bool(self.sources or self.languages or self.categories or self.text)


class _View(Struct, frozen=True):
    """What a selection wants to know of a value, whatever its type."""

    source: str = ""
    sources: tuple[str, ...] = ()
    language: str = ""
    text: str = ""
    topic: str | None = None


_view: Final = msgspec.json.Decoder(_View).decode


def predicate(selection: Selection, *, since: int | None, until: int | None) -> Predicate | None:
    """Whether a record is taken, as a function of it; None where all are.

    Args:
        selection: What is taken.
        since: The earliest event time, in ms.
        until: The event time that is too late, in ms.

    Raises:
        SettingsError: The text is no regular expression.
    """
    tests: list[Predicate] = []
    if since is not None:
        tests.append(lambda record: record.timestamp >= since)
    if until is not None:
        tests.append(lambda record: record.timestamp < until)
    if selection.keys:
        keys = {key.encode() for key in selection.keys}
        tests.append(lambda record: record.key in keys)
    if selection.headers:
        tests.append(_by_header(selection.headers))
    if selection.decodes:
        tests.append(_by_value(selection))
    if not tests:
        return None
    return lambda record: all(test(record) for test in tests)


def _by_header(wanted: Sequence[str]) -> Predicate:
    pairs = {(name, value.encode()) for name, equals, value in map(_partition, wanted) if equals}
    names = {name for name, equals, _ in map(_partition, wanted) if not equals}
    return lambda record: any(header in pairs or header[0] in names for header in record.headers)


def _partition(header: str) -> tuple[str, str, str]:
    return header.partition("=")


def _by_value(selection: Selection) -> Predicate:
    """A test of the decoded value; a value that cannot be read, or a tombstone, matches nothing."""
    try:
        text = re.compile(selection.text) if selection.text else None
    except re.error as error:
        raise SettingsError(f"--text {selection.text!r} is no regular expression: {error}") from None
    sources, languages = frozenset(selection.sources), frozenset(selection.languages)
    categories = frozenset(selection.categories)

    def test(record: Any) -> bool:
        try:
            view = _view(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return (
            (not sources or view.source in sources or not sources.isdisjoint(view.sources))
            and (not languages or view.language in languages)
            and (not categories or slug_of(view.topic) in categories)
            and (text is None or text.search(view.text) is not None)
        )

    return test
