"""Imports point one way, without exception: docs/architecture.md has the same list."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYERS = (
    ("schemas",),
    ("streams.errors", "streams.counted", "streams.closest", "streams.replacing"),
    ("streams.outbound", "streams.stage", "streams.settings"),
    ("streams.process",),
    ("streams.pipeline",),
    ("streams.web",),
    ("streams.observe", "streams.kafka"),
    ("streams.engine",),
    ("streams.produce",),
    ("streams.sources",),
    (
        "streams.run",
        "streams.canary",
        "streams.replay",
        "streams.explain",
        "streams.dev",
        "streams.evaluate",
        "streams.consumers",
        "streams.registry",
    ),
    ("streams.deadletters", "streams.serve", "streams.corrections"),
    ("streams.bench",),
    ("streams.cli",),
)
"""From the bottom up; rooms of one layer know nothing of each other. Everybody may read the version (`streams`)."""
LEVELS = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}


def modules() -> Iterator[Path]:
    """Every module of the product."""
    yield from ROOT.glob("schemas/**/*.py")
    yield from ROOT.glob("streams/**/*.py")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def room_of(module: str) -> str:
    """The room of a module: `schemas`, or the folder or module right below `streams`."""
    parts = module.split(".")
    return parts[0] if parts[0] == "schemas" else ".".join(parts[:2])


def imports_of(path: Path) -> Iterator[str]:
    """What a module imports of ours, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            package = name_of(path).split(".")[: -node.level] if node.level else []
            module = ".".join([*package, *([node.module] if node.module else [])])
            names = [module] if module != "streams" else [f"streams.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name for name in names if name.partition(".")[0] in {"schemas", "streams"})


def violations() -> Iterator[str]:
    """Imports that point down the list or to a neighbour, as `who imports what`."""
    for path in modules():
        module = name_of(path).removesuffix(".__init__")
        for name in imports_of(path) if module != "streams" else ():
            one, other = room_of(module), room_of(name)
            if other not in {one, "streams.__version__"} and LEVELS[other] >= LEVELS[one]:
                yield f"{module} imports {name}"


def test_imports_point_one_way() -> None:
    """A room imports only rooms below it. A new room has to be put into the list, and keeps to its place."""
    assert list(violations()) == []


def test_every_room_stands_in_the_list() -> None:
    """A room that nobody imports yet has its place too."""
    rooms = {room_of(name_of(path).removesuffix(".__init__")) for path in modules()} - {"streams"}
    assert rooms == LEVELS.keys()
