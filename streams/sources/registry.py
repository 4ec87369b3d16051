"""Reads `sources.toml`: which sources to read, where, how often and how. All errors are reported, each with its line.

This module opens no connection. `Registry` holds the sources and reads the file again when it has changed; if the new
file is invalid, that is logged and the sources stay as they were.
"""

import logging
import os
import re
import tomllib
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta, Struct

from schemas.events import MAX_SOURCE
from streams.errors import SettingsError
from streams.produce.extract import selector_problem
from streams.produce.separators import MAX_SEPARATOR
from streams.settings import Secret
from streams.settings.sources import INTERVALS, LEAST_INTERVAL_S, MOST_INTERVAL_S
from streams.sources.visit import Kind

logger: Final = logging.getLogger(__name__)

MAX_FILE: Final = 4 << 20
"""The largest sources.toml, in bytes."""
MAX_TOLD: Final = 20
"""The most errors of one file that are listed; the rest are counted."""
MAX_HEADERS: Final = 20

_ID: Final = rf"^[A-Za-z0-9][A-Za-z0-9._/-]{{0,{MAX_SOURCE - 1}}}$"
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_VALUE: Final = re.compile(r"[\t -~\x80-\xff]{0,4000}")
_OURS: Final = frozenset(
    {
        "host",
        "connection",
        "content-length",
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "range",
        "user-agent",
        "accept-encoding",
        "if-none-match",
        "if-modified-since",
        "if-match",
        "if-unmodified-since",
        "if-range",
        "proxy-authorization",
    }
)
"""Headers that only the fetcher may set: identity, conditional requests and message framing."""
_CREDENTIALS: Final = re.compile(r"authorization|cookie|token|secret|password|api-?key", re.IGNORECASE)
_TOKEN: Final = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}\n]',
    re.DOTALL,
)
"""The tokens by which a statement of TOML ends: newlines outside of brackets, strings and comments."""
_BEGINS_ENTRY: Final = re.compile(r"""[ \t]*\[\[[ \t]*(?:source|"source"|'source')[ \t]*\]\]""")
_PLACE: Final = re.compile(r" - at `\$(.*)`$")

_Seconds = Annotated[float, Meta(ge=LEAST_INTERVAL_S, le=MOST_INTERVAL_S)]
_Limit = Annotated[float, Meta(gt=0, le=600)]
_Selector = Annotated[str, Meta(min_length=1, max_length=500)]


class _Entry(Struct, frozen=True, kw_only=True):
    """An entry as written; its fields are the allowed keys."""

    id: Annotated[str, Meta(pattern=_ID)]
    address: Annotated[str, Meta(min_length=1, max_length=2000)] | None = None
    path: Annotated[str, Meta(min_length=1, max_length=4000)] | None = None
    kind: Kind | None = None
    site: Annotated[str, Meta(pattern=_ID)] | None = None
    selector: _Selector | None = None
    separator: Annotated[str, Meta(max_length=MAX_SEPARATOR)] | None = None
    interval: _Seconds | Annotated[list[_Seconds], Meta(min_length=2, max_length=2)] | None = None
    language: Annotated[str, Meta(pattern=r"^[a-z]{2,3}$")] | None = None
    timezone: Annotated[str, Meta(max_length=100)] | None = None
    timeout: _Limit = 30.0
    connect_timeout: _Limit = 10.0
    headers: Annotated[dict[str, str], Meta(max_length=MAX_HEADERS)] = {}
    allow_private: bool = False


_FIELDS: Final = get_type_hints(_Entry, include_extras=True)
_EXPLAINED: Final = {
    "id": f"letters, digits and . _ / -, at most {MAX_SOURCE}",
    "kind": "page, feed, sitemap or json; it is found by itself where it is left out",
    "interval": f"{INTERVALS}, or [shortest, longest]",
    "language": "an ISO 639 code such as ar",
    "timeout": "seconds, at most 600",
    "connect_timeout": "seconds, at most 600",
}


