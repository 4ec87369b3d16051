"""Escapes control characters in everything that is written to a terminal.

Headlines, sources, file names and errors come from outside. All that a command prints or logs goes through
`guard_terminals` or, for tables, through `Console`; other code need not care. Pipes get the output unchanged: JSON.
"""

import re
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO

_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ud800-\udfff]")
"""Control characters of C0 and C1 except line feed and tab, and characters that override the direction of text.

First-strong isolates are not among them, because `output.isolate` uses them; direction marks are harmless."""


def visible(text: str) -> str:
    r"""A text with control characters escaped as in JSON: `\u001b`."""
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Guarded:
    """A text stream that escapes control characters; all else is delegated to the wrapped stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.rich_proxied_file = stream
        """The stream to which rich writes: `Console` has escaped the text, and rich's control codes are needed."""

    def write(self, text: str) -> int:
        """Write a text, escaped."""
        return self._stream.write(visible(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines, escaped."""
        self._stream.writelines(map(visible, lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_terminals() -> None:
    """Wrap standard output, if it is a terminal, and standard error, so that control characters are escaped."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, _Guarded) and (name == "stderr" or stream.isatty()):
            setattr(sys, name, _Guarded(stream))
