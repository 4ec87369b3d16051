"""The journal of visits: the requests to each host on each day, and when each source first showed a headline.

Nothing is decided by it. `ticker sources report` shows it to the owner of a site, `ticker sources recall` compares the
sources of one site. It is bounded: a month of days, a week of headlines.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from msgspec import Struct

from streams.errors import SettingsError
from streams.produce.sightings import identify
from streams.sources.hosts import host_of
from streams.sources.visit import Reading, Visit

logger: Final = logging.getLogger(__name__)

FILE: Final = "visits.db"
MAX_HEADLINES: Final = 500_000
_DAY_MS: Final = 86_400_000
_DAYS_KEPT: Final = 31
_HEADLINES_KEPT_MS: Final = 7 * _DAY_MS
_SAVED_EVERY_S: Final = 10.0
_PRUNED_EVERY_S: Final = 3600.0
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS days (host TEXT, day INTEGER, visits INTEGER, unchanged INTEGER, failed INTEGER,
  requests INTEGER, bytes INTEGER, distance REAL, robots TEXT, PRIMARY KEY (host, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pauses (host TEXT, at INTEGER, seconds REAL, next_at INTEGER);
CREATE TABLE IF NOT EXISTS shown (source TEXT, key BLOB, site TEXT, text TEXT, at INTEGER, is_first INTEGER,
  PRIMARY KEY (source, key)) WITHOUT ROWID;
"""
_ADD_DAY: Final = """
INSERT INTO days VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?) ON CONFLICT (host, day) DO UPDATE SET visits = visits + 1,
  unchanged = unchanged + excluded.unchanged, failed = failed + excluded.failed,
  requests = requests + excluded.requests, bytes = bytes + excluded.bytes,
  distance = min(coalesce(distance, excluded.distance), coalesce(excluded.distance,
  distance)), robots = coalesce(nullif(excluded.robots, ''), robots)
"""
_ADD_PAUSE: Final = "INSERT INTO pauses VALUES (?, ?, ?, NULL)"
_ASKED_AGAIN: Final = "UPDATE pauses SET next_at = ? WHERE host = ? AND next_at IS NULL AND at < ?"
_ONLY_NEWEST: Final = """
DELETE FROM shown WHERE (source, key) IN (SELECT source, key FROM (SELECT source, key,
  row_number() OVER (PARTITION BY source ORDER BY at DESC) AS number FROM shown) WHERE number > ?)
"""
_ADD_SHOWN: Final = "INSERT OR IGNORE INTO shown VALUES (?, ?, ?, ?, ?, ?)"


class Day(Struct, frozen=True):
    """The requests to a host on a day (days since the epoch, UTC); `distance` is the smallest between two, in s."""

    host: str
    day: int
    visits: int
    unchanged: int
    failed: int
    requests: int
    bytes: int
    distance: float | None
    robots: str


class Pause(Struct, frozen=True):
    """A host asked for a pause of `seconds` (Retry-After); `next_at` is when the next request was sent. Times in ms."""

    host: str
    at: int
    seconds: float
    next_at: int | None

    @property
    def is_kept(self) -> bool:
        """Whether no request was sent during the pause."""
        return self.next_at is None or self.next_at >= self.at + self.seconds * 1000


class Shown(Struct, frozen=True):
    """A source first showed a headline at a time (ms); `is_first` if that was in the source's very first strip."""

    source: str
    key: bytes
    site: str
    text: str
    at: int
    is_first: bool


