"""Logs of the commands that run for long, to standard error: a line for people, or an object for machines."""

import logging
import re
import sys
import time
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
_OWN_A_MINUTE: Final = 4
_MINUTE_S: Final = 60.0
_MOST_OWN: Final = 1_000
"""Kinds of our own warnings that are remembered without a look at whether their minute is over."""
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
    """Lets a library say the same thing once, then ever more rarely, with how often it was said in between.

    "The same" is one message before its values are filled in: `Unable connect to node with id %s: %s`; of one that
    comes filled in, its first line without numbers. An outage makes a Kafka client say a few such things many times a
    second. It tries again by itself, so each is a warning that says so, without a traceback. What passes by itself
    (`_PASSING`) is shown only when it has not passed. Our own warnings are shown up to `_OWN_A_MINUTE` times a minute.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], _Said] = {}
        self._passing: dict[tuple[str, str], float] = {}
        self._own: dict[tuple[str, str], _Minute] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown now."""
        if record.name.partition(".")[0] not in _NOISY:
            return record.levelno < logging.WARNING or self._is_few(record)
        what = (record.name, _template(record))
        if (
            what in _PASSING
            and record.created - self._passing.setdefault(what, record.created) < _PASSES_WITHIN_S
        ):
            return False
        if _is_outage(record):
            if what[1].startswith(_NEVER_RETRIEVED):
                return False  # the probe tells that brokers are away, and whoever needs an answer asks again
            record.exc_info = None
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = f"{_first_line(record.getMessage())}; it is tried again", None
        return self._is_due(what, record)

    def _is_due(self, what: tuple[str, str], record: logging.LogRecord) -> bool:
        said = self._said.get(what)
        if said is None or record.created - said.at > _FORGOTTEN_S:
            self._said[what] = _Said(record.created)
            return True
        if record.created - said.at < said.quiet_s:
            said.kept_back += 1
            return False
        _add(record, said.kept_back)
        record.exc_info = None
        said.at, said.kept_back, said.quiet_s = record.created, 0, min(said.quiet_s * 2, _LONGEST_QUIET_S)
        return True

    def _is_few(self, record: logging.LogRecord) -> bool:
        what = (record.name, str(record.msg))
        if len(self._own) > _MOST_OWN:
            self._own = {
                other: minute
                for other, minute in self._own.items()
                if record.created - minute.since < _MINUTE_S
            }
        minute = self._own.setdefault(what, _Minute(record.created))
        if record.created - minute.since >= _MINUTE_S:
            if minute.kept_back:
                _add(record, minute.kept_back)
            self._own[what] = minute = _Minute(record.created)
        minute.shown += 1
        if minute.shown <= _OWN_A_MINUTE:
            return True
        minute.kept_back += 1
        return False


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


def _add(record: logging.LogRecord, kept_back: int) -> None:
    record.msg, record.args = f"{record.getMessage()} ({kept_back:,} more like this)", None


class _Said:
    """When something was said last, how long it is not said again, and how often it was kept back since."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.quiet_s = _FIRST_QUIET_S
        self.kept_back = 0


class _Minute:
    """How often one of our own warnings was shown and kept back in a minute."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.shown = 0
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
    # A Faust service logs under the name of its class's module: so does our transport, which extends Faust's.
    for name in (*_NOISY, "streams.engine.kafka.slices"):
        logging.getLogger(name).setLevel(logging.ERROR)
