"""What is known of sources survives whatever ends a producer, and belongs to one producer."""

import subprocess
import sys
from pathlib import Path

import pytest

from schemas.events import Strip
from streams.errors import SettingsError
from streams.sources.memory import FILE, Due, Known, Memory
from streams.sources.robots import Robots
from streams.sources.visit import Validators

STRIP = Strip(
    id="0" * 20,
    source="akhbar",
    observed_at="2026-03-11T08:00:00.000Z",
    text="العاصفة تغلق الميناء | Port closed",
    slots=2,
    separator=" | ",
    confidence=0.9,
)
KNOWN = Known(
    asked="how", validators=Validators('"1"', "yesterday"), answered_by="https://a.example/", digest=b"1"
)


def fill(memory: Memory) -> None:
    memory.known["akhbar"] = KNOWN
    memory.strips["akhbar"] = STRIP
    memory.dues["akhbar"] = Due(next_at=5, interval=60.0)
    memory.rules["https://a.example:443"] = Robots(fetched_at=1, until=2, told="robots.txt", packed=b"x")
    memory.pauses["a.example"] = 7


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    """And what was forgotten is not."""
    with Memory(tmp_path) as memory:
        fill(memory)
        memory.dues["gone"] = Due(next_at=1)
    with Memory(tmp_path) as memory:
        assert memory.known["akhbar"] == KNOWN
        assert memory.strips["akhbar"] == STRIP
        assert memory.dues["akhbar"] == Due(next_at=5, interval=60.0)
        assert memory.rules["https://a.example:443"].told == "robots.txt"
        assert memory.pauses["a.example"] == 7
        assert memory.forget({"akhbar"}, 8) == {"gone"}
    with Memory(tmp_path) as memory:
        assert set(memory.dues) == {"akhbar"}
        assert dict(memory.gone) == {"gone": 8}
        assert not memory.forget({"akhbar", "gone"}, 9), "it came back before anybody was told"


def test_what_was_saved_is_there_after_a_kill(tmp_path: Path) -> None:
    """Whole, and without what was not saved yet; the lock went with the process."""
    program = (
        "import os, signal; from pathlib import Path; from tests.sources.test_memory import *\n"
        f"memory = Memory(Path({str(tmp_path)!r})); memory.__enter__(); fill(memory); memory.save()\n"
        "memory.dues['akhbar'] = Due(next_at=99); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], check=False, timeout=60
    )
    assert done.returncode == -9
    with Memory(tmp_path) as memory:
        assert memory.known["akhbar"] == KNOWN
        assert memory.dues["akhbar"].next_at == 5


def test_a_folder_belongs_to_one_producer(tmp_path: Path) -> None:
    """A second one is told at its start."""
    with Memory(tmp_path), pytest.raises(SettingsError, match="another producer uses it"), Memory(tmp_path):
        pass


def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path) -> None:
    """All that is lost with it is a visit of each source; rows of another version are as good as none."""
    (tmp_path / FILE).write_bytes(b"no database " * 100)
    with Memory(tmp_path) as memory:
        assert not memory.known
        fill(memory)
        memory.save()
        assert memory._database is not None
        memory._database.execute("UPDATE known SET value = x'ff00'")
        memory._database.commit()
    assert (tmp_path / FILE).with_suffix(".damaged").exists()
    with Memory(tmp_path) as memory:
        assert not memory.known
        assert memory.strips["akhbar"] == STRIP


def test_a_disk_that_takes_nothing_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Reading goes on; what could not be written is written as soon as it can be."""
    with Memory(tmp_path) as memory:
        assert memory._database is not None
        memory._database.execute("PRAGMA query_only = 1")
        fill(memory)
        memory.save()
        memory.save()
        assert caplog.text.count("cannot be written") == 1
        memory._database.execute("PRAGMA query_only = 0")
        memory.save()
    with Memory(tmp_path) as memory:
        assert memory.known["akhbar"] == KNOWN


def test_a_damaged_page_of_the_database_refuses_no_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One that opens and cannot be read is set aside as well, and told."""
    with Memory(tmp_path) as memory:
        for number in range(500):
            memory.known[f"source-{number}"] = KNOWN
    path = tmp_path / FILE
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with Memory(tmp_path) as memory:
        assert len(memory.known) == 0
        fill(memory)
    assert "is damaged" in caplog.text
    with Memory(tmp_path) as memory:
        assert memory.known["akhbar"] == KNOWN


def test_a_row_that_cannot_be_written_costs_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told by its key; what is known of all the others is kept."""
    with Memory(tmp_path) as memory:
        fill(memory)
        memory.known["odd"] = Known(asked="\ud800")
    assert "odd" in caplog.text
    with Memory(tmp_path) as memory:
        assert set(memory.known) == {"akhbar"}
