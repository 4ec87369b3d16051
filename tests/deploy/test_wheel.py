"""The wheel has what runs and nothing that only learns or measures."""

import ast
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built from the working tree."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as opened:
        yield opened


def test_what_learns_and_measures_is_left_out(wheel: zipfile.ZipFile) -> None:
    """Training, evaluation, their data and the lexicons that only they read."""
    names = set(wheel.namelist())
    assert "streams/process/categorize/model.json" in names
    assert "streams/process/dedup/words/ar.toml" in names
    assert "streams/samples/strips.jsonl" in names
    learning = ("evaluate", "train", "training", "lexicon", "tests", "deploy")
    assert [name for name in names if set(learning) & set(Path(name).with_suffix("").parts)] == []


def test_no_module_misses_what_it_imports(wheel: zipfile.ZipFile) -> None:
    """Whatever a module of the wheel imports of ours is in the wheel too."""
    names = set(wheel.namelist())
    modules = {name for name in names if name.endswith(".py")}
    missing = [
        f"{module} imports {imported}"
        for module in sorted(modules)
        for imported in _imports(wheel.read(module))
        if not {f"{imported}.py", f"{imported}/__init__.py"} & names
    ]
    assert missing == []


def _imports(source: bytes) -> Iterator[str]:
    """The modules of ours that a module imports, as paths without suffix."""
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.ImportFrom)
            and node.module
            and node.module.split(".")[0] in {"schemas", "streams"}
        ):
            yield node.module.replace(".", "/")


def test_the_wheel_is_small(wheel: zipfile.ZipFile) -> None:
    """Beside code, most of it is the models, the known words and names; a data file that slipped in would show here."""
    data = [entry for entry in wheel.infolist() if not entry.filename.endswith((".py", "/RECORD"))]
    assert sum(entry.compress_size for entry in data) < 850_000
