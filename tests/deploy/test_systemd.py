"""The units: systemd understands them, and what runs in them can reach little."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from streams.observe.ending import MOST_S
from tests.deploy.support import ENDS_S, accepts, tool

UNITS = sorted((Path(__file__).parents[2] / "deploy/systemd").glob("*.service"))
MOST_EXPOSED = 20
"""In tenths, as `systemd-analyze security` counts it: 2.0 of 10 is `OK`; a unit without any care is 9.6."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units in a folder of their own, pointing at a program that is there."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/ticker/bin/ticker", shutil.which("true") or "")
        # An instance: systemd verifies no template.
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", [unit.name.replace("@.", "@1.") for unit in UNITS])
def test_systemd_understands_a_unit(units: Path, name: str) -> None:
    """No unknown key, no unknown section, no program that is not there."""
    done = subprocess.run(
        [tool("systemd-analyze"), "verify", "--recursive-errors=no", "--man=no", str(units / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert done.returncode == 0, done.stderr
    assert complaints == []


@pytest.mark.parametrize("name", [unit.name.replace("@.", "@1.") for unit in UNITS])
def test_a_unit_is_confined(units: Path, name: str) -> None:
    """Its exposure, as systemd counts it, stays low."""
    done = subprocess.run(
        [
            *(tool("systemd-analyze"), "security", "--offline=true", "--no-pager"),
            f"--threshold={MOST_EXPOSED}",
            str(units / name),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def _commands(unit: Path) -> dict[str, list[str]]:
    """What a unit executes, by the setting that says so, for the tenth instance."""
    text = (
        unit.read_text(encoding="utf-8").replace("%i", "10").replace("%S", "/var/lib").replace("%H", "host")
    )
    lines = [line.split("=", 1) for line in text.splitlines() if line.startswith("Exec")]
    return {setting: _run(command) for setting, command in lines}


def _run(command: str) -> list[str]:
    """The words of a command; where a shell makes them, as it makes them, with systemd's `$$` for its `$`."""
    words = shlex.split(command)
    if words[0] != "/bin/sh":
        return words
    script = words[2].replace("$$", "$").removeprefix("exec ")
    done = subprocess.run(
        ["/bin/sh", "-c", f"printf '%s\\n' {script}"], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_runs_commands_of_ours(unit: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Before it runs, its topics are waited for, however long, unless it spools; all read their role's settings."""
    name = unit.name.removeprefix("ticker-").removesuffix(".service").rstrip("@")
    role = {"sources": "producer"}.get(name, name)
    commands = _commands(unit)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings.toml").touch()
    for program, *arguments in commands.values():
        assert program == "/opt/ticker/bin/ticker"
        place = arguments.index("--config") + 1
        assert arguments[place] == f"/etc/ticker/{role}.toml"
        accepts(["settings.toml" if word.startswith("/etc/ticker/") else word for word in arguments])
    text = unit.read_text(encoding="utf-8")
    if "--spool" not in commands["ExecStart"]:
        assert commands["ExecStartPre"][1:4] == ["topics", "wait", commands["ExecStart"][1]]
        assert "TimeoutStartSec=infinity" in text
    assert f"LoadCredential=kafka-password:/etc/ticker/{role}.password\n" in text


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_has_time_for_its_last_scrape(unit: Path) -> None:
    """And to end its work then."""
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(encoding="utf-8"), re.MULTILINE)
    assert int(seconds) >= MOST_S + ENDS_S


def test_every_worker_has_a_port_of_its_own() -> None:
    """The tenth too: 9490."""
    listen = _commands(next(unit for unit in UNITS if "@" in unit.name))["ExecStart"]
    assert listen[listen.index("--listen") + 1] == "127.0.0.1:9490"


def test_no_two_units_listen_on_one_port() -> None:
    """All of them can run on one machine, with a hundred workers."""
    listens = [
        command[command.index("--listen") + 1] for unit in UNITS for command in [_commands(unit)["ExecStart"]]
    ]
    assert len(listens) == len(set(listens))
    ports = [int(listen.rpartition(":")[2]) for listen in listens]
    assert [port for port in ports if 9480 < port <= 9580] == [9490], "the tenth worker's"
