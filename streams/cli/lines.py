"""Reads headlines of a file or of standard input, one on each line; invalid lines are reported and skipped."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import click

from streams.errors import InputError

_LONGEST_LINE: Final = 64 * 1024


class Failures:
    """Lines that could not be read: reported at once, and counted for the exit code."""

    def __init__(self) -> None:
        self._some = False

    def say(self, error: InputError) -> None:
        """Report an invalid line and its place."""
        self._some = True
        click.echo(f"ticker: {error}", err=True)

    def exit(self) -> None:
        """Exit with 1 if there were any."""
        if self._some:
            sys.exit(1)


def headlines(file: str, failures: Failures) -> Iterator[str]:
    """The lines that have text; a line that cannot be read is reported and skipped."""
    if file == "-":
        yield from _lines(sys.stdin.buffer, "standard input", failures)
        return
    try:
        with Path(file).open("rb") as lines:
            yield from _lines(lines, file, failures)
    except OSError as error:
        raise InputError(file, f"cannot be read: {error.strerror}") from None


def _lines(lines: BinaryIO, place: str, failures: Failures) -> Iterator[str]:
    number = 0
    while line := lines.readline(_LONGEST_LINE):
        number += 1
        if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := lines.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            failures.say(InputError(f"{place}:{number}", f"longer than {_LONGEST_LINE:,} bytes: no headline"))
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            failures.say(
                InputError(f"{place}:{number}", f"not UTF-8 at byte {error.start}: convert it (iconv)")
            )
            continue
        if text:
            yield text
