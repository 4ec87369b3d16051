r"""Users' regular expressions in linear time, by RE2: Python's engine can take exponential time, as for `(a+)+$`.

What RE2 reads as ASCII only (`\w`, `\d`, `\s`) is written out for every script before it is compiled. What it cannot
do in linear time, or would do otherwise than Python, is refused with what to write instead.
"""

import re
import warnings
from collections.abc import Iterator
from typing import Any, Final, Protocol

import re2

_MEMORY: Final = 8 << 20
"""The most memory that a compiled pattern may take, in bytes."""
_MAX_LENGTH: Final = 2000
_CLASSES: Final = {
    "w": r"\p{L}\p{N}_",
    "d": r"\p{Nd}",
    "s": r"\t-\r\x{1c}-\x{1f}\x{85}\p{Z}",
}
_ATOM: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|[0-9]+|.)|\{,|\[\^?\]?|\]|\(\?[^)]?[=!]?|.", re.DOTALL)
_REFUSED: Final = {
    r"\b": r"`\b` is not known: what is a whole word differs by script; give it in `words`, or write (^|\W) and (\W|$)",
    r"\B": r"`\B` is not known; write \w where a letter must stand",
    r"\Z": r"`\Z` is not known; write $",
}
_LOOK: Final = ("(?=", "(?!", "(?<=", "(?<!", "(?P=", "(?(", "(?>", "(?#")


class PatternError(ValueError):
    """A pattern cannot be used; the message says why, and what to write instead."""


class Match(Protocol):
    """A match in a text."""

    def group(self, group: int = 0, /) -> str:
        """The text of a group; 0 is the whole match."""


class Pattern(Protocol):
    """A pattern that is searched in time linear in the length of the text."""

    def search(self, text: str, /) -> Match | None:
        """The first match."""


def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern in Python's syntax, case-insensitively.

    Raises:
        PatternError: The pattern is invalid, or uses a feature that has no linear-time implementation.
    """
    if len(pattern) > _MAX_LENGTH:
        raise PatternError(f"{len(pattern):,} characters; a pattern has at most {_MAX_LENGTH:,}")
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise PatternError(f"{error.msg} at {error.pos}") from None
    except (OverflowError, RecursionError) as error:
        raise PatternError(f"it is too large: {error}") from None
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled: Any = re2.compile("".join(_translated(pattern)), options)
    except re2.error as error:
        said = error.args[0]
        problem = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise PatternError(f"it cannot be looked for in linear time: {problem}") from None
    return compiled  # type: ignore[no-any-return]


def _translated(pattern: str) -> Iterator[str]:
    """The pattern in RE2's syntax."""
    in_class = False
    for found in _ATOM.finditer(pattern):
        atom = found.group()
        if atom.startswith("\\"):
            yield _escape(atom, in_class=in_class)
            continue
        if not in_class and (
            look := next((each for each in _LOOK if pattern.startswith(each, found.start())), None)
        ):
            raise PatternError(f"`{look}` looks around or back, which takes more than linear time")
        if not in_class and atom == "{,":
            raise PatternError("`{,` is not known; write {0,")
        if in_class:
            in_class = atom != "]"
        elif atom.startswith("["):
            in_class = True
        yield atom


def _escape(atom: str, *, in_class: bool) -> str:
    if not in_class and atom in _REFUSED:
        raise PatternError(_REFUSED[atom])
    letter = atom[1]
    if letter == "u":
        return rf"\x{{{atom[2:]}}}"
    if letter.isdigit() and atom != r"\0":
        raise PatternError(f"`{atom}` refers back to a group, which takes more than linear time")
    inside = _CLASSES.get(letter.lower())
    if inside is None:
        return atom
    if letter.islower():
        return inside if in_class else f"[{inside}]"
    if letter == "D":
        return r"\P{Nd}"
    if in_class:
        raise PatternError(f"`{atom}` inside [] is not known; write what it is to hold")
    return f"[^{inside}]"
