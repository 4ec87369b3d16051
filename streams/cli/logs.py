"""Logs of the commands that run for long, to standard error: a line for people, or an object for machines."""

import logging
import sys
import time
from typing import Any, Final

import msgspec

_NOISY: Final = ("faust", "mode", "aiokafka", "asyncio", "kafka")
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


def log_to_stderr(level: int = logging.INFO, log_format: str = "auto") -> None:
    """Our own log at `level`, the libraries' warnings only; `auto` is text on a terminal, else JSON."""
    as_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter()
        if as_json
        else logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    logging.getLogger("streams").setLevel(level)
    # Faust's services log under the module of their class, our transport's too.
    for name in (*_NOISY, "streams.engine.kafka.slices"):
        logging.getLogger(name).setLevel(logging.ERROR)
