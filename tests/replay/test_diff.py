"""Comparing results: what is gained, lost, merged otherwise and flipped."""

import json
from pathlib import Path
from typing import Any

import pytest

from streams.errors import InputError
from streams.replay.diff import Collector, Result, compare
from streams.replay.report import Report, markdown
from tests.command import rows, ticker

SPORT, CRIME = "medtop:15000000", "medtop:02000000"
AT = "2026-03-11T08:00:00.000Z"


def shown(number: int, topic: str | None = SPORT, **more: Any) -> dict[str, Any]:
    row = {
        "id": f"{'a' * 20}-{number}",
        "text": f"Raja | wins {number}",
        "source": "akhbar",
        "observed_at": AT,
    }
    return {**row, "topic": topic, **more}


def merged(number: int, **more: Any) -> dict[str, Any]:
    near = {
        "dropped": "near duplicate",
        "winner": f"{'a' * 20}-1",
        "winner_text": "Raja wins",
        "rule": "typo",
    }
    return {**shown(number), **near, **more}


def result(*given: dict[str, Any], since: int | None = None, until: int | None = None) -> Result:
    collector = Collector(since=since, until=until)
    for number, row in enumerate(given):
        collector.add(json.dumps(row).encode(), f"line {number}")
    return collector.result


def test_a_result_differs_nowhere_from_itself() -> None:
    """Nothing gained, lost or flipped."""
    found = compare(result(shown(1), merged(2)), result(shown(1), merged(2)))
    assert (found.gained, found.lost, found.flips, found.merges_gained, found.merges_lost) == ((),) * 5
    assert found.common == 1


def test_headlines_merges_and_flips_are_told_apart() -> None:
    """B lost 2, gained 3, swallowed 5 and no longer 4, and sees 1 as crime."""
    old = result(shown(1), shown(2), merged(4))
    new = result(shown(1, CRIME), shown(3, None), merged(5))
    found = compare(old, new)
    assert [row.id[-1] for row in found.lost] == ["2"]
    assert [row.id[-1] for row in found.gained] == ["3"]
    assert [row.id[-1] for row in found.merges_lost] == ["4"]
    assert [row.id[-1] for row in found.merges_gained] == ["5"]
    assert found.flips_by_topic() == [("sport", "crime", 1)]
    assert found.flips_by_source() == [("akhbar", 1)]
    assert found.flip_share == 1.0


def test_a_headline_in_another_slot_is_the_same() -> None:
    """A build that splits otherwise numbers slots otherwise: source, time and text decide then."""
    found = compare(result(shown(1)), result(shown(7, text="Raja | wins 1")))
    assert (found.gained, found.lost, found.common) == ((), (), 1)


def test_exact_duplicates_are_no_merges() -> None:
    """They repeat a text; a build cannot decide otherwise."""
    assert result(merged(1, dropped="duplicate")).merges == {}


def test_a_window_leaves_out_what_is_outside() -> None:
    """By the time of observation, the end excluded."""
    late = shown(2, observed_at="2026-03-11T09:00:00.000Z")
    assert len(result(shown(1), late, until=1_773_219_600_000).headlines) == 1
    assert len(result(shown(1), late, since=1_773_219_600_000).headlines) == 1


def test_a_line_that_is_no_result_says_where() -> None:
    """Its place and what is wrong."""
    with pytest.raises(InputError, match="line 3: neither a headline"):
        Collector().add(b"{}", "line 3")


def test_markdown_escapes_what_would_break_its_tables() -> None:
    """A bar in a headline stays in its cell."""
    text = markdown(Report(difference=compare(result(), result(shown(1)))))
    assert "| Raja \\| wins 1 | akhbar | sport |" in text
    assert "Headlines gained" in text
    assert "Flips by" not in text


def test_the_command_fails_above_a_share_of_flips(tmp_path: Path) -> None:
    """Exit code 1 with the share; JSON Lines in a pipe, a summary first."""
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text("".join(json.dumps(shown(n)) + "\n" for n in range(4)))
    new.write_text("".join(json.dumps(shown(n, SPORT if n else CRIME)) + "\n" for n in range(4)))
    summary, flip = rows(ticker("replay", "diff", old, new, "--max-flips", "0.25"))
    assert summary["flip_share"] == 0.25
    assert (flip["kind"], flip["old"], flip["new"]) == ("flips", "sport", "crime")
    done = ticker("replay", "diff", old, new, "--max-flips", "0.2", "--markdown")
    assert done.returncode == 1
    assert b"25.00% of categories flipped" in done.stderr
    assert b"| sport | crime | 1 |" in done.stdout


def test_a_result_without_headlines_passes_no_limit(tmp_path: Path) -> None:
    """Where no worker ran, nothing flipped: that is told, and is no success."""
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_text("".join(json.dumps(shown(n)) + "\n" for n in range(4)))
    new.write_text("")
    done = ticker("replay", "diff", old, new)
    assert (done.returncode, b"B has none of 4 headlines of A" in done.stderr) == (0, True)
    done = ticker("replay", "diff", old, new, "--max-flips", "1")
    assert done.returncode == 1
    assert b"no headline is in both results" in done.stderr


def test_of_two_empty_results_it_is_said_that_nothing_was_compared(tmp_path: Path) -> None:
    """Zeros alone would read as a comparison that found no difference. No limit was passed, so it is a success."""
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    done = ticker("replay", "diff", empty, empty, "--max-flips", "0", "--markdown")
    assert done.returncode == 0
    assert done.stdout.decode().strip() == "**Nothing to compare: neither A nor B has a headline**."
    assert b"ticker: nothing to compare: neither A nor B has a headline" in done.stderr
    assert [row["kind"] for row in rows(ticker("replay", "diff", empty, empty))] == ["summary"]


def test_the_output_of_a_run_is_compared_with_itself(tmp_path: Path) -> None:
    """What `ticker run --dropped` prints is what `diff` reads."""
    page = tmp_path / "page.jsonl"
    strip = {
        "source": "akhbar",
        "observed_at": AT,
        "text": "Harbour opens in Tangier | Council votes a budget",
    }
    page.write_text(json.dumps(strip) + "\n")
    output = tmp_path / "run.jsonl"
    output.write_bytes(ticker("run", page, "--dropped", "--separator", " | ").stdout)
    (summary,) = rows(ticker("replay", "diff", output, output))
    assert summary["common"] == 2
    assert summary["gained"] == summary["lost"] == summary["flips"] == 0
