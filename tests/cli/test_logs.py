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
    assert shown[0] == "Unable connect to node 0; it is tried again"
    assert len(shown) == 4
    assert shown[1].endswith("(299 more like this)")


def test_what_passes_by_itself_is_told_when_it_does_not() -> None:
    """A cluster that has just started has no group coordinator for a moment; one that is ill has none for long."""
    rarely = Rarely()
    name, message = "aiokafka.consumer.group_coordinator", "Group Coordinator Request failed: %s"
    shown = [second for second in range(20) if rarely.filter(_said(name, message, "no", at=second))]
    assert shown == [10]


def test_what_a_client_says_of_an_outage_is_a_warning_without_a_traceback() -> None:
    """It tries again by itself; anything else that a library raises keeps its level and its traceback."""
    rarely = Rarely()
    away = _raised(
        "aiokafka.conn", "Unexpected exception in AIOKafkaConnection", ConnectionResetError("gone")
    )
    bug = _raised("aiokafka.conn", "Unexpected error in fetcher routine", ValueError("no"))
    assert rarely.filter(away)
    assert rarely.filter(bug)
    assert (away.levelname, away.exc_info) == ("WARNING", None)
    assert away.getMessage().endswith("; it is tried again")
    assert (bug.levelname, bug.exc_info is None) == ("ERROR", False)


def test_what_nobody_waits_for_any_more_is_told_when_it_is_no_outage() -> None:
    """Asyncio tells of requests that failed after whoever made them had stopped: of an outage, nothing new."""
    rarely = Rarely()
    said = "Future exception was never retrieved\nfuture: <Future finished exception={} at 0x7f00>"
    assert not rarely.filter(_raised("asyncio", said, TimeoutError()))
    assert rarely.filter(_raised("asyncio", said, ValueError("no")))
    assert not rarely.filter(_raised("asyncio", said.replace("7f00", "8a10"), ValueError("no")))


def test_our_own_warnings_are_shown_a_few_times_a_minute_with_how_often_more() -> None:
    """Twelve partitions that fail for a minute are four lines; what is said for people's information is all shown."""
    rarely = Rarely()
    shown = [
        record.getMessage()
        for second in range(61)
        for partition in range(12)
        if rarely.filter(record := _said("streams.engine", "%s fails", partition, at=second, level="WARNING"))
    ]
    assert shown[:4] == ["0 fails", "1 fails", "2 fails", "3 fails"]
    assert shown[4] == "0 fails (716 more like this)"
    assert len(shown) == 8
    assert all(rarely.filter(_said("streams.serve", "Kafka is back", at=0)) for _ in range(30))
    assert rarely.filter(_said("aiokafka.conn", "one thing", at=0))
    assert rarely.filter(_said("aiokafka.conn", "another thing", at=0))


def _raised(name: str, message: str, error: Exception) -> logging.LogRecord:
    record = _said(name, message, at=0, level="ERROR")
    record.exc_info = (type(error), error, None)
    return record


def _said(name: str, message: str, *arguments: object, at: float, level: str = "INFO") -> logging.LogRecord:
    return logging.makeLogRecord(
        {
            "name": name,
            "msg": message,
            "args": arguments,
            "created": at,
            "levelname": level,
            "levelno": getattr(logging, level),
        }
    )
