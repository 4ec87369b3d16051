"""`ticker sources`: what a person sees of sources before they are read."""

import re
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command import on_terminal, rows, ticker
from tests.sources.served import served
from tests.sources.world import page

SHOWN = (
    "البرلمان يصوت الليلة على قانون الماء الجديد بعد نقاش طويل بين الأغلبية والمعارضة في الغرفتين",
    "العاصفة تغلق الميناء لليوم الثاني على التوالي",
    "اتفاق جديد بين الوزارة والأساتذة ينهي الإضراب",
)
CONTACT = ("--contact", "desk@newsroom.example", "--distance", "0")


@pytest.fixture
def address() -> Iterator[str]:
    with served(page(*SHOWN)) as (where, _):
        yield where


@pytest.fixture
def sources(address: str, tmp_path: Path) -> Path:
    """A page of a site, one that is not there, and a file."""
    path = tmp_path / "sources.toml"
    path.write_text(
        f'[[source]]\nid = "akhbar"\naddress = "{address}"\nallow_private = true\nlanguage = "fr"\n'
        f'[[source]]\nid = "gone"\naddress = "{address}gone"\nallow_private = true\n'
        '[[source]]\nid = "local"\npath = "page.html"\n',
        encoding="utf-8",
    )
    (tmp_path / "page.html").write_text(page(*SHOWN), encoding="utf-8")
    return path


def test_what_would_be_published_is_shown_on_eighty_columns(sources: Path) -> None:
    """The strip, caching, robots rule and next visit, with Arabic in its own direction and no line too long."""
    shown = on_terminal("sources", "check", "akhbar", "--sources", sources, *CONTACT, columns=80)
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", shown).replace("\u2068", "").replace("\u2069", "")
    assert max(map(len, plain.splitlines())) <= 80
    assert "3 headlines in 3 slots" in plain
    assert "3 with a link" in plain
    assert "no robots.txt (404)" in plain
    assert re.search(r"caching\s+ETag", plain)
    assert re.search(r"next\s+in \d+ s", plain)
    assert "most headlines are ar, and the entry says fr" in plain
    assert SHOWN[1] in plain
    assert shown.count("\u2068") >= len(SHOWN)


def test_all_sources_are_checked_and_a_bad_one_fails_the_command(sources: Path, address: str) -> None:
    """A line of JSON each, in the order of the file; what is wrong stands in its line."""
    page_, gone, local = rows(ticker("sources", "check", "--sources", sources, *CONTACT), status=1)
    assert (page_["source"], page_["outcome"], page_["status"]) == ("akhbar", "changed", 200)
    assert [slot["text"] for slot in page_["slots"]] == list(SHOWN)
    assert page_["slots"][1]["link"] == f"{address}story/{len(SHOWN[1])}"
    assert (gone["outcome"], gone["problem"], gone["strip"]) == ("refused", "answers 404", None)
    assert (local["outcome"], local["strip"]["slots"]) == ("changed", 3)


def test_an_id_that_is_not_there_is_told(sources: Path) -> None:
    """With the one that was probably meant, or with those that are."""
    for name, told in (("akhbr", b"did you mean akhbar?"), ("sahafa", b"there are akhbar, gone, local")):
        done = ticker("sources", "check", name, "--sources", sources, *CONTACT)
        assert done.returncode == 2
        assert told in done.stderr


def test_a_proposal_is_toml_that_can_be_appended(address: str) -> None:
    """Comments say what speaks for an entry."""
    done = ticker("sources", "add", address, "--allow-private", *CONTACT)
    assert done.returncode == 0, done.stderr
    (entry,) = tomllib.loads(done.stdout.decode())["source"]
    assert (entry["address"], entry["language"]) == (address, "ar")
    assert "# 3 headlines" in done.stdout.decode()


def test_an_address_that_cannot_be_visited_is_not_proposed(address: str) -> None:
    """Nothing to append; the message says what happened where, and what to do."""
    with socket.socket() as bound:  # nobody listens there
        bound.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        for place, private, told in (
            (
                nobody,
                True,
                "it refused the connection): all is forbidden for now; check the address, or try again",
            ),
            (nobody, False, "is a private address; allow it with --allow-private"),
            (f"{address}gone", True, "answers 404; look at it in a browser, and name another page or a feed"),
        ):
            done = ticker("sources", "add", place, *(["--allow-private"] if private else []), *CONTACT)
            assert (done.returncode, done.stdout) == (1, b"")
            assert done.stderr.decode().startswith(f"ticker: {place}: ")
            assert told in done.stderr.decode()


def test_a_page_without_headlines_is_not_proposed() -> None:
    """It can be read, so what helps is a selector."""
    with served("<html><body><p>Nothing happened here today.</p></body></html>") as (where, _):
        done = ticker("sources", "add", where, "--allow-private", *CONTACT)
    assert (done.returncode, done.stdout) == (1, b"")
    assert "write an entry with a selector" in done.stderr.decode()


@pytest.mark.parametrize("command", [("sources", "check"), ("produce", "--state", "state")])
def test_nothing_is_asked_for_without_a_contact(
    sources: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """A site's owner must be able to complain; the start says how to name somebody."""
    monkeypatch.chdir(tmp_path)
    done = ticker(*command, "--sources", sources)
    assert done.returncode == 2
    assert b"--contact" in done.stderr
    assert b"TICKER_SOURCES_CONTACT" in done.stderr


def test_files_and_sources_are_not_read_at_once(sources: Path) -> None:
    """Which of the two would be meant is not guessed."""
    done = ticker("produce", sources, "--sources", sources, *CONTACT)
    assert done.returncode == 2
    assert b"--sources says all that is read" in done.stderr
