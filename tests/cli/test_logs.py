"""Log lines for machines."""

import json
import logging
import re

from streams.cli.logs import JsonFormatter, Rarely


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


def test_a_library_says_the_same_once_then_ever_more_rarely_with_how_often() -> None:
    """Five minutes of an outage, a failure every tenth of a second: a handful of lines."""
    rarely = Rarely()
    shown = [
        record.getMessage()
        for tenth in range(3000)
        if rarely.filter(
            record := _said("aiokafka.conn", "Unable connect to node %s", tenth % 3, at=tenth / 10)
        )
    ]
    assert shown[0] == "Unable connect to node 0"
    assert len(shown) == 4
    assert shown[1].endswith("(299 more like this)")


def test_what_passes_by_itself_is_told_when_it_does_not() -> None:
    """A cluster that has just started has no group coordinator for a moment; one that is ill has none for long."""
    rarely = Rarely()
    name, message = "aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: %s"
    shown = [second for second in range(20) if rarely.filter(_said(name, message, "no", at=second))]
    assert shown == [10]


def test_our_own_lines_are_all_shown() -> None:
    """Only libraries are quietened; what else a library says is shown too."""
    rarely = Rarely()
    assert all(rarely.filter(_said("streams.serve", "Kafka is away", at=0)) for _ in range(3))
    assert rarely.filter(_said("aiokafka.conn", "one thing", at=0))
    assert rarely.filter(_said("aiokafka.conn", "another thing", at=0))


def _said(name: str, message: str, *arguments: object, at: float) -> logging.LogRecord:
    return logging.makeLogRecord({"name": name, "msg": message, "args": arguments, "created": at})
