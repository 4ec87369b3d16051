"""Decides which records a replay takes: by event time, key, header and fields of the value."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from schemas.cloudevents import CANARY_SOURCE
from schemas.events import UNREADABLE
from schemas.headers import SOURCE_HEADER
from schemas.mediatopics import slug_of
from schemas.topics import CATEGORIES
from streams.closest import closest
from streams.errors import SettingsError

Predicate = Callable[[Any], bool]


class Selection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A filter: a record must match one value of each non-empty list, and none of a `not_…` list.

    Without values it takes all records but the canary's.
    """

    sources: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Slugs of categories, for topics of categorized headlines."""
    keys: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    """`NAME=VALUE`, or `NAME` for any value."""
    text: str | None = None
    """A regular expression to be found in the text of the headline or strip."""
    not_sources: tuple[str, ...] = ()
    not_categories: tuple[str, ...] = ()
    canary: bool = False
    """Whether to take the canary's records too; they measure the pipeline and are not news."""

    @property
    def includes(self) -> bool:
        """Whether values must match something; then a value that cannot be read is not taken."""
        return bool(self.sources or self.languages or self.categories or self.text)

    @property
    def decodes(self) -> bool:
        """Whether values have to be decoded."""
        return bool(self.includes or self.not_sources or self.not_categories)


class _View(Struct, frozen=True):
    """The fields of a value of any type that a selection needs."""

    source: str = ""
    sources: tuple[str, ...] = ()
    language: str = ""
    text: str = ""
    topic: str | None = None


_view: Final = msgspec.json.Decoder(_View).decode


def predicate(selection: Selection, *, since: int | None, until: int | None) -> Predicate | None:
    """A function that says whether a record is taken; None takes all.

    Args:
        selection: The filter.
        since: The earliest event time, in ms.
        until: The end of the window, in ms; not included.

    Raises:
        SettingsError: The text is not a valid regular expression.
    """
    tests: list[Predicate] = [] if selection.canary else [_not_the_canary]
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
    if len(tests) < 2:  # noqa: PLR2004 (the usual case, only the canary's test, without the cost of `all`)
        return tests[0] if tests else None
    return lambda record: all(test(record) for test in tests)


def _by_header(wanted: Sequence[str]) -> Predicate:
    pairs = {(name, value.encode()) for name, equals, value in map(_partition, wanted) if equals}
    names = {name for name, equals, _ in map(_partition, wanted) if not equals}
    return lambda record: any(header in pairs or header[0] in names for header in record.headers)


def _partition(header: str) -> tuple[str, str, str]:
    return header.partition("=")


_CANARY: Final = CANARY_SOURCE.encode()
_CANARY_NAMED: Final = b'"%b"' % _CANARY


def _not_the_canary(record: Any) -> bool:
    """Whether a record is not the canary's, by its source header; without one, a value is decoded if it may be."""
    if record.headers and record.headers[0][0] == SOURCE_HEADER:
        return bool(record.headers[0][1] != _CANARY)
    if record.value is None or _CANARY_NAMED not in record.value:
        return True
    view = _seen(record)
    return view is None or view.source != CANARY_SOURCE


def _seen(record: Any) -> _View | None:
    """The fields that a selection needs; None for a tombstone or a value that cannot be read."""
    try:
        return _view(record.value or b"")
    except UNREADABLE:
        return None


def _by_value(selection: Selection) -> Predicate:
    """A test of the decoded value.

    A tombstone, or a value that cannot be read, matches nothing: it is not taken if a list demands a match, and taken
    if there are only `not_…` lists.
    """
    try:
        text = re.compile(selection.text) if selection.text else None
    except re.error as error:
        raise SettingsError(f"--text {selection.text!r} is no regular expression: {error}") from None
    sources, languages = frozenset(selection.sources), frozenset(selection.languages)
    categories, not_categories = frozenset(selection.categories), frozenset(selection.not_categories)
    not_sources, includes = frozenset(selection.not_sources), selection.includes

    def test(record: Any) -> bool:
        view = _seen(record)
        if view is None:
            return not includes
        shown_by = {view.source, *view.sources} - {""}
        return (
            (not sources or not sources.isdisjoint(shown_by))
            and not (shown_by and shown_by <= not_sources)
            and (not languages or view.language in languages)
            and (not categories or slug_of(view.topic) in categories)
            and not (not_categories and slug_of(view.topic) in not_categories)
            and (text is None or text.search(view.text) is not None)
        )

    return test


class Unmatched:
    """Finds values of a selection that no record of a window has, such as mistyped names.

    Args:
        selection: The filter.
    """

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._sources: set[str] = set()
        self._languages: set[str] = set()
        self._categories: set[str] = set()

    def noting(self, taken: Predicate | None) -> Predicate | None:
        """A predicate with the same result, which also notes the values of every record."""
        if not self._selection.decodes:
            return taken

        def test(record: Any) -> bool:
            self._note(record)
            return taken is None or taken(record)

        return test

    def _note(self, record: Any) -> None:
        if (view := _seen(record)) is not None:
            self._sources.update({view.source, *view.sources} - {""})
            self._languages.add(view.language)
            self._categories.add(slug_of(view.topic))

    def told(self) -> Iterator[str]:
        """A message for each value that no record has, with a suggestion."""
        given = self._selection
        slugs = {*CATEGORIES, *self._categories}
        for flag, values, there, known in (
            ("--source", given.sources, self._sources, self._sources),
            ("--not-source", given.not_sources, self._sources, self._sources),
            ("--language", given.languages, self._languages, self._languages),
            ("--category", given.categories, self._categories, slugs),
            ("--not-category", given.not_categories, self._categories, slugs),
        ):
            for value in values:
                if value not in there:
                    yield f"{flag} {value!r} matches no record of the window{meant(value, known)}"


def meant(value: str, known: Collection[str]) -> str:
    """A suggestion for a mistyped name, to append to a message; empty if none is similar."""
    close = closest(value, known)
    return f": did you mean {close}?" if close else ""
