"""`ticker run`: pages in, headlines out, every slot accounted for, whatever the input."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.command import TICKER, on_terminal, rows, ticker

SAMPLE = Path("streams/samples/strips.jsonl")
PAGE = Path("../shared/seed/maghress_page.txt")
GAP = "\u00a0" * 4
RAIN = "أمطار غزيرة متوقعة شمال المملكة"
STRIKE = "الأساتذة يخوضون إضرابا وطنيا ليومين"
CUP = "Le Raja s'impose 2-1 et prend la tête du championnat"
FIELDS = {
    "id",
    "text",
    "language",
    "source",
    "slot",
    "observed_at",
    "topic",
    "topics",
    "first_seen",
    "sightings",
}
ACCOUNT = re.compile(
    r"(\d+) slots? = (\d+) empty \+ (\d+) new \+ (\d+) duplicates? \+ (\d+) updates? \+ (\d+) dead letters?"
)


def strip(*texts: str, source: str = "akhbar", at: str = "2026-03-11T08:00:00Z") -> bytes:
    """A strip as a line of JSON."""
    return json.dumps({"source": source, "observed_at": at, "text": GAP.join(texts)}).encode() + b"\n"


def account(stderr: bytes) -> list[int]:
    """The closing account's numbers: slots, empty, new, duplicates, updates, dead letters."""
    match = ACCOUNT.search(stderr.decode().replace(",", ""))
    assert match, stderr.decode()
    return [int(number) for number in match.groups()]


@pytest.mark.skipif(not PAGE.exists(), reason="the real page is not beside the checkout")
def test_the_real_page_shows_its_54_headlines() -> None:
    """Each with id, language, slot and category; the empty slots are counted, nothing else is published."""
    done = ticker("run", PAGE, "--source", "maghress")
    headlines = rows(done)
    assert len(headlines) == 54
    assert all(row.keys() >= FIELDS for row in headlines)
    assert {row["language"] for row in headlines} == {"ar"}
    assert headlines[0]["slot"] == 0
    assert [row["slot"] for row in headlines] == sorted(row["slot"] for row in headlines)
    assert account(done.stderr) == [58, 4, 54, 0, 0, 0]


def test_a_headline_comes_out_once_with_its_count_and_sources() -> None:
    """Two sources, three sightings, one line."""
    stdin = (
        strip(RAIN, STRIKE)
        + strip(RAIN, CUP, source="sahafa", at="2026-03-11T08:05:00Z")
        + strip("عاجل: " + RAIN, STRIKE, at="2026-03-11T08:10:00Z")
    )
    done = ticker("run", "-", stdin=stdin)
    by_text = {row["text"]: row for row in rows(done)}
    assert set(by_text) == {RAIN, STRIKE, CUP}
    assert by_text[RAIN]["sightings"] == 3
    assert by_text[RAIN]["sources"] == ["akhbar", "sahafa"]
    assert by_text[RAIN]["first_seen"] == by_text[RAIN]["observed_at"] == "2026-03-11T08:00:00.000Z"
    assert by_text[RAIN]["last_seen"] == "2026-03-11T08:10:00.000Z"
    assert by_text[CUP]["topic"] == "medtop:15000000"
    assert account(done.stderr) == [6, 0, 3, 3, 0, 0]


def test_no_headline_was_last_seen_before_it_was_first_seen() -> None:
    """Not even where its time is doubted: in the sample, one file is months after the others."""
    for row in rows(ticker("run", SAMPLE.parent)):
        assert row["first_seen"] <= row["last_seen"], row


def test_what_was_dropped_names_its_winner_and_rule() -> None:
    """With --dropped, every swallowed headline is explained."""
    stdin = strip(RAIN, STRIKE) + strip("عاجل: " + RAIN, STRIKE, at="2026-03-11T09:00:00Z")
    done = ticker("run", "-", "--dropped", stdin=stdin)
    winners = {row["text"]: row["id"] for row in rows(done) if "dropped" not in row}
    dropped = [row for row in rows(done) if "dropped" in row]
    assert [row["winner"] for row in dropped] == [winners[RAIN], winners[STRIKE]]
    assert {row["rule"] for row in dropped} == {"exact"}
    assert dropped[0]["winner_text"] == RAIN


def test_a_changed_number_is_an_update_not_a_duplicate() -> None:
    """The toll rises: readers get the new headline, tied to the first one."""
    first, second = "مصرع 3 أشخاص في انقلاب حافلة قرب ورزازات", "مصرع 17 شخصا في انقلاب حافلة قرب ورزازات"
    done = ticker("run", "-", stdin=strip(first, RAIN) + strip(second, RAIN, at="2026-03-11T09:00:00Z"))
    old, _, new = rows(done)
    assert new["text"] == second
    assert new["updates"] == old["id"]
    assert {"before": "3", "after": "17"}.items() <= new["changes"][0].items()
    assert account(done.stderr) == [4, 0, 2, 1, 1, 0]


