"""What reaches a terminal: text, never what a terminal obeys.

Headlines, sources, file names and errors come from outside. Whatever a command prints or logs goes through
`guard_terminals` or, where it is laid out, through `Console`; nothing else has to think of it. Pipes get what
commands write: JSON.
"""

import re
import sys
from collections.abc import Iterable
from typing import Any, Final, TextIO

_OBEYED: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066\u2067\ud800-\udfff]")
"""Control characters of C0 and C1 but line feed and tab, and what turns the direction of a line.

First-strong isolates are ours (`output.isolate`); marks of direction turn nothing but themselves."""


def visible(text: str) -> str:
    r"""A text with what a terminal would obey written out, as JSON writes it: `\u001b`."""
    return _OBEYED.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


class _Guarded:
    """A text stream whose text is made visible; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.rich_proxied_file = stream
        """Where rich writes: its colours are its own, and `Console` has made the text visible."""

    def write(self, text: str) -> int:
        """Write a text as it can be seen."""
        return self._stream.write(visible(text))

    def writelines(self, lines: Iterable[str]) -> None:
        """Write lines as they can be seen."""
        self._stream.writelines(map(visible, lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def guard_terminals() -> None:
    """Let everything that is written to a terminal, and all that is written for people, be text and nothing else."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if not isinstance(stream, _Guarded) and (name == "stderr" or stream.isatty()):
            setattr(sys, name, _Guarded(stream))
