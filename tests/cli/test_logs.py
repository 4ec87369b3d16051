"""Log lines for machines."""

import json
import logging
import re

from hypothesis import given
from hypothesis import strategies as st

from streams.cli.logs import JsonFormatter, Rarely
from tests.command import ticker


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


def test_programs_log_for_machines_and_commands_speak_to_people() -> None:
    """In a pipe a canary writes JSON alone, the reason of its end included; a command that ends says plain lines."""
    nobody = ("--bootstrap-servers", "127.0.0.1:1", "--patience", "0.2")
    program = ticker("canary", "--listen", "none", *nobody)
    assert program.returncode == 1
    rows = [json.loads(line) for line in program.stderr.splitlines()]
    assert [row["level"] for row in rows] == ["warning", "error"]
    assert rows[-1]["message"].startswith("no Kafka broker answers at 127.0.0.1:1 ")
    for command in (("canary", "--once"), ("topics", "check")):
        done = ticker(*command, *nobody)
        assert done.returncode == 1
        assert [line.partition(b": ")[0] for line in done.stderr.splitlines()] == [b"ticker", b"ticker"]


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
    """Twelve partitions that fail for a minute are four lines."""
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
    assert rarely.filter(_said("aiokafka.conn", "one thing", at=0))
    assert rarely.filter(_said("aiokafka.conn", "another thing", at=0))


_LINES = st.tuples(
    st.sampled_from(["streams.engine", "streams.kafka.probe", "aiokafka.conn", "faust.app"]),
    st.sampled_from([f"{word} fails" for word in "abcdefghijklmnopqrstuvwxyz"]),
    st.sampled_from(["INFO", "WARNING", "ERROR"]),
    st.floats(0, 20),
)


@given(st.lists(_LINES, min_size=30, max_size=200))
def test_no_minute_has_more_than_20_lines(lines: list[tuple[str, str, str, float]]) -> None:
    """Whatever is said, by whom and when: every minute, wherever it begins; and what was kept back is counted."""
    rarely, now, shown = Rarely(), 0.0, []
    for name, message, level, later in lines:
        now += later
        if rarely.filter(_said(name, message, at=now, level=level)):
            shown.append(now)
    assert max(sum(begin <= moment < begin + 60 for moment in shown) for begin in shown) <= 20


def test_what_is_new_and_what_is_an_error_find_room_in_a_loud_minute() -> None:
    """Repetitions have half of the minute, what was not said in it has more, and the rest is for errors."""
    rarely = Rarely()

    def shown(kinds: str, level: str) -> int:
        return sum(rarely.filter(_said("streams.engine", kind, at=1, level=level)) for kind in kinds)

    assert shown("aaaaaaaabbbbbbbbcccccccc", "WARNING") == 4 + 4 + 2
    assert shown("defghijklm", "INFO") == 6
    assert shown("nopqrstuvw", "ERROR") == 4
    assert shown("xyz", "ERROR") == 0


def test_a_clock_that_is_set_back_silences_nothing() -> None:
    """What was shown after now is not of the last minute."""
    rarely = Rarely()
    for at in (7200, 7200, 7200, 7200, 3600):
        assert rarely.filter(_said("streams.engine", "it fails", at=at, level="WARNING"))
    assert rarely.filter(_said("aiokafka.conn", "it fails", at=7200))
    assert rarely.filter(_said("aiokafka.conn", "it fails", at=3600))


def test_a_process_that_stood_still_is_told_so() -> None:
    """Faust's thread calls it an error, in words that say nothing to a person."""
    said = _said(
        "streams.engine.kafka.slices",
        "[^--_Thread]: Thread keepalive is not responding...",
        at=0,
        level="ERROR",
    )
    assert Rarely().filter(said)
    assert (said.levelname, said.getMessage().startswith("this process stood still")) == ("WARNING", True)


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
