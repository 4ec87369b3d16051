"""Replaces a file whole: whoever reads it, also after a crash, has the old one or the new one."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Write a file beside another, to the disk, then put it in its place.

    A process that is killed leaves `NAME.new`, which the next write replaces. Two writers at one time are not meant.

    Raises:
        OSError: It cannot be written; the old one is as it was.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