class Journal:
    """Writes the journal; use it as a context.

    Args:
        folder: The state folder; None keeps it in memory.
        site: Gives a source's site if other sources have the same, else None: then its headlines are not kept.
    """

    def __init__(self, folder: Path | None, *, site: Callable[[str], str | None]) -> None:
        self._path = ":memory:" if folder is None else str(folder / FILE)
        self._site = site
        self._waiting: list[tuple[str, tuple[Any, ...]]] = []
        """SQL statements with their values, not executed yet, in the order in which visits ended."""
        self._last: dict[str, frozenset[bytes]] = {}
        self._works = True
        self._saved_at = self._pruned_at = time.monotonic()

    def __enter__(self) -> Self:
        try:
            self._open()
        except sqlite3.Error as error:
            if type(error) is not sqlite3.DatabaseError:
                raise SettingsError(f"sources.state: {self._path} cannot be used: {error}") from None
            self._begin_anew(error)
        return self

    def _open(self) -> None:
        self._database = sqlite3.connect(self._path)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_TABLES)
            known = self._database.execute("SELECT DISTINCT source FROM shown")
            self._last = {source: frozenset() for (source,) in known}
        except BaseException:
            self._database.close()
            raise

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        """Move a damaged journal aside and begin an empty one.

        Raises:
            SettingsError: A new one cannot be created.
        """
        path = Path(self._path)
        self._database.close()
        aside = path.with_suffix(".damaged")
        logger.warning("%s is damaged (%s); it is set aside as %s, and begins anew", path, error, aside.name)
        try:
            path.replace(aside)
            for rest in ("-wal", "-shm"):
                path.with_name(f"{path.name}{rest}").unlink(missing_ok=True)
            self._open()
        except (OSError, sqlite3.Error) as other:
            raise SettingsError(f"sources.state: {path} cannot be used: {other}") from None

    def __exit__(self, *_: object) -> None:
        self.save()
        self._database.close()

    def note(self, reading: Reading) -> None:
        """Record a visit; it is saved to disk with the first visit after ten seconds."""
        visit = reading.visit
        if visit.host:
            self._note_visit(visit)
        if reading.strip is not None and not reading.is_same and visit.outcome == "changed":
            self._note_headlines(reading)
        if time.monotonic() - self._saved_at >= _SAVED_EVERY_S:
            self.save()

    def _note_visit(self, visit: Visit) -> None:
        is_unchanged, is_failed = visit.outcome == "unchanged", not visit.is_well
        day = visit.at // _DAY_MS
        counts = (is_unchanged, is_failed, visit.requests, visit.wire_bytes)
        self._waiting.append((_ADD_DAY, (visit.host, day, *counts, visit.distance, visit.robots)))
        if visit.requests:
            answered = (
                host_of(visit.answered_by) or visit.host
            )  # another host than the source's after a redirect
            began = visit.at - round(visit.seconds * 1000)
            self._waiting += [(_ASKED_AGAIN, (began, host, began)) for host in {visit.host, answered}]
            if visit.retry_after:
                self._waiting.append((_ADD_PAUSE, (answered, visit.at, visit.retry_after)))

    def _note_headlines(self, reading: Reading) -> None:
        source, at = reading.visit.source, reading.visit.at
        site = self._site(source)
        if site is None:
            return
        texts = {identify(slot.text)[0]: slot.text for slot in reading.headlines}
        before = self._last.get(source)
        new = [key for key in texts if before is None or key not in before]
        self._waiting += [(_ADD_SHOWN, (source, key, site, texts[key], at, before is None)) for key in new]
        self._last[source] = frozenset(texts)

    def save(self) -> None:
        """Save recorded visits to disk. If that fails they are dropped: visits go on without a journal."""
        self._saved_at = time.monotonic()
        try:
            with self._database as database:
                for statement, values in self._waiting:
                    database.execute(statement, values)
                if self._saved_at - self._pruned_at >= _PRUNED_EVERY_S:
                    self._prune(database)
        except (sqlite3.Error, ValueError) as error:
            self._cannot(error)
        else:
            self._works = True
        self._waiting.clear()

    def _cannot(self, error: Exception) -> None:
        """Log once that the journal cannot be written; if it is damaged, begin a new one."""
        if self._works:
            logger.warning("%s cannot be written: %s; what was to be noted is left out", self._path, error)
        self._works = False
        if type(error) is sqlite3.DatabaseError:
            with suppress(SettingsError):
                self._begin_anew(error)

    def _prune(self, database: sqlite3.Connection) -> None:
        self._pruned_at = self._saved_at
        now = time.time_ns() // 1_000_000
        oldest = now // _DAY_MS - _DAYS_KEPT
        database.execute("DELETE FROM days WHERE day < ?", (oldest,))
        database.execute("DELETE FROM pauses WHERE at < ?", (oldest * _DAY_MS,))
        database.execute("DELETE FROM shown WHERE at < ?", (now - _HEADLINES_KEPT_MS,))
        count, sources = database.execute("SELECT count(*), count(DISTINCT source) FROM shown").fetchone()
        if count > MAX_HEADLINES:
            # Each source gets an equal share: one with thousands of headlines a minute evicts only its own.
            database.execute(_ONLY_NEWEST, (MAX_HEADLINES // sources,))


def read_days(folder: Path) -> tuple[list[Day], list[Pause]]:
    """The requests and pauses of all hosts, from a producer's state folder.

    Raises:
        SettingsError: There is no journal.
    """
    with _opened(folder) as database:
        return _rows(database, "days", Day), _rows(database, "pauses", Pause)


def read_headlines(folder: Path) -> list[Shown]:
    """Which source first showed which headline, and when, from a producer's state folder.

    Raises:
        SettingsError: There is no journal.
    """
    with _opened(folder) as database:
        return _rows(database, "shown", Shown)


@contextmanager
def _opened(folder: Path) -> Iterator[sqlite3.Connection]:
    path = folder / FILE
    if not path.is_file():
        raise SettingsError(
            f"{path}: there is no journal; `ticker produce --sources` writes it into its --state folder"
        )
    try:
        with closing(sqlite3.connect(f"file:{path.resolve()}?mode=ro", uri=True)) as database:
            yield database
    except sqlite3.Error as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None


def _rows(database: sqlite3.Connection, table: str, kind: Any) -> list[Any]:
    names = ", ".join(kind.__struct_fields__)
    rows: Sequence[Any] = database.execute(f"SELECT {names} FROM {table}").fetchall()  # noqa: S608 (ours)
    return [kind(*row) for row in rows]
