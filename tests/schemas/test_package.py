"""The contract as a package of its own, as a consumer installs it."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import schemas

_SOURCE = Path(schemas.__file__).parent
_PROGRAM = """
import sys
from msgspec.json import Decoder
from headline_ticker_events.events import CategorizedHeadline
from headline_ticker_events.topics import CURRENT, TOPICS
event = Decoder(CategorizedHeadline).decode(sys.stdin.buffer.read())
heavy = {"aiokafka", "faust", "numpy", "schemas", "streams"} & set(sys.modules)
print(event.category, CURRENT.on("ticker"), *heavy)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The distribution `headline-ticker-events`."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir"]
    done = subprocess.run([*command, str(folder), str(_SOURCE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("headline_ticker_events-*.whl")
    return built


def test_a_consumer_decodes_events_without_the_pipeline(wheel: Path) -> None:
    """Structs, topics and decoders, from the wheel alone; no Kafka client, no Faust, nothing called `schemas`."""
    example = _SOURCE / "examples" / "ticker.category.v1" / "sport.json"
    program = f"import sys; sys.path.insert(0, {str(wheel)!r})\n{_PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program], input=example.read_bytes(), capture_output=True, check=False
    )
    assert done.stdout.decode() == "sport ticker.current\n", done.stderr.decode()


def test_the_package_is_typed_and_has_the_schemas(wheel: Path) -> None:
    """Type checkers look for `py.typed`; validators for the JSON Schemas."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "headline_ticker_events/py.typed" in names
    assert "headline_ticker_events/json/ticker.category.v1.schema.json" in names
    assert not [name for name in names if name.startswith(("schemas/", "streams/"))]