class Source(Struct, frozen=True, kw_only=True):
    """A source and how to read it. Exactly one of `address` and `path` is set."""

    id: str
    """The `source` of its events."""
    address: str | None = None
    """An http or https URL, without credentials."""
    path: Path | None = None
    kind: Kind | None = None
    """None to detect it from each answer."""
    site: str
    """A name shared by the page, feed and sitemap of one site: as written, else the host, or the id of a file."""
    selector: str | None = None
    separator: str | None = None
    shortest: float | None = None
    """The least seconds between visits; None for the setting `sources.shortest_interval`."""
    longest: float | None = None
    """The most seconds between visits; None for `sources.longest_interval`. If both are equal, it is fixed."""
    language: str | None = None
    """Sent as Accept-Language. It never decides an event's language, because that decides the partition."""
    timezone: str | None = None
    """The IANA zone for times without a zone, and for the source's days; None is UTC."""
    timeout: float = 30.0
    """Seconds for a whole answer, redirects included; waiting for the host's turn does not count."""
    connect_timeout: float = 10.0
    """Seconds for a connection."""
    headers: Mapping[str, Secret] = {}
    """Sent only to the origin of `address`."""
    allow_private: bool = False
    """Whether the address may be in a private network."""

    @property
    def place(self) -> str:
        """The address or the path, for messages."""
        return self.address if self.address is not None else str(self.path)


class Registry:
    """The sources of a file, read again when it changes.

    Args:
        path: The file.
        environment: The variables for `${NAME}` in headers.

    Raises:
        SettingsError: The file cannot be used; lists every error with its line.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._environment = environment
        self._mark = _mark(path)
        self.sources: Sequence[Source] = read_sources(path, environment)
        self._by_id: tuple[Sequence[Source], Mapping[str, Source]] = (), {}
        self._sites: Counter[str] = Counter()

    def source(self, name: str) -> Source | None:
        """The source with an id; None if there is none."""
        if self._by_id[0] is not self.sources:
            self._by_id = self.sources, {source.id: source for source in self.sources}
            self._sites = Counter(source.site for source in self.sources)
        return self._by_id[1].get(name)

    def shared_site(self, name: str) -> str | None:
        """The site of the source with an id, if other sources have the same site."""
        source = self.source(name)
        return source.site if source is not None and self._sites[source.site] > 1 else None

    def is_outdated(self) -> bool:
        """Whether the file has changed since it was read."""
        return _mark(self._path) != self._mark

    def reload(self) -> bool:
        """Read the file again if it has changed; says whether the sources have. It may run in another thread.

        If the file cannot be used, that is logged and the sources stay.
        """
        mark = _mark(self._path)
        if mark == self._mark:
            return False
        self._mark = mark
        try:
            sources = read_sources(self._path, self._environment)
        except SettingsError as error:
            logger.error("%s; the sources stay as they were", error)  # noqa: TRY400 (a file's fault)
            return False
        is_other = sources != self.sources
        self.sources = sources
        return is_other


def read_sources(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Source, ...]:
    """The sources of a file, in its order.

    Raises:
        SettingsError: The file cannot be read or an entry is wrong; a line for each error, `FILE:LINE: KEY: …`.
    """
    text = _text(path)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number too long for `int`, lists in lists in lists
        raise SettingsError(f"{path} is no TOML: {error}") from None
    errors: list[_Problem] = list(_strange(tables))
    entries = tables.get("source")
    sources: list[Source] = []
    if not isinstance(entries, list) or not entries:
        errors.append(_Problem(("source",), "there is none; begin each with [[source]]"))
        entries = []
    first: dict[str, int] = {}
    for number, written in enumerate(entries):
        place = ("source", number)
        wrong = list(_wrong(place, written))
        made = _source(place, written, wrong, path.parent, environment)
        if made is not None:
            sources.append(made)
        name = written.get("id") if isinstance(written, dict) else None
        if isinstance(name, str) and first.setdefault(name, number) != number:
            wrong.append(_Problem((*place, "id"), f"{name!r} is the id of entry {first[name] + 1} too"))
        errors += wrong
    if errors:
        raise SettingsError(_told(path, text, errors, len(entries)))
    return tuple(sources)


class _Problem(Struct, frozen=True):
    """An error, and the key of the file at which it is."""

    key: tuple[str | int, ...]
    told: str


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        raise SettingsError(
            f"there is no {path}; `ticker sources add ADDRESS` proposes entries for it"
        ) from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    if len(data) > MAX_FILE:
        raise SettingsError(f"{path} is larger than {MAX_FILE >> 20} MiB")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: is not UTF-8") from None


def _mark(path: Path) -> tuple[int, int, int] | None:
    """A file's modification time, size and inode, which change when it is written; None if it does not exist."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _strange(tables: Mapping[str, Any]) -> Iterator[_Problem]:
    for key in tables.keys() - {"source"}:
        yield _Problem((key,), "is no key of this file; it has [[source]] entries only")


