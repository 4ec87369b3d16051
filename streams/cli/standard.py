"""Handles standard streams that are closed by the caller, have lost their reader, or cannot be written."""

import errno
import os
import sys
from typing import Final

import click

_UNWRITTEN: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
"""Errors of a write to standard output: no space, no quota, too large, a broken disk, a closed stream."""
_WAYS: Final = (("stdin", "r", os.O_RDONLY), ("stdout", "w", os.O_RDONLY), ("stderr", "w", os.O_WRONLY))
"""Standard output is reopened for reading, so that writing to it fails as to a closed stream."""


def reopen_closed() -> None:
    """Reopen each standard stream that the caller closed, as `ticker split >&-` does.

    Otherwise Python has None for it, and the next file or socket would get its descriptor. A closed standard input is
    then empty, messages to a closed standard error are discarded, and writing to a closed standard output fails.
    """
    for number, (name, mode, access) in enumerate(_WAYS):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, access)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def or_standard_input(_context: click.Context, _argument: click.Parameter, file: str | None) -> str:
    """The file that an argument names, else `-` for standard input; a callback for arguments.

    Raises:
        click.UsageError: None is named, and standard input is a terminal: nobody would know what is waited for.
    """
    if file is None and sys.stdin.isatty():
        raise click.UsageError("name a file, or - for standard input")
    return "-" if file is None else file


def discard_output() -> None:
    """Discard buffered output: Python would try to write it again at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def is_unwritten(error: OSError) -> bool:
    """Whether an error is of writing to standard output: other errors name a file."""
    return error.filename is None and error.errno in _UNWRITTEN
