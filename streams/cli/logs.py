"""What programs and commands say on standard error, at a limited rate.

Programs that run until they are told to end log there: text on a terminal, else JSON. All other commands say in plain
words what their libraries and rooms log.
"""

import logging
import re
import sys
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import click
import msgspec

from streams.errors import plain

_NOISY: Final = ("faust", "mode", "aiokafka", "asyncio", "kafka")
_FIRST_QUIET_S: Final = 30.0
_LONGEST_QUIET_S: Final = 600.0
_FORGOTTEN_S: Final = 1800.0
_PASSING: Final = frozenset({("aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: %s")})
"""Logger and message of problems that aiokafka reports while a healthy cluster starts. It retries, so they are shown
only if they are still reported `_PASSES_WITHIN_S` seconds after the first time."""
_PASSES_WITHIN_S: Final = 10.0
_AWAY: Final = (
    *(
        "Unable connect to",
        "Unable to update metadata",
        "Failed fetch",
        "Error sending",
        "Error fetching metadata",
    ),
    *(
        "Heartbeat",
        "Group Coordinator Request failed",
        "FindCoordinator Request failed",
        "OffsetCommit failed",
    ),
)
"""The beginnings of aiokafka's messages about a broker that does not answer."""
_NEVER_RETRIEVED: Final = ("Future exception was never retrieved", "Task exception was never retrieved")
"""asyncio's messages about a failed request that was not awaited any more."""
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|\d+")
_FROZEN: Final = "Thread keepalive is not responding..."
"""The message of Faust's thread when it runs again after a pause of the process."""
_OWN_A_MINUTE: Final = 4
_ALL_A_MINUTE: Final = 20
_FOR_ERRORS: Final = 4
"""Lines a minute that are reserved for errors."""
_MINUTE_S: Final = 60.0
_MOST_KINDS: Final = 1_000
"""When more kinds of messages are remembered than this, old ones are forgotten."""
_TRANSPORT: Final = "streams.engine.kafka.slices"
"""The module of our Faust transport: Faust's services log under the name of their class's module."""
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""The attributes of every log record; others come from `extra=`."""


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time (RFC 3339, UTC), level, logger, message, fields of `extra`, error."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line, without a newline."""
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        row: dict[str, Any] = {
            "time": f"{seconds}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        row |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            row["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(row, enc_hook=str).decode()


class Rarely(logging.Filter):
    """Rate-limits a program's log to `_ALL_A_MINUTE` lines in any minute; a later line says how many were suppressed.

    Records of one *kind* have the same message before its values are filled in: `Unable connect to node with id %s: %s`
    (of a message without arguments, its first line without numbers). A library's kind is shown once, then ever more
    rarely, and our own warnings up to `_OWN_A_MINUTE` times a minute. During an outage, aiokafka logs a few kinds many
    times a second; since it retries by itself, they become warnings without a traceback. Problems that usually pass
    (`_PASSING`) are shown only if they persist. When the minute's lines run out, repeated kinds are suppressed first,
    then new kinds; errors may use all lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._passing: dict[tuple[str, str], float] = {}
        self._shown: deque[float] = deque(maxlen=_ALL_A_MINUTE)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show a record; may change its level and text."""
        is_library = record.name == _TRANSPORT or record.name.partition(".")[0] in _NOISY
        what = (record.name, _template(record) if is_library else str(record.msg))
        if is_library and not self._is_news(what, record):
            return False
        kind = self._kind(what, record.created)
        is_due = kind.is_due(record.created) if is_library else kind.is_few(record)
        if not is_due or not self._has_room(kind, record):
            kind.kept_back += 1
            return False
        if kind.kept_back:
            record.msg, record.args = f"{record.getMessage()} ({kind.kept_back:,} more like this)", None
            if is_library:
                record.exc_info = None
        kind.show(record.created)
        self._shown.append(record.created)
        return True

    def _is_news(self, what: tuple[str, str], record: logging.LogRecord) -> bool:
        """Whether a library's record should be considered at all; turns records about an outage into warnings."""
        if (
            what in _PASSING
            and record.created - self._passing.setdefault(what, record.created) < _PASSES_WITHIN_S
        ):
            return False
        if what[1].endswith(_FROZEN):
            _warn(record, "this process stood still for seconds, frozen or out of processor time; it goes on")
        elif _is_outage(record):
            if what[1].startswith(_NEVER_RETRIEVED):
                return False  # our probe reports outages, and failed requests are retried
            _warn(record, f"{plain(_first_line(record.getMessage()))}; it is tried again")
        return True

    def _kind(self, what: tuple[str, str], now: float) -> "_Kind":
        """The state of a kind."""
        if len(self._kinds) > _MOST_KINDS:
            self._kinds = {other: kind for other, kind in self._kinds.items() if not kind.is_forgotten(now)}
        kind = self._kinds.get(what)
        if kind is None or kind.is_forgotten(now):
            kind = self._kinds[what] = _Kind()
        return kind

    def _has_room(self, kind: "_Kind", record: logging.LogRecord) -> bool:
        """Whether the current minute has a line left for a record of a kind."""
        if record.levelno >= logging.ERROR:
            most = _ALL_A_MINUTE
        elif _within_minute(kind.times, record.created):
            most = _ALL_A_MINUTE // 2
        else:
            most = _ALL_A_MINUTE - _FOR_ERRORS
        return _within_minute(self._shown, record.created) < most


def _template(record: logging.LogRecord) -> str:
    """A library's message without its values."""
    text = str(record.msg)
    return text if record.args else _NUMBER.sub("#", _first_line(text))


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _is_outage(record: logging.LogRecord) -> bool:
    """Whether a library's record is only about an outage."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return str(record.msg).startswith(_AWAY)
    from streams.kafka.retry import (
        TRANSIENT,
    )  # imported here, because most commands never need a Kafka client

    return isinstance(error, TRANSIENT)


def _warn(record: logging.LogRecord, text: str) -> None:
    """Turn a record into a warning with another text and without a traceback."""
    record.exc_info = None
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    record.msg, record.args = text, None


def _within_minute(times: Iterable[float], now: float) -> int:
    """The number of moments within the last minute; moments in the future, after a clock was set back, do not count."""
    return sum(0 <= now - moment < _MINUTE_S for moment in times)


class _Kind:
    """The state of a kind of messages: when they were shown, and how many were suppressed since."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=_OWN_A_MINUTE)
        self.kept_back = 0
        self._quiet_s = _FIRST_QUIET_S

    def is_due(self, now: float) -> bool:
        """Whether a library's message may be shown again: ever more rarely."""
        return not self.times or not 0 <= now - self.times[-1] < self._quiet_s

    def is_few(self, record: logging.LogRecord) -> bool:
        """Whether one of our messages may be shown again: warnings a few times a minute."""
        return record.levelno < logging.WARNING or _within_minute(self.times, record.created) < _OWN_A_MINUTE

    def is_forgotten(self, now: float) -> bool:
        """Whether it was shown so long ago that it counts as new."""
        return bool(self.times) and not 0 <= now - self.times[-1] <= _FORGOTTEN_S

    def show(self, now: float) -> None:
        """Note that it is shown."""
        if self.times:
            self._quiet_s = min(self._quiet_s * 2, _LONGEST_QUIET_S)
        self.times.append(now)
        self.kept_back = 0


def say_on_stderr() -> None:
    """Say what is logged in plain words: `ticker: waiting for Kafka at …`. The default of all commands."""
    _handle(logging.Formatter("ticker: %(message)s"), logging.INFO)


def log_to_stderr(level: int = logging.INFO, log_format: str = "auto") -> None:
    """Log our own records at `level`, libraries' from warnings up; format `auto` is text on a terminal, else JSON."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    text = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    _handle(JsonFormatter() if as_json else logging.Formatter(text, datefmt="%H:%M:%S"), level)


def tell(text: str, level: int = logging.INFO) -> None:
    """Say a result, or why a command ends: on a line of its own, as JSON where the log is JSON."""
    if any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers):
        said = text.removeprefix("ticker: ")
        text = JsonFormatter().format(logging.LogRecord("streams.cli", level, "", 0, said, None, None))
    click.echo(text, err=True)


def _handle(formatter: logging.Formatter, level: int) -> None:
    """Write all that is logged to standard error: our own records from `level` up, libraries' from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(Rarely())
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if any(isinstance(one, Rarely) for one in each.filters)]:
        root.removeHandler(earlier)
    logging.basicConfig(
        handlers=[handler], level=logging.WARNING
    )  # not where a program around us has its own
    logging.getLogger("streams").setLevel(level)
    for name in (*_NOISY, _TRANSPORT):
        logging.getLogger(name).setLevel(logging.ERROR)
