"""The standard streams of a process: closed by its caller, gone with their reader, or full."""

import errno
import os
import sys
from typing import Final

_UNWRITTEN: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""What a write to standard output fails with: no space, no quota, too large, a broken disk, a closed stream."""
_WAYS: Final = (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))
"""Standard output is opened for reading, so that writing to it fails as to a closed stream."""


def reopen_closed() -> None:
    """Put something in the place of each stream that the caller closed, as `ticker split >&-` does.

    Else Python has None there, and the next file or socket would get the stream's number. An input that was
    closed is empty, messages go nowhere, and results that go nowhere are an error.
    """
    for number, (name, mode, access) in enumerate(_WAYS):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, access)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def discard_output() -> None:
    """Let what is not written yet go nowhere: Python would try again when it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_unwritten(error: OSError) -> bool:
    """Whether results could not be written to standard output; errors about a file name it."""
    return error.filename is None and error.errno in _UNWRITTEN
