"""The state of every source between visits, kept on disk so that a restart goes on as if there had been none.

All tables are written in one SQLite transaction, after the strips that they describe were published: a crash repeats
visits and never loses one. Validators, digest and strip of a source always belong to the same answer.
"""

import logging
import sqlite3
from collections.abc import Container, Iterator, MutableMapping
from pathlib import Path
from typing import Final, Generic, Self, TypeVar

import msgspec
from msgspec import Struct

from schemas.events import UNREADABLE, Strip
from streams.errors import SettingsError
from streams.sources.robots import Robots
from streams.sources.visit import Validators
from streams.sources.watch import Past

logger: Final = logging.getLogger(__name__)

FILE: Final = "sources.db"

T = TypeVar("T")


class Known(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source's last answer."""

    asked: str = ""
    """How the source was asked and read (`streams.sources.reading.asked`): after a change of its address, selector or
    separator this answer does not count."""
    validators: Validators = Validators()
    answered_by: str = ""
    """The address that gave the validators."""
    digest: bytes = b""
    """A hash of the body, to recognize the same bytes."""
    fresh_for: float = 0.0
    """Seconds for which the answer (HTTP freshness), or the feed in it (`ttl`), need not be requested again."""


class Due(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source's schedule; times are in ms since the epoch, 0 for never."""

    next_at: int = 0
    """When it is visited next."""
    interval: float = 0.0
    """Seconds between visits that go well."""
    failures: int = 0
    """Consecutive failed visits."""
    whole_at: int = 0
    """When it was last requested without validators."""
    published_at: int = 0
    """The time of the strip that was published last."""


class Table(MutableMapping[str, T], Generic[T]):
    """A mapping that tracks which of its keys have changed since the last `write`."""

    def __init__(self, name: str, kind: type[T]) -> None:
        self.name = name
        self._decode = msgspec.msgpack.Decoder(kind).decode
        self._rows: dict[str, T] = {}
        self._unwritten: set[str] = set()

    def __getitem__(self, key: str) -> T:
        return self._rows[key]

    def __setitem__(self, key: str, value: T) -> None:
        self._rows[key] = value
        self._unwritten.add(key)

    def __delitem__(self, key: str) -> None:
        del self._rows[key]
        self._unwritten.add(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def load(self, database: sqlite3.Connection) -> None:
        """Replace the contents by the table's rows; a row of an incompatible version is dropped."""
        self._rows.clear()
        self._unwritten.clear()
        database.execute(
            f"CREATE TABLE IF NOT EXISTS {self.name} (key TEXT PRIMARY KEY, value BLOB NOT NULL)"
        )
        for key, value in database.execute(f"SELECT key, value FROM {self.name}"):  # noqa: S608 (our own name)
            try:
                self._rows[key] = self._decode(value)
            except UNREADABLE:
                self._unwritten.add(key)

    def write(self, database: sqlite3.Connection) -> None:
        """Write changed rows; call `written` after the commit. A row that cannot be encoded is skipped and logged."""
        rows = []
        for key in self._unwritten & self._rows.keys():
            try:
                rows.append((key, msgspec.msgpack.encode(self._rows[key])))
            except ValueError as error:
                logger.warning("sources.state: what is known of %a is not kept: %s", key, error)
        gone = [(key,) for key in self._unwritten if key not in self._rows]
        database.executemany(f"INSERT OR REPLACE INTO {self.name} VALUES (?, ?)", rows)  # noqa: S608
        database.executemany(f"DELETE FROM {self.name} WHERE key = ?", gone)  # noqa: S608

    def written(self) -> None:
        """Note that the last `write` was committed."""
        self._unwritten.clear()


class Memory:
    """The state folder of a producer; use it as a context.

    Args:
        folder: Created if missing; None keeps everything in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._database: sqlite3.Connection | None = None
        self._works = True
        self.known = Table("known", Known)
        """By source."""
        self.strips = Table("strips", Strip)
        """By source, the strip that it showed last."""
        self.dues = Table("dues", Due)
        """By source."""
        self.rules = Table("robots", Robots)
        """By origin, its robots.txt."""
        self.pauses = Table("pauses", int)
        """By host, the end of the pause that it asked for, in ms since the epoch."""
        self.pasts = Table("pasts", Past)
        """By source, the state of `streams.sources.watch`."""
        self.gone = Table("gone", int)
        """By removed source, the time (ms) of its removal, until its state is deleted from `ticker.sources`."""
        self._tables = (self.known, self.strips, self.dues, self.rules, self.pauses, self.pasts, self.gone)

    def __enter__(self) -> Self:
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                self._open(self._folder / FILE)
            except (OSError, sqlite3.Error) as error:
                self._close()
                raise SettingsError(
                    f"sources.state: {self._folder / FILE} cannot be used: {_told(error)}"
                ) from None
        return self

    def _open(self, path: Path) -> None:
        """Open and lock the database and read it; a damaged one is moved aside, which costs one visit per source."""
        try:
            self._load(path)
        except sqlite3.DatabaseError as error:
            if type(error) is not sqlite3.DatabaseError:
                raise
            self._close()
            logger.warning("sources.state: %s is damaged (%s): it is set aside, and begun anew", path, error)
            path.replace(path.with_suffix(".damaged"))
            path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
            self._load(path)

    def _load(self, path: Path) -> None:
        self._database = _connected(path)
        for table in self._tables:
            table.load(self._database)

    def __exit__(self, *_: object) -> None:
        try:
            self.save()
        finally:
            self._close()

    def forget(self, kept: Container[str], now: int) -> set[str]:
        """Forget all sources but `kept`; gives those of `gone`, the newly removed with `now` (ms) included."""
        tables: tuple[MutableMapping[str, object], ...] = (self.known, self.strips, self.dues, self.pasts)  # type: ignore[assignment]
        for table in tables:
            for source in [each for each in table if each not in kept]:
                del table[source]
                self.gone[source] = now
        for source in [each for each in self.gone if each in kept]:
            del self.gone[source]
        return set(self.gone)

    def save(self) -> None:
        """Write all changes in one transaction.

        A failure is logged once and the write is retried with the next save: until then a restart would repeat visits,
        which is harmless.
        """
        if self._database is None:
            return
        try:
            with self._database:
                for table in self._tables:
                    table.write(self._database)
        except sqlite3.Error as error:
            if self._works:
                logger.warning(
                    "sources.state: cannot be written (%s): a restart would repeat visits", _told(error)
                )
            self._works = False
            return
        self._works = True
        for table in self._tables:
            table.written()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=0.0)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        # A write takes the exclusive lock, and SQLite keeps it: a second producer fails at its start.
        database.execute("CREATE TABLE IF NOT EXISTS owned (since INTEGER)")
        database.execute("DELETE FROM owned")
        database.commit()
    except BaseException:
        database.close()
        raise
    return database


def _told(error: Exception) -> str:
    if "locked" in str(error):
        return "another producer uses it; give each a folder of its own"
    return str(getattr(error, "strerror", None) or error)
