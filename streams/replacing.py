"""Replace a file atomically: a reader gets the old content or the new content, also after a crash."""

import os
from pathlib import Path


def replace_file(path: Path, data: bytes) -> None:
    """Write `NAME.new` next to the file, sync it to disk, then rename it over the file.

    A process that is killed may leave `NAME.new`, which the next call overwrites. A file must have one writer only.

    Raises:
        OSError: The data cannot be written; the old file is unchanged.
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