def test_the_same_input_gives_the_same_ids() -> None:
    """Run it twice, or on another machine: nothing depends on the clock."""
    once, again = (ticker("run", SAMPLE, "--dropped") for _ in range(2))
    assert once.stdout == again.stdout


def test_the_sample_ends_with_an_account_that_adds_up() -> None:
    """The account: slots = empty + new + duplicates + updates + dead letters."""
    done = ticker("run", SAMPLE)
    slots, *terms = account(done.stderr)
    assert slots == sum(terms) > 0
    assert len(rows(done)) == terms[1] + terms[3]


def test_a_users_own_topics_are_found_too(tmp_path: Path) -> None:
    """A rules file adds topics; a wrong one stops the start."""
    rules = tmp_path / "topics.toml"
    rules.write_text('[topics.walking]\nwords = ["إضرابا"]\n')
    by_text = {
        row["text"]: row for row in rows(ticker("run", "-", "--rules", rules, stdin=strip(RAIN, STRIKE)))
    }
    assert by_text[STRIKE]["topics"][0]["topic"].endswith(":walking")
    assert not by_text[RAIN]["topic"].endswith(":walking")
    rules.write_text("[topics.walking]\nwords = 3\n")
    done = ticker("run", "-", "--rules", rules, stdin=strip(RAIN, STRIKE))
    assert done.returncode == 2
    assert "topics.toml" in done.stderr.decode()


def test_a_stream_shows_each_headline_when_it_is_first_seen() -> None:
    """For a source that never ends: nothing waits for the end, and counts are not known yet."""
    done = ticker("run", "-", "--stream", stdin=strip(RAIN, STRIKE) + strip(RAIN, CUP))
    assert [(row["text"], row["sightings"]) for row in rows(done)] == [(RAIN, 1), (STRIKE, 1), (CUP, 1)]


def test_a_terminal_gets_a_table_with_right_to_left_text_kept_in_its_column() -> None:
    """Each Arabic line is isolated, so that a terminal's reordering leaves the other columns alone."""
    shown = on_terminal("run", SAMPLE, "--dropped", columns=150)
    assert "category" in shown
    assert "not published" in shown
    assert "\u2068توقعات أحوال الطقس اليوم الأربعاء\u2069" in shown
    assert ACCOUNT.search(shown)
    assert '{"id"' not in shown


@pytest.mark.parametrize(
    ("columns", "header"),
    [
        (100, ["slot", "category", "lang", "seen", "headline", "id"]),
        (80, ["slot", "category", "lang", "seen", "headline"]),
        (60, ["slot", "category", "lang", "seen", "headline"]),
        (40, ["slot", "lang", "seen", "headline"]),
    ],
)
def test_a_narrow_terminal_gets_whole_columns_or_none(
    tmp_path: Path, columns: int, header: list[str]
) -> None:
    """Where there is no room for an id, a category or a slot, they are left out; nothing is cut."""
    page = tmp_path / "page.txt"
    page.write_text(
        "Ferry resumes after the storm | Council votes on the budget | Choir sings in the old town"
    )
    shown = re.sub(r"\x1b\[[\d;]*m", "", on_terminal("run", page, columns=columns))
    lines = shown.splitlines()
    assert lines[0].split() == header
    assert "…" not in shown
    assert re.search(r"\ben +1× +\u2068Ferry", shown)
    assert max(len(re.sub("[\u2068\u2069]", "", line)) for line in lines[:-1]) <= columns


