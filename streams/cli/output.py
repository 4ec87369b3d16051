"""How commands speak: tables on a terminal, JSON lines in a pipe, examples in `--help`."""

import sys
from typing import Any, Final

import click
import msgspec

_FIRST_STRONG_ISOLATE: Final = "\u2068"
_POP_ISOLATE: Final = "\u2069"

json_option = click.option(
    "--json", "as_json", is_flag=True, help="JSON lines, also on a terminal (the default in a pipe)."
)


def examples(*lines: str) -> str:
    """An epilog for `--help` that shows command lines as they are typed."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


def wants_json(as_json: bool) -> bool:
    """Whether to write JSON lines: asked for, or standard output is no terminal."""
    return as_json or not sys.stdout.isatty()


def write_json(row: Any) -> None:
    """Write one row (a struct or a dict) as a line of JSON on standard output, in UTF-8."""
    sys.stdout.buffer.write(msgspec.json.encode(row) + b"\n")


def isolate(text: str) -> str:
    """Wrap text so that its direction, right-to-left or not, leaves the rest of a line alone (UAX #9)."""
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
