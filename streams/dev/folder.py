"""The data folder of a cluster: who uses it, whose data it holds, and how these are deleted."""

import base64
import fcntl
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import IO, Final

import msgspec
from msgspec import Struct

from streams.counted import counted
from streams.errors import SettingsError

_SIGNATURE: Final = "cluster.json"
_CLAIM_S: Final = 15.0
_POLL_S: Final = 0.05


class Identity(Struct, frozen=True):
    """What a data folder says of its cluster; written when all its nodes are formatted."""

    cluster_id: str
    nodes: int


def claim(data: Path) -> IO[bytes]:
    """Take the folder for this process and its nodes; wait a little for nodes of a killed owner to end.

    The owner writes its process id into the lock: nodes of one that lives do not end by waiting.

    Raises:
        SettingsError: The folder is in use, or cannot be written.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        file = (data / "lock").open("ab")
    except OSError as error:
        raise SettingsError(f"cannot write the data folder {data}: {error.strerror}") from None
    deadline = time.monotonic() + _CLAIM_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline or _lives(data / "lock"):
                file.close()
                raise SettingsError(
                    f"the data folder {data} is in use by another broker: stop that one, or choose another"
                ) from None
            time.sleep(_POLL_S)
        else:
            file.truncate(0)
            file.write(str(os.getpid()).encode())
            file.flush()
            return file


def _lives(lock: Path) -> bool:
    """Whether the process runs that took a lock last; not known of one in another container."""
    try:
        os.kill(int(lock.read_bytes()), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def identity_of(data: Path, size: int) -> Identity | None:
    """Whose data the folder holds; None if it is new, or if a first start was cut short."""
    try:
        identity = msgspec.json.decode((data / _SIGNATURE).read_bytes(), type=Identity)
    except FileNotFoundError:
        for folder in data.glob("node-*"):
            shutil.rmtree(folder)
        return None
    if identity.nodes != size:
        raise SettingsError(
            f"the data folder {data} belongs to a cluster of {counted(identity.nodes, 'node')}, not {size}: "
            f"use --nodes {identity.nodes}, another --data, or --fresh, which deletes what is there"
        )
    return identity


def sign(data: Path, identity: Identity) -> None:
    """Write whose data the folder holds, now that they are whole."""
    (data / _SIGNATURE).write_bytes(msgspec.json.encode(identity))


def remove(data: Path) -> None:
    """Delete what clusters have written into a data folder, and nothing else.

    Raises:
        SettingsError: the folder is in use.
    """
    with claim(data):
        (data / _SIGNATURE).unlink(missing_ok=True)
        for folder in data.glob("node-*"):
            shutil.rmtree(folder)


def new_cluster_id() -> str:
    """A random id as Kafka writes them: 16 bytes in 22 characters (an option must not begin with a dash)."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if text[0] not in "-_" else "K" + text[1:]
