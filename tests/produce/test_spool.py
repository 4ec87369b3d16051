"""A spool: what was kept is there after any crash, in order; damage costs what it hit, and is told."""

import fcntl
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.errors import SettingsError, TickerError
from streams.produce.spool import MAX_RECORD, Spool, SpoolFullError

_LIMIT = 1 << 20


def _record(number: int, size: int = 20) -> tuple[bytes, bytes]:
    return number.to_bytes(10, "big"), f"record {number} ".encode().ljust(size, b".")


def _bodies(spool: Spool) -> list[bytes]:
    """All that waits, read and handed over in small steps."""
    found: list[bytes] = []
    while records := spool.read(most=3, most_bytes=100):
        found += [record.body for record in records]
        spool.forget(records[-1].number)
    return found


def _filled(folder: Path, count: int, *, segment: int = 150) -> list[bytes]:
    with Spool(folder, limit=_LIMIT, segment=segment) as spool:
        for number in range(count):
            spool.append([_record(number)])
    return [_record(number)[1] for number in range(count)]


@settings(max_examples=25)  # each record is written through to the disk
@given(steps=st.lists(st.sampled_from(["one", "three", "hand over", "kill"]), max_size=30))
def test_all_that_was_kept_is_handed_over_once_and_in_order(
    steps: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the order of keeping, handing over and crashes; who takes records remembers how far that went."""
    folder = tmp_path_factory.mktemp("spool")
    kept: list[bytes] = []
    taken: list[bytes] = []
    through = 0
    spool = Spool(folder, limit=_LIMIT, segment=120).__enter__()
    spool.reconcile(through)
    for step in [*steps, "kill", *["hand over"] * 60]:
        match step:
            case "one" | "three":
                records = [_record(len(kept) + each) for each in range(1 if step == "one" else 3)]
                spool.append(records)
                kept += [body for _, body in records]
            case "hand over":
                for record in spool.read(most=2, most_bytes=1000):
                    taken.append(record.body)
                    through = record.number
                spool.forget(through)
            case _:
                spool._release()  # what a kill does: files are closed, nothing is written
                spool = Spool(folder, limit=_LIMIT, segment=120).__enter__()
                spool.reconcile(through)
    spool._release()
    assert taken == kept


@settings(max_examples=40)
@given(data=st.data())
def test_a_file_cut_short_anywhere_keeps_what_is_before(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A write that a crash cut short was never acknowledged; all records before it are there."""
    folder = tmp_path_factory.mktemp("spool")
    kept = _filled(folder, 8, segment=10_000)
    (path,) = folder.glob("*.spool")
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    frame = len(content) // 8
    with Spool(folder, limit=_LIMIT) as spool:
        assert _bodies(spool) == kept[: cut // frame]


@settings(max_examples=40)
@given(data=st.data())
def test_damage_costs_the_record_that_it_hit(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bytes changed anywhere: the records before and after are there, and the gap is counted."""
    folder = tmp_path_factory.mktemp("spool")
    kept = _filled(folder, 9, segment=10_000)
    (path,) = folder.glob("*.spool")
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    hit = at // (len(content) // 9)
    with Spool(folder, limit=_LIMIT) as spool:
        assert spool.lost == (1 if hit < 8 else 0)  # behind the last one nothing says that there was one
        assert _bodies(spool) == [body for number, body in enumerate(kept) if number != hit]


def test_damage_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """How many bytes, and how many records at most."""
    _filled(tmp_path, 3, segment=10_000)
    (path,) = tmp_path.glob("*.spool")
    path.write_bytes(path.read_bytes()[60:])
    with caplog.at_level(logging.WARNING), Spool(tmp_path, limit=_LIMIT) as spool:
        assert _bodies(spool) == [_record(2)[1]]
    assert "40 bytes are no whole record" in caplog.text
    assert "up to 2 records were lost" in caplog.text


def test_what_was_handed_over_is_not_told_as_lost(tmp_path: Path) -> None:
    """Damage to it costs nothing, once whoever took it has said so."""
    _filled(tmp_path, 6, segment=10_000)
    (path,) = tmp_path.glob("*.spool")
    content = bytearray(path.read_bytes())
    content[60] ^= 1
    path.write_bytes(content)
    with Spool(tmp_path, limit=_LIMIT) as spool:
        assert spool.lost == 1
        spool.reconcile(4)
        assert spool.lost == 0


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    """All or nothing of what is given; there is room again once it was handed over."""
    with Spool(tmp_path, limit=1000) as spool:
        for number in range(19):  # a record has 20 bytes and 30 of its frame
            spool.append([_record(number)])
        with pytest.raises(SpoolFullError, match="is full"):
            spool.append([_record(19), _record(20)])
        spool.append([_record(19)])
        with pytest.raises(SpoolFullError, match="is full"):
            spool.append([_record(20)])
        assert spool.size == 1000
        assert len(_bodies(spool)) == 20
        spool.append([_record(20)])
        assert len(_bodies(spool)) == 1


def test_a_record_that_could_not_be_read_back_is_refused(tmp_path: Path) -> None:
    """A frame that is longer than any may be counts as damage; so none is written, and the spool goes on."""
    with Spool(tmp_path, limit=2 * MAX_RECORD) as spool:
        with pytest.raises(TickerError, match="at most 67,108,864 bytes, and one has 67,108,865"):
            spool.append([(_record(1)[0], bytes(MAX_RECORD + 1))])
        spool.append([_record(2)])
        assert _bodies(spool) == [_record(2)[1]]


def test_a_disk_that_is_full_costs_nothing_that_was_kept(tmp_path: Path) -> None:
    """The write that failed is cut off; later ones go on."""
    with Spool(tmp_path, limit=_LIMIT) as spool:
        spool.append([_record(0)])
        real = spool._writing
        assert real
        with real, Path("/dev/full").open("wb", buffering=0) as full:
            spool._writing = full
            with pytest.raises(SpoolFullError, match="cannot be written: No space left"):
                spool.append([_record(1)])
        full_by_then = spool.is_full
        spool.append([_record(2)])
        assert (full_by_then, spool.is_full) == (True, False)
        assert _bodies(spool) == [_record(0)[1], _record(2)[1]]


def test_files_are_removed_once_they_were_handed_over(tmp_path: Path) -> None:
    """But for the last ones, a segment's worth, whose keys are remembered."""
    with Spool(tmp_path, limit=_LIMIT, segment=100) as spool:
        for number in range(50):
            spool.append([_record(number)])
        _bodies(spool)
        assert len(list(tmp_path.glob("*.spool"))) <= 2
        assert spool.number_of(_record(49)[0]) == 50
        assert spool.number_of(_record(0)[0]) is None


def test_two_processes_cannot_use_one_spool(tmp_path: Path) -> None:
    """The second one is told."""
    with (tmp_path / "lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with (
            pytest.raises(SettingsError, match="another producer uses it"),
            Spool(tmp_path, limit=_LIMIT),
        ):
            pass


def test_an_older_copy_goes_on_under_another_name(tmp_path: Path) -> None:
    """What it has was handed over; what comes is new, although its numbers were used before."""
    _filled(tmp_path, 3)
    with Spool(tmp_path, limit=_LIMIT) as spool:
        name = spool.id
        spool.append([_record(7)])
        spool.reconcile(9)
        assert spool.id != name
        assert _bodies(spool) == [_record(7)[1]]
    with Spool(tmp_path, limit=_LIMIT) as again:
        assert again.id != name
        again.reconcile(0)  # nobody has heard of that name
        assert again.waiting == 0


@pytest.mark.parametrize("account", [b"", b"{", b'{"id": 3}'])
def test_a_damaged_account_gets_another_name(tmp_path: Path, account: bytes) -> None:
    """What waits is still there: rather once more than never."""
    kept = _filled(tmp_path, 3)
    (tmp_path / "account.json").write_bytes(account)
    with Spool(tmp_path, limit=_LIMIT) as spool:
        assert len(spool.id) == 16
        assert _bodies(spool) == kept


def test_a_file_without_any_record_is_put_aside(tmp_path: Path) -> None:
    """For whoever wants to look at it; an empty one is nothing."""
    (tmp_path / f"{1:020}.spool").write_bytes(b"rubbish")
    (tmp_path / f"{2:020}.spool").write_bytes(b"")
    with Spool(tmp_path, limit=_LIMIT) as spool:
        spool.append([_record(0)])
        assert _bodies(spool) == [_record(0)[1]]
    assert [path.name for path in tmp_path.glob("*.damaged")] == [f"{1:020}.damaged"]


def test_nobody_who_looks_a_key_up_waits_for_a_write(tmp_path: Path) -> None:
    """Whoever serves others looks on while a slow disk is written to."""
    with Spool(tmp_path, limit=_LIMIT) as spool, ThreadPoolExecutor(1) as looking:
        spool.append([_record(0)])
        with spool._guard:
            assert looking.submit(spool.number_of, _record(0)[0]).result(timeout=60) == 1
            assert looking.submit(lambda: spool.size).result(timeout=60) == 50