def _wrong(place: tuple[str | int, ...], written: object) -> Iterator[_Problem]:
    """The errors in the keys of an entry, each key on its own."""
    if not isinstance(written, dict):
        yield _Problem(place, "is no entry; begin each with [[source]]")
        return
    if "id" not in written:
        yield _Problem(place, "an entry without an id; it names the source in every event")
    for key, value in written.items():
        if key not in _FIELDS:
            yield _Problem((*place, key), f"is no key of a source; allowed: {', '.join(_FIELDS)}")
            continue
        try:
            msgspec.convert(value, _FIELDS[key])
        except msgspec.ValidationError as error:
            problem = _PLACE.sub("", str(error))
            allowed = f"; allowed: {_EXPLAINED[key]}" if key in _EXPLAINED else ""
            yield _Problem((*place, key), f"{problem[0].lower()}{problem[1:]}{allowed}")


def _source(
    place: tuple[str | int, ...],
    written: object,
    wrong: list[_Problem],
    folder: Path,
    environment: Mapping[str, str],
) -> Source | None:
    """The source of an entry; None if it has errors, within or between its keys, which are added to `wrong`."""
    if not isinstance(written, dict):
        return None
    bad = {each.key[len(place)] for each in wrong if len(each.key) > len(place)}
    usable = {key: value for key, value in written.items() if key not in bad}
    entry = msgspec.convert({"id": "unnamed", **usable}, _Entry)
    wrong += [_Problem((*place, *key), told) for key, told in _contradictions(entry, written)]
    headers: dict[str, Secret] = {}
    for name, value in entry.headers.items():
        problem, filled = _header(name, value, environment)
        if problem:
            wrong.append(_Problem((*place, "headers", name), problem))
        headers[name] = Secret(filled)
    if wrong:
        return None
    path = None if entry.path is None else _expanded(entry.path)
    bounds = entry.interval if isinstance(entry.interval, list) else [entry.interval, entry.interval]
    return Source(
        id=entry.id,
        address=entry.address,
        path=None if path is None else folder / path,
        kind=entry.kind,
        site=entry.site or (urlsplit(entry.address).hostname if entry.address else None) or entry.id,
        selector=entry.selector,
        separator=entry.separator,
        shortest=bounds[0],
        longest=bounds[1],
        language=entry.language,
        timezone=entry.timezone,
        timeout=entry.timeout,
        connect_timeout=entry.connect_timeout,
        headers=headers,
        allow_private=entry.allow_private,
    )


def _contradictions(entry: _Entry, written: Mapping[str, object]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The errors between the keys of an entry; `entry` has only its valid keys, `written` has all."""
    if not written.keys() & {"address", "path"}:
        yield (), "neither an address nor a path; a source has one of them"
    if entry.address is not None and entry.path is not None:
        yield ("path",), "an address stands there too; a source has one of them"
    if entry.address is not None and (problem := address_problem(entry.address)):
        yield ("address",), problem
    if entry.path is not None and not entry.path.isprintable():
        yield ("path",), "a path without control characters"
    if entry.path is not None and _expanded(entry.path) is None:
        yield ("path",), "there is no home of that name; write the folder out"
    if entry.path is not None and entry.headers:
        yield ("headers",), "a file is asked for without headers"
    if entry.selector is not None and (problem := _useless(entry.selector, entry.kind)):
        yield ("selector",), problem
    if isinstance(entry.interval, list) and entry.interval[0] > entry.interval[1]:
        yield ("interval",), "the shortest comes first"
    if entry.timezone is not None and not _is_zone(entry.timezone):
        yield ("timezone",), f"{entry.timezone!r} is no time zone; give one such as Africa/Casablanca"


def _useless(selector: str, kind: str | None) -> str:
    """Why a selector picks nothing; empty if it can."""
    if kind not in {None, "page"}:
        return f"a selector picks elements of a page, and kind is {kind}"
    problem = selector_problem(selector)
    return f"{selector!r} is not CSS: {problem}" if problem else ""


def address_problem(address: str) -> str:
    """Why a text cannot be the address of a source; empty if it can."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\x00-\x20\x7f]", address):
        return f"{address!r} is no address; give https://HOST/PATH"
    if parts.username is not None or parts.password is not None:
        return "credentials in an address are shown with it; give an Authorization header from ${NAME}"
    return ""


