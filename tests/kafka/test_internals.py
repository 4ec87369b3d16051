"""What we use of the libraries' inside: named, there in the versions we are made for, and missed when it is gone."""

import inspect
import re
from pathlib import Path

import pytest

from streams.errors import TickerError
from streams.kafka import fetched, internals
from streams.kafka.internals import Internal

STREAMS = Path(internals.__file__).parent.parent


@pytest.mark.parametrize("library", internals.INTERNALS)
def test_installed_libraries_have_all_that_is_used(library: internals.Library) -> None:
    """Nothing is missing of aiokafka and Faust as they are pinned."""
    internals.check(library)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("aiokafka.producer.producer:AIOKafkaProducer", "_renamed"),
        ("aiokafka.producer.producer:Renamed", "_sender"),
        ("aiokafka.renamed:AIOKafkaProducer", "_sender"),
    ],
)
def test_what_is_gone_is_told_before_anything_starts(
    monkeypatch: pytest.MonkeyPatch, owner: str, name: str
) -> None:
    """An attribute, a class or a module that a new version lacks: the error says which, and what it was for."""
    gone = Internal(owner, name, "to stop what hangs")
    monkeypatch.setitem(internals.INTERNALS, "aiokafka", (gone,))
    internals.check.cache_clear()
    try:
        with pytest.raises(TickerError, match=rf"aiokafka \S+ lacks {owner}.{name} \(to stop what hangs\)"):
            internals.check("aiokafka")
    finally:
        internals.check.cache_clear()


def test_nobody_else_looks_inside() -> None:
    """A private attribute of somebody else is read in two modules only; the linter's exceptions show where."""
    looking = {
        path.relative_to(STREAMS).as_posix()
        for path in STREAMS.rglob("*.py")
        if re.search(r"# noqa:.*SLF001", path.read_text())
    }
    assert looking == {"kafka/internals.py", "kafka/fetched.py"}


def test_each_name_that_is_used_is_listed() -> None:
    """What the module's functions read of others is in its list, so that it is looked for at the start."""
    listed = {each.name for each in internals.INTERNALS["aiokafka"]}
    for module in (internals, fetched):
        lines = inspect.getsource(module).splitlines()
        used = {name for line in lines if "SLF001" in line for name in re.findall(r"\w\.(_[a-z_]+)", line)}
        assert used
        assert used <= listed
