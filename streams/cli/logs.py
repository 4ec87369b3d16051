"""Logs of the commands that run for long, to standard error: a line for people, or an object for machines."""

import logging
import re
import sys
import time
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import msgspec

_NOISY: Final = ("faust", "mode", "aiokafka", "asyncio", "kafka")
_FIRST_QUIET_S: Final = 30.0
_LONGEST_QUIET_S: Final = 600.0
_FORGOTTEN_S: Final = 1800.0
_PASSING: Final = frozenset({("aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: %s")})
"""Logger and message of what a client says while a healthy cluster starts. It tries again by itself, so this is
shown only when it is still said `_PASSES_WITHIN_S` seconds after the first time."""
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
"""How the client's messages begin that say that a broker does not answer it."""
_NEVER_RETRIEVED: Final = ("Future exception was never retrieved", "Task exception was never retrieved")
"""What asyncio says of a request that failed when nobody waited for it any more."""
_NUMBER: Final = re.compile(r"0x[0-9a-f]+|\d+")
_FROZEN: Final = "Thread keepalive is not responding..."
"""What Faust's thread says once it runs again."""
_OWN_A_MINUTE: Final = 4
_ALL_A_MINUTE: Final = 20
_FOR_ERRORS: Final = 4
"""Lines of a minute that only errors have."""
_MINUTE_S: Final = 60.0
_MOST_KINDS: Final = 1_000
"""Kinds of messages that are remembered without a look at whether they can be forgotten."""
_TRANSPORT: Final = "streams.engine.kafka.slices"
"""Our transport, which extends Faust's: a Faust service logs under the name of its class's module."""
_OWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every log record has; what else is there came by `extra=`."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (RFC 3339, UTC), level, logger, message, fields of `extra`, error."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, without its newline."""
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
    """Keeps a program's log readable: at most `_ALL_A_MINUTE` lines in any minute, with how often more was said.

    A library says the same thing once, then ever more rarely. "The same" is one message before its values are filled
    in: `Unable connect to node with id %s: %s`; of one that comes filled in, its first line without numbers. An outage
    makes a Kafka client say a few such things many times a second. It tries again by itself, so each is a warning that
    says so, without a traceback. What passes by itself (`_PASSING`) is shown only when it has not passed. Our own
    warnings are shown up to `_OWN_A_MINUTE` times a minute. What is said again is the first to find no room, what was
    not said for a minute has more of it, and an error has all of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._passing: dict[tuple[str, str], float] = {}
        self._shown: deque[float] = deque(maxlen=_ALL_A_MINUTE)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown now."""
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
        """Whether what a library says is more than that a passing thing has not passed yet; an outage is a warning."""
        if (
            what in _PASSING
            and record.created - self._passing.setdefault(what, record.created) < _PASSES_WITHIN_S
        ):
            return False
        if what[1].endswith(_FROZEN):
            _warn(record, "this process stood still for seconds, frozen or out of processor time; it goes on")
        elif _is_outage(record):
            if what[1].startswith(_NEVER_RETRIEVED):
                return False  # the probe tells that brokers are away, and whoever needs an answer asks again
            _warn(record, f"{_first_line(record.getMessage())}; it is tried again")
        return True

    def _kind(self, what: tuple[str, str], now: float) -> "_Kind":
        """What is remembered of a kind of message."""
        if len(self._kinds) > _MOST_KINDS:
            self._kinds = {other: kind for other, kind in self._kinds.items() if not kind.is_forgotten(now)}
        kind = self._kinds.get(what)
        if kind is None or kind.is_forgotten(now):
            kind = self._kinds[what] = _Kind()
        return kind

    def _has_room(self, kind: "_Kind", record: logging.LogRecord) -> bool:
        """Whether the minute has a line left for a record of a kind."""
        if record.levelno >= logging.ERROR:
            most = _ALL_A_MINUTE
        elif _within_minute(kind.times, record.created):
            most = _ALL_A_MINUTE // 2
        else:
            most = _ALL_A_MINUTE - _FOR_ERRORS
        return _within_minute(self._shown, record.created) < most


def _template(record: logging.LogRecord) -> str:
    """A message before its values are filled in."""
    text = str(record.msg)
    return text if record.args else _NUMBER.sub("#", _first_line(text))


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _is_outage(record: logging.LogRecord) -> bool:
    """Whether a library says no more than that brokers are away."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return str(record.msg).startswith(_AWAY)
    from streams.kafka.retry import TRANSIENT  # here, for most commands are over before a client is imported

    return isinstance(error, TRANSIENT)


def _warn(record: logging.LogRecord, text: str) -> None:
    """Make a record a warning with another text, without a traceback."""
    record.exc_info = None
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    record.msg, record.args = text, None


def _within_minute(times: Iterable[float], now: float) -> int:
    """How many of some moments are of the last minute; a clock that was set back forgets them."""
    return sum(0 <= now - moment < _MINUTE_S for moment in times)


class _Kind:
    """What is remembered of messages of a kind: when they were shown, how often they were kept back since."""

    def __init__(self) -> None:
        self.times: deque[float] = deque(maxlen=_OWN_A_MINUTE)
        self.kept_back = 0
        self._quiet_s = _FIRST_QUIET_S

    def is_due(self, now: float) -> bool:
        """Whether a library may say it again: ever more rarely."""
        return not self.times or not 0 <= now - self.times[-1] < self._quiet_s

    def is_few(self, record: logging.LogRecord) -> bool:
        """Whether we may say it again: a few times a minute, where it is a warning."""
        return record.levelno < logging.WARNING or _within_minute(self.times, record.created) < _OWN_A_MINUTE

    def is_forgotten(self, now: float) -> bool:
        """Whether it was said so long ago that it is as new."""
        return bool(self.times) and not 0 <= now - self.times[-1] <= _FORGOTTEN_S

    def show(self, now: float) -> None:
        """Note that it is shown."""
        if self.times:
            self._quiet_s = min(self._quiet_s * 2, _LONGEST_QUIET_S)
        self.times.append(now)
        self.kept_back = 0


def log_to_stderr(level: int = logging.INFO, log_format: str = "auto") -> None:
    """Our own log at `level`, the libraries' warnings only; `auto` is text on a terminal, else JSON."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter()
        if as_json
        else logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")
    )
    handler.addFilter(Rarely())
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("streams").setLevel(level)
    for name in (*_NOISY, _TRANSPORT):
        logging.getLogger(name).setLevel(logging.ERROR)