def _header(name: str, value: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The error in a header (empty for none), and its value with variables substituted."""
    if not _HEADER.fullmatch(name):
        return "is no name of a header", ""
    if name.lower() in _OURS:
        return "is a header that the fetcher decides itself", ""
    if _CREDENTIALS.search(name) and not _VARIABLE.search(value):
        return "credentials come from the environment: write ${NAME} and set that variable", ""
    for variable in _VARIABLE.findall(value):
        if not environment.get(variable):
            return f"the variable {variable} is not set", ""
    filled = _VARIABLE.sub(lambda match: environment[match[1]], value)
    return ("", filled) if _VALUE.fullmatch(filled) else ("its value is no header's", "")


def _expanded(path: str) -> Path | None:
    """A path with `~` expanded; None if there is no such home directory."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _told(path: Path, text: str, errors: list[_Problem], entries: int) -> str:
    """The errors, a line each, in the order of the file; at most `MAX_TOLD`, then the number of the rest."""
    parts = _parts(text)
    if len(parts) != entries + 1:
        # The entries are written as `source = [{…}, {…}]`: treat everything as one part.
        parts = [[statement for part in parts for statement in part]]
    last = text.count("\n") + 1
    placed = sorted(
        ((_line_of(parts, each.key) or last, each) for each in errors[:MAX_TOLD]), key=lambda pair: pair[0]
    )
    told = [f"{path}:{line}: {_name(each.key)}{each.told}" for line, each in placed]
    if len(errors) > MAX_TOLD:
        told.append(f"{path}: {len(errors) - MAX_TOLD} more errors")
    return "\n".join(told)


def _name(key: tuple[str | int, ...]) -> str:
    """A key within its entry, with a colon; empty for the entry itself."""
    within = key[2:] if len(key) > 1 else key
    return f"{'.'.join(map(str, within))}: " if within else ""


class _Statement(NamedTuple):
    """A table header, a key with its value, or an empty line of a TOML file; `line` is its first, from 1."""

    line: int
    text: str


def _statements(text: str) -> Iterator[_Statement]:
    """The statements of a valid TOML text, in one pass."""
    depth, begin, line = 0, 0, 1
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "[" | "{":
                depth += 1
            case "]" | "}":
                depth -= 1
            case "\n" if not depth:
                yield _Statement(line, text[begin : token.end()])
                line += text.count("\n", begin, token.end())
                begin = token.end()
    yield _Statement(line, text[begin:])


def _parts(text: str) -> list[list[_Statement]]:
    """The statements before the first entry, then those of each entry."""
    parts: list[list[_Statement]] = [[]]
    for statement in _statements(text):
        if _BEGINS_ENTRY.match(statement.text):
            parts.append([])
        parts[-1].append(statement)
    return parts


def _line_of(parts: list[list[_Statement]], key: tuple[str | int, ...]) -> int | None:
    """The line, from 1, on which a key begins; None if it is missing. Only the part of its entry is parsed."""
    match key:
        case "source", int(number), *rest if len(parts) > 1:
            return _line_in(parts[number + 1], ("source", 0, *rest))
        case _:
            return next(filter(None, (_line_in(part, key) for part in parts)), None)


def _line_in(statements: list[_Statement], key: tuple[str | int, ...]) -> int | None:
    """The line of the statement that defines the key, found by bisection."""

    def has_begun(count: int) -> bool:
        return _has(tomllib.loads("".join(each.text for each in statements[:count])), key)

    if not has_begun(len(statements)):
        return None
    return statements[bisect_left(range(1, len(statements)), True, key=has_begun)].line


def _has(tables: Any, key: tuple[str | int, ...]) -> bool:
    for part in key:
        try:
            tables = tables[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
