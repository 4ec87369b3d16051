"""`ticker split` as a user runs it: lines of JSON in a pipe, clear errors, exit codes."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from streams.cli.pins import unescape
from tests.command import on_terminal, rows, ticker

A = "افتتاح محطة جديدة لتحلية مياه البحر"
B = "مجلس المدينة يصادق على ميزانية النقل"
C = "Le port de pêche rouvre après trois mois"


def split(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return ticker("split", *arguments, stdin=stdin)


def test_piped_output_is_a_json_line_a_slot() -> None:
    """Each slot is a line with exactly its position, text and whether it was cut; empty slots stay."""
    gap = "\xa0" * 4
    done = split(stdin=f"{A}{gap}{B}{gap}{gap}{C}…{gap}".encode())
    assert rows(done) == [
        {"slot": 0, "text": A, "truncated": False},
        {"slot": 1, "text": B, "truncated": False},
        {"slot": 2, "text": "", "truncated": False},
        {"slot": 3, "text": f"{C}…", "truncated": True},
    ]


def test_file_and_dash_read_the_same(tmp_path: Path) -> None:
    """FILE, - and no argument give the same slots."""
    page = tmp_path / "page.html"
    page.write_text(f'<ul class="ticker"><li>{A}</li><li>{B}</li></ul>', encoding="utf-8")
    from_file = split(str(page))
    assert [row["text"] for row in rows(from_file)] == [A, B]
    assert split("-", stdin=page.read_bytes()).stdout == from_file.stdout
    assert split(stdin=page.read_bytes()).stdout == from_file.stdout


def test_options_pin_separator_selector_and_format() -> None:
    """Each option does what it says, and escapes are understood."""
    assert [row["text"] for row in rows(split("--separator", r"\t", stdin=b"one two\tthree"))] == [
        "one two",
        "three",
    ]
    html = f'<p class="x">{A}</p><p class="x">{B}</p>'.encode()
    assert [row["text"] for row in rows(split("--selector", ".x", stdin=html))] == [A, B]
    page = b"<p>one|two</p>"
    assert [row["text"] for row in rows(split("--format", "text", "--separator", "", stdin=page))] == [
        "one|two"
    ]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (r"\t", "\t"),
        (r"\u00a0\u00a0", "\xa0\xa0"),
        (r"\\t", r"\t"),
        (r"\ud800", r"\ud800"),
        (" | ", " | "),
        (r"\q", r"\q"),
    ],
)
def test_escapes(typed: str, meant: str) -> None:
    """Escapes of characters are replaced, never by lone surrogates; anything else stays as typed."""
    assert unescape(typed) == meant


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "no such file"),
        ("directory", "a directory"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (bytes(50), "binary data"),
        (b"", "it is empty"),
        (b" \xc2\xa0\n", "it is empty"),
        (b"one headline alone", "--separator"),
        (b"a" * (16 * 1024 * 1024 + 1), "16 MiB"),
    ],
)
def test_what_cannot_be_split_is_said_with_its_place(tmp_path: Path, content: Any, problem: str) -> None:
    """Errors go to stderr, name the place and what to do, without a traceback; exit code 1."""
    page = tmp_path / "page"
    if content == "directory":
        page.mkdir()
    elif content is not None:
        page.write_bytes(content)
    done = split(str(page))
    assert (done.returncode, done.stdout) == (1, b"")
    message = done.stderr.decode()
    assert message.startswith(f"ticker: {page}: ")
    assert problem in message
    assert "Traceback" not in message


def test_wrong_usage_exits_with_2() -> None:
    """An option that does not exist is wrong usage."""
    assert split("--no-such-option").returncode == 2
    assert split("--format", "pdf").returncode == 2


def test_help_shows_an_example() -> None:
    """Help shows how the command is typed."""
    assert b"ticker split page.html" in split("--help").stdout


def test_terminal_shows_a_table(tmp_path: Path) -> None:
    """On a terminal people get the slots, the separator and the confidence."""
    page = tmp_path / "page.txt"
    page.write_text(f"{A} | {B} |  | {C}", encoding="utf-8")
    shown = on_terminal("split", page)
    assert "3 headlines in 4 slots" in shown
    assert "' | '" in shown
    assert "confidence" in shown
    assert "(empty)" in shown


def test_all_lists_rivals_with_scores_and_reasons() -> None:
    """--all says of each element that could be the strip how it ranks, and why it is passed over."""
    page = (
        f'<div class="ticker"><p>Wheat 212.40 +0.8%</p><p>Maize 190.10 -0.2%</p></div>'
        f'<ul class="latest"><li>{A}</li><li>{B}</li></ul>'
    ).encode()
    strip, other = rows(split("--all", stdin=page))
    assert (strip["element"], strip["strip"], strip["headlines"], strip["first"]) == ("ul.latest", True, 2, A)
    assert (other["element"], other["strip"]) == ("div.ticker", False)
    assert "figures" in other["why"]


def test_all_and_a_selector_exclude_each_other() -> None:
    """--all looks at the whole page, so a selector beside it is a mistake."""
    done = split("--all", "--selector", "li", stdin=b"<p>x</p>")
    assert done.returncode == 2
    assert b"leave --selector out" in done.stderr


def test_a_slot_shows_its_link_where_there_is_one() -> None:
    """A headline's link is part of its line."""
    page = f'<ul class="ticker"><li><a href="https://example.org/1">{A}</a></li><li>{B}</li></ul>'.encode()
    assert rows(split(stdin=page)) == [
        {"slot": 0, "text": A, "truncated": False, "link": "https://example.org/1"},
        {"slot": 1, "text": B, "truncated": False},
    ]


def test_lines_of_json_are_strips_and_say_which(tmp_path: Path) -> None:
    """As `ticker run` and `produce` read them: what is no strip is said with its line, and the rest goes on."""
    file = tmp_path / "strips.jsonl"
    line = '{"source": "%s", "observed_at": "2026-03-11T08:00:00Z", "text": "%s", "separator": "|"}\n'
    file.write_text(
        line % ("akhbar", f"{A}|{B}") + line % ("", C) + '{"x":\n' + line % ("rasd", C), encoding="utf-8"
    )
    done = split(str(file))
    assert [(row["strip"], row["slot"], row["text"]) for row in rows(done, 1)] == [
        (f"{file}:1", 0, A),
        (f"{file}:1", 1, B),
        (f"{file}:4", 0, C),
    ]
    refused = done.stderr.decode().splitlines()
    assert [message.split(": ")[1] for message in refused] == [f"{file}:2", f"{file}:3"]
    run = ticker("run", str(file)).stderr.decode().splitlines()
    assert run[: len(refused)] == refused


def test_json_that_is_broken_is_no_strip(tmp_path: Path) -> None:
    """Whoever cut a file short learns what is wrong with it, whatever reads it."""
    file = tmp_path / "page.json"
    file.write_text(f'{{"strips": ["{A} | {B} | {C}', encoding="utf-8")
    for command in ("split", "run"):
        done = ticker(command, str(file))
        assert (done.returncode, done.stdout) == (1, b"")
        assert f"ticker: {file}: is not JSON: Input data was truncated" in done.stderr.decode()


def test_strips_have_no_rivals(tmp_path: Path) -> None:
    """--all looks at pages."""
    file = tmp_path / "strips.jsonl"
    file.write_text(f'{{"source": "a", "observed_at": "2026-03-11T08:00:00Z", "text": "{A} | {B}"}}')
    done = split("--all", str(file))
    assert done.returncode == 1
    assert f"{file}:1: --all looks at a page" in done.stderr.decode()
