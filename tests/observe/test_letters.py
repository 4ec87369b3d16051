"""Dead letters in the log: a line at once, then one a minute of each reason."""

import logging
from collections.abc import Callable

import pytest

from streams.observe.letters import LetterLog, Rejected

AKHBAR, DEPECHES = Rejected("ValidationError", "akhbar"), Rejected("ValidationError", "depeches")


class Minutes:
    """Calls what is to be called later when a minute is over."""

    def __init__(self) -> None:
        self._waiting: list[Callable[[], None]] = []

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        assert seconds == 60
        self._waiting.append(call)

    def passes(self) -> None:
        waiting, self._waiting = self._waiting, []
        for call in waiting:
            call()


def test_a_burst_is_told_at_once_and_summed_up_a_minute_later(caplog: pytest.LogCaptureFixture) -> None:
    """Two lines for 51 letters, with their sources, what is wrong and where to look; then silence."""
    minutes = Minutes()
    log = LetterLog(minutes.later)
    with caplog.at_level(logging.WARNING):
        log.add("deduplicate", AKHBAR, 1, "Object missing field `text`")
        log.add("deduplicate", AKHBAR, 30, "Object missing field `text`")
        log.add("deduplicate", DEPECHES, 20, "Object missing field `slot`")
        minutes.passes()
        minutes.passes()
        minutes.passes()
    look = "Look with `ticker deadletters list --stage deduplicate`; nothing is lost"
    assert caplog.messages == [
        f"deduplicate: 1 dead letter of akhbar: ValidationError: Object missing field `text`. {look}",
        f"deduplicate: 50 dead letters of akhbar, depeches: ValidationError: Object missing field `slot`. {look}",
    ]


def test_reasons_and_stages_have_lines_of_their_own(caplog: pytest.LogCaptureFixture) -> None:
    """Another fault is told at once, whatever else is told rarely."""
    log = LetterLog(Minutes().later)
    with caplog.at_level(logging.WARNING):
        log.add("deduplicate", AKHBAR, 1, "one")
        log.add("categorize", AKHBAR, 1, "two")
        log.add("categorize", Rejected("DecodeError", ""), 2, "three")
    assert len(caplog.messages) == 3
    assert "2 dead letters of an unknown source: DecodeError: three" in caplog.messages[2]


def test_sources_that_anybody_can_make_up_take_no_memory_without_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A thousand of a minute are told apart; the letters of all others are counted, and that there are more is said."""
    minutes = Minutes()
    log = LetterLog(minutes.later)
    with caplog.at_level(logging.WARNING):
        log.add("deduplicate", AKHBAR, 1, "one")
        log.add("deduplicate", AKHBAR, 3, "one")
        for number in range(5_000):
            log.add("deduplicate", Rejected("ValidationError", f"made-up-{number}"), 2, "one")
        ((_, counted),) = log._quiet.items()
        assert len(counted) <= 1_001
        minutes.passes()
    assert (
        "deduplicate: 10,003 dead letters of akhbar, made-up-0, made-up-1 and more than 997 more: "
        in caplog.messages[1]
    )


def test_what_a_record_says_stays_on_its_line(caplog: pytest.LogCaptureFixture) -> None:
    """Neither control characters nor a long quotation reach a terminal."""
    log = LetterLog(Minutes().later)
    with caplog.at_level(logging.WARNING):
        log.add("categorize", Rejected("DecodeError", "a\x1b[2Jb\nc"), 1, "\x1b]0;x\x07\n" + "y" * 5_000)
    assert caplog.messages[0].isprintable()
    assert len(caplog.messages[0]) < 500


def test_many_sources_are_not_all_named(caplog: pytest.LogCaptureFixture) -> None:
    """Those with the most, and how many more."""
    minutes = Minutes()
    log = LetterLog(minutes.later)
    with caplog.at_level(logging.WARNING):
        log.add("deduplicate", AKHBAR, 1, "no")
        for number in range(10):
            log.add("deduplicate", Rejected("ValidationError", f"s{number}"), 20 - number, "no")
        minutes.passes()
    assert "of s0, s1, s2 and 7 more:" in caplog.messages[1]
