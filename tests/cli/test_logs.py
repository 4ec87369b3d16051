"""Log lines for machines."""

import json
import logging
import re

from streams.cli.logs import JsonFormatter


def test_a_line_is_one_json_object() -> None:
    """Time in UTC, level, logger, message with its arguments, and the fields of `extra`."""
    record = logging.makeLogRecord(
        {
            "name": "streams.x",
            "levelname": "WARNING",
            "msg": "%s is\nlate",
            "args": ("strip",),
            "partition": 3,
        }
    )
    line = JsonFormatter().format(record)
    row = json.loads(line)
    assert "\n" not in line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", row.pop("time"))
    assert row == {"level": "warning", "logger": "streams.x", "message": "strip is\nlate", "partition": 3}


def test_an_error_keeps_its_traceback() -> None:
    """The traceback is a field, not further lines."""
    error = ValueError("no such thing")
    record = logging.makeLogRecord({"msg": "failed", "exc_info": (ValueError, error, None)})
    row = json.loads(JsonFormatter().format(record))
    assert row["error"].endswith("ValueError: no such thing")
