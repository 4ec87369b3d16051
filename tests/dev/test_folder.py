"""The data folder of a broker: one owner at a time, who is told apart from one that has died."""

from pathlib import Path
from typing import Never

import pytest

from streams.dev import folder
from streams.errors import SettingsError


def test_a_folder_whose_owner_lives_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting is for the nodes of an owner that was killed; this one is still there."""

    def wait(_seconds: float) -> Never:
        raise AssertionError("it waited")

    monkeypatch.setattr("time.sleep", wait)
    with folder.claim(tmp_path), pytest.raises(SettingsError, match="in use by another broker"):
        folder.claim(tmp_path)


@pytest.mark.parametrize("owner", [b"", b"no number", b"9" * 40, b"4194304999"])
def test_what_is_no_living_owner_is_waited_for(tmp_path: Path, owner: bytes) -> None:
    """The lock file of an older version is empty, and a killed owner's number belongs to nobody."""
    lock = tmp_path / "lock"
    lock.write_bytes(owner)
    assert not folder._lives(lock)
