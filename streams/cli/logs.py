"""Logs of the commands that run for long, to standard error: a line for people, or an object for machines."""

import logging
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

    "The same" is one message before its values are filled in: `Unable connect to node with id %s: %s`. An outage
    makes a Kafka client say a few such things many times a second. What passes by itself
    (`_PASSING`) is shown only when it has not passed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], _Said] = {}
        self._passing: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record of a library is shown now; our own always are."""
        if record.name.partition(".")[0] not in _NOISY:
            return True
        what = (record.name, str(record.msg))
        if (
            what in _PASSING
            and record.created - self._passing.setdefault(what, record.created) < _PASSES_WITHIN_S
        ):
            return False
        said = self._said.get(what)
        if said is None or record.created - said.at > _FORGOTTEN_S:
            self._said[what] = _Said(record.created)
            return True
        if record.created - said.at < said.quiet_s:
            said.kept_back += 1
            return False
        record.msg, record.args = f"{record.getMessage()} ({said.kept_back:,} more like this)", None
        record.exc_info = None
        said.at, said.kept_back, said.quiet_s = record.created, 0, min(said.quiet_s * 2, _LONGEST_QUIET_S)
        return True


class _Said:
    """When something was said last, how long it is not said again, and how often it was kept back since."""

    def __init__(self, at: float) -> None:
        self.at = at
        self.quiet_s = _FIRST_QUIET_S
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
