"""The data folder of a cluster: its lock, its identity file, and its deletion."""

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
    """The identity of the cluster in a data folder; written after all its nodes were formatted."""

    cluster_id: str
    nodes: int


def claim(data: Path) -> IO[bytes]:
    """Lock the folder for this process and its nodes.

    The owner writes its process id into the lock file. If the owner was killed, its nodes still hold the lock for some
    seconds until they end, which is waited for. If the owner is alive, the folder is in use.

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
    """Whether the last owner of a lock is alive. An owner in another container is not found, and counts as dead."""
    try:
        os.kill(int(lock.read_bytes()), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def identity_of(data: Path, size: int) -> Identity | None:
    """The identity of the cluster in the folder; None if the folder is new, or its formatting was interrupted."""
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
    """Write the identity, after all nodes were formatted."""
    (data / _SIGNATURE).write_bytes(msgspec.json.encode(identity))


def remove(data: Path) -> None:
    """Delete the identity and the nodes' data from a data folder, and nothing else.

    Raises:
        SettingsError: The folder is in use.
    """
    with claim(data):
        (data / _SIGNATURE).unlink(missing_ok=True)
        for folder in data.glob("node-*"):
            shutil.rmtree(folder)


def new_cluster_id() -> str:
    """A random id in Kafka's format: 16 bytes as 22 characters. It must not begin with a dash, like an option."""
    text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return text if text[0] not in "-_" else "K" + text[1:]
