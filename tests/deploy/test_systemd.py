"""The units: systemd understands them, and what runs in them can reach little."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.support import tool

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