def test_a_folder_is_read_in_order_and_hidden_files_are_left(tmp_path: Path) -> None:
    """Sub-folders too; the source of a page is its path in the folder."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "page.txt").write_text(GAP.join([RAIN, STRIKE, CUP]))
    (tmp_path / "a.jsonl").write_bytes(strip(STRIKE, RAIN))
    (tmp_path / ".hidden.txt").write_bytes(b"\x00\x01")
    found = rows(ticker("run", tmp_path, "--observed-at", "2026-03-11T09:00:00+01:00"))
    assert [(row["text"], row["source"]) for row in found] == [
        (STRIKE, "akhbar"),
        (RAIN, "akhbar"),
        (CUP, "b/page"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("broken.jsonl", b'{"source": "a"\n', "broken.jsonl:1"),
        ("fields.jsonl", b'{"source": "a", "text": "b"}\n', "observed_at"),
        ("zone.jsonl", b'{"source": "a", "observed_at": "2026-03-11T08:00:00", "text": "b"}\n', "time zone"),
        ("version.jsonl", b'{"type": "ticker.strip.v9", "source": "a"}\n', "v9"),
        ("long.jsonl", b'{"text": "' + b"x" * (5 << 20) + b'"}\n', "longer than 4 MiB"),
        ("binary.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, "binary.png"),
        ("huge.txt", b"x" * (17 << 20), "larger than 16 MiB"),
        ("alone.txt", "خبر واحد من غير فاصل".encode(), "alone.txt"),
    ],
)
def test_bad_input_is_named_and_the_rest_goes_on(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    """What, where and why; the good file is processed, and the exit code says that something failed."""
    (tmp_path / name).write_bytes(content)
    good = tmp_path / "z.jsonl"
    good.write_bytes(strip(RAIN, STRIKE))
    done = ticker("run", tmp_path / name, good)
    assert complaint in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()
    assert [row["text"] for row in rows(done, status=1)] == [RAIN, STRIKE]
    assert "1 could not be read or split" in done.stderr.decode()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1256"])
def test_pages_in_other_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    """Windows-1256 and UTF-16 pages exist in this field."""
    page = tmp_path / "page.txt"
    page.write_bytes(f"{RAIN} | {STRIKE} | توقيف مروج للمخدرات بطنجة".encode(encoding))
    assert [row["text"] for row in rows(ticker("run", page))][:2] == [RAIN, STRIKE]


def test_a_page_that_was_cut_off_is_read_to_where_it_ends(tmp_path: Path) -> None:
    """A download that stopped within a character loses that character only."""
    page = tmp_path / "page.txt"
    page.write_bytes(GAP.join([RAIN, STRIKE, CUP + " é"]).encode()[:-1])
    assert [row["text"] for row in rows(ticker("run", page))][:2] == [RAIN, STRIKE]


def test_a_slot_too_long_for_a_headline_is_a_dead_letter() -> None:
    """Nothing is lost: it is counted and named, the others are published."""
    done = ticker("run", "-", stdin=strip(RAIN, "x" * 3000, STRIKE))
    assert [row["text"] for row in rows(done, status=1)] == [RAIN, STRIKE]
    assert account(done.stderr) == [3, 0, 2, 0, 0, 1]
    assert "line 1" in done.stderr.decode() or "standard input:1, slot 1" in done.stderr.decode()


def test_a_separator_is_pinned_as_for_split() -> None:
    """Escapes are understood, and an empty separator makes one headline of the strip, though three are found."""
    text = f"{RAIN} ••• {STRIKE} ••• {CUP}".encode()
    assert [row["text"] for row in rows(ticker("run", "-", "--separator", "", stdin=text))] == [text.decode()]
    tabbed = f"{RAIN}\t{STRIKE}".encode()
    assert len(rows(ticker("run", "-", "--separator", r"\t", stdin=tabbed))) == 2


def test_a_hundred_thousand_separators_are_refused_in_no_time() -> None:
    """Too many slots for a strip: an error that names the line."""
    done = ticker("run", "-", stdin=strip(*[""] * 100_000) + strip(RAIN, STRIKE))
    assert "standard input:1" in done.stderr.decode()
    assert len(rows(done, status=1)) == 2


def test_missing_and_unreadable_places_are_named(tmp_path: Path) -> None:
    """A missing file, and a folder that may not be listed."""
    done = ticker("run", tmp_path / "nothing.txt")
    assert done.returncode == 1
    assert "nothing.txt: there is no such file" in done.stderr.decode()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """The rest of the tree is read."""
    locked = tmp_path / "locked"
    locked.mkdir()
    (tmp_path / "a.jsonl").write_bytes(strip(RAIN, STRIKE))
    locked.chmod(0)
    try:
        done = ticker("run", tmp_path)
    finally:
        locked.chmod(0o700)
    assert "locked: cannot be listed" in done.stderr.decode()
    assert len(rows(done, status=1)) == 2


def test_wrong_usage_exits_with_2() -> None:
    """And says what would be right."""
    done = ticker("run", SAMPLE, "--observed-at", "yesterday")
    assert done.returncode == 2
    assert (
        "--observed-at: 'yesterday' is no RFC 3339 time, such as 2026-03-11T08:00:00Z" in done.stderr.decode()
    )
    assert ticker("run", "--no-such-option").returncode == 2
    assert ticker("nonsense").returncode == 2


def test_a_reader_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    """`ticker run … | head -1` ends quietly."""
    page = tmp_path / "many.jsonl"
    lines = (strip(*(f"Headline number {n} of strip {i}" for n in range(50))) for i in range(200))
    page.write_bytes(b"".join(lines))
    command = f"{shlex.join(TICKER)} run {page} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, check=True, timeout=120)
    assert json.loads(done.stdout)["text"].startswith("Headline")
    assert "Traceback" not in done.stderr.decode()
