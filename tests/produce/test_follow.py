"""A file that is followed: what is appended comes, whole lines only, however the file is rotated."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from threading import Event, Thread

import pytest

from streams.errors import InputError
from streams.produce.observation import Observation
from streams.produce.positions import Positions, ReadTo, parts_since, read_to
from streams.produce.read import MAX_LINE, follow


def _line(text: str) -> bytes:
    return b'{"source": "akhbar", "observed_at": "2026-03-11T08:00:00Z", "text": "%s"}\n' % text.encode()


class Following:
    """A file that a thread follows."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: Queue[Observation | InputError] = Queue()
        self._stopped = Event()
        self._thread = Thread(target=self._follow)
        self._thread.start()

    def _follow(self) -> None:
        for observation in follow(str(self.path), failed=self.seen.put, stopped=self._stopped):
            self.seen.put(observation)

    def append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def next(self) -> str:
        """What comes next: a text, or an error's message."""
        item = self.seen.get(timeout=30)
        return str(item) if isinstance(item, InputError) else item.text

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Callable[[bytes], Following]]:
    started: list[Following] = []

    def start(content: bytes | None) -> Following:
        path = tmp_path / "strips.jsonl"
        if content is not None:
            path.write_bytes(content)
        started.append(Following(path))
        return started[-1]

    yield start
    for each in started:
        each.stop()


def test_what_is_appended_comes_after_what_was_there(followed: Callable[..., Following]) -> None:
    """From the beginning, then as it is written."""
    file = followed(_line("one") + _line("two"))
    assert [file.next(), file.next()] == ["one", "two"]
    file.append(_line("three"))
    assert file.next() == "three"


def test_half_a_line_waits_for_its_end(followed: Callable[..., Following]) -> None:
    """A writer may be seen in the middle of a line."""
    file = followed(_line("one") + _line("two")[:30])
    assert file.next() == "one"
    file.append(_line("two")[30:])
    assert file.next() == "two"


def test_a_file_that_is_not_there_yet_is_waited_for(followed: Callable[..., Following]) -> None:
    """A producer may start before whoever writes."""
    file = followed(None)
    file.append(_line("one"))
    assert file.next() == "one"


def test_a_file_that_is_renamed_is_read_to_its_end_before_the_next(
    followed: Callable[..., Following],
) -> None:
    """Rotation by renaming loses no line, whoever wrote last to the old one."""
    file = followed(_line("one"))
    assert file.next() == "one"
    renamed = file.path.with_suffix(".1")
    file.path.rename(renamed)
    with renamed.open("ab") as old:
        old.write(_line("two"))
    file.append(_line("three"))
    assert [file.next(), file.next()] == ["two", "three"]


def test_a_file_that_is_cut_short_is_read_anew(followed: Callable[..., Following]) -> None:
    """Rotation by copying and truncating."""
    file = followed(_line("one") + _line("two"))
    assert [file.next(), file.next()] == ["one", "two"]
    os.truncate(file.path, 0)
    file.append(_line("three"))
    assert file.next() == "three"


def test_a_bad_line_is_named_with_its_number_in_its_file(followed: Callable[..., Following]) -> None:
    """Numbers begin again in a new file; a line that is too long is passed over."""
    file = followed(_line("one") + b"rubbish\n" + b" " * (MAX_LINE + 5) + b"\n" + _line("two"))
    assert file.next() == "one"
    assert f"{file.path}:2" in file.next()
    assert f"{file.path}:3" in file.next()
    assert file.next() == "two"
    file.path.unlink()
    file.append(b"rubbish\n")
    assert f"{file.path}:1" in file.next()


def test_a_folder_cannot_be_followed(tmp_path: Path) -> None:
    """What cannot be read is said, once."""
    failures: list[InputError] = []
    assert list(follow(str(tmp_path), failed=failures.append, stopped=Event())) == []
    assert "cannot be read" in str(failures[0])


def _read(path: Path, *, times: int, since: ReadTo | None = None) -> list[Observation]:
    """What comes of a file that is followed, until so many observations have come."""
    seen: list[Observation] = []
    for observation in follow(str(path), failed=_raise, stopped=Event(), since=since):
        seen.append(observation)
        if len(seen) == times:
            break
    return seen


def _raise(error: InputError) -> None:
    raise error


def _rename(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.1"))
    path.write_bytes(b"")


def _rename_twice(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}.2"))
    middle = path.with_name(f"{path.name}.1")
    middle.write_bytes(_line("between"))
    os.utime(middle, (2e9, 2e9))
    path.write_bytes(b"")


def _copy_and_truncate(path: Path) -> None:
    path.with_name("strips-1.jsonl").write_bytes(path.read_bytes())
    os.truncate(path, 0)


@pytest.mark.parametrize(
    ("rotate", "texts"),
    [
        (lambda _: None, ["two", "three"]),
        (_rename, ["two", "three"]),
        (_rename_twice, ["two", "between", "three"]),
        (_copy_and_truncate, ["two", "three"]),
    ],
    ids=["nothing", "renamed", "renamed twice", "copied and cut short"],
)
def test_reading_goes_on_where_it_was(
    tmp_path: Path, rotate: Callable[[Path], None], texts: list[str]
) -> None:
    """However the file was rotated in between: nothing is read twice, and nothing is left out."""
    path = tmp_path / "strips.jsonl"
    path.write_bytes(_line("one") + _line("two"))
    positions = Positions(path)
    assert positions.recall() is None
    (first,) = _read(path, times=1)
    assert first.read_to
    positions.remember(first.read_to)
    rotate(path)
    with path.open("ab") as more:
        more.write(_line("three"))
    assert [each.text for each in _read(path, times=len(texts), since=Positions(path).recall())] == texts


def test_a_file_that_was_replaced_is_read_from_its_beginning(tmp_path: Path) -> None:
    """Its place in the old one means nothing in the new one."""
    path = tmp_path / "strips.jsonl"
    path.write_bytes(_line("one") + _line("two"))
    last = _read(path, times=2)[-1].read_to
    path.write_bytes(_line("uno") + _line("due"))
    assert [each.text for each in _read(path, times=2, since=last)] == ["uno", "due"]


def test_a_sibling_that_cannot_be_looked_at_does_not_hide_the_rotated_file(tmp_path: Path) -> None:
    """Like one that is removed while its folder is listed, a link to itself is passed over, and the others are not."""
    path = tmp_path / "strips.jsonl"
    path.write_bytes(_line("one"))
    position = read_to(_line("one"), offset=len(_line("one")), number=1)
    rotated = path.rename(tmp_path / "strips.jsonl.1")
    path.write_bytes(_line("two"))
    for name in ("strips.jsonl.0", "strips.jsonl.2"):
        (tmp_path / name).symlink_to(name)
    assert list(parts_since(path, position)) == [(rotated, position), (path, None)]


@pytest.mark.parametrize("kept", [b"", b"{", b'{"offset": "x"}', b"\x00" * 100])
def test_what_is_no_position_is_harmless(tmp_path: Path, kept: bytes) -> None:
    """Reading starts over."""
    path = tmp_path / "strips.jsonl"
    path.with_name("strips.jsonl.position").write_bytes(kept)
    assert Positions(path).recall() is None


@pytest.mark.parametrize("offset", [-1, 0, 10**30])
def test_any_position_is_harmless(tmp_path: Path, offset: int) -> None:
    """A place that no file has is no place."""
    path = tmp_path / "strips.jsonl"
    path.write_bytes(_line("one"))
    since = ReadTo(offset=offset, line=1, length=5, digest="x")
    assert [each.text for each in _read(path, times=1, since=since)] == ["one"]
