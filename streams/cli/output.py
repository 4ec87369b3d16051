"""The output of commands: tables on a terminal, JSON lines in a pipe, examples in `--help`."""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from schemas.mediatopics import LABELS
from streams.closest import closest
from streams.errors import SettingsError

_FIRST_STRONG_ISOLATE: Final = "\u2068"
_POP_ISOLATE: Final = "\u2069"
_MOST_NAMES: Final = 20
"""The most names that a hint lists."""
_UNBROKEN_HYPHEN: Final = "\u2011"
_EXAMPLE_WIDTH: Final = 80 - len("    ")
"""Columns of an example: click indents an epilog by two, and below `Examples:` are two more."""
_SHELL_WORD: Final = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")
_SENTENCE: Final = 1_000
"""Characters, more than any command's first sentence has."""
_WITHOUT_STEERING: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

json_option = click.option(
    "--json", "as_json", is_flag=True, help="JSON lines, also on a terminal (the default in a pipe)."
)


class Formatter(click.HelpFormatter):
    """Breaks no line of help after a hyphen, as of an option or a package: what is in two lines cannot be copied."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", _UNBROKEN_HYPHEN))

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and what they mean."""
        held = [(name, meaning.replace("-", _UNBROKEN_HYPHEN)) for name, meaning in rows]
        super().write_dl(held, col_max, col_spacing)

    def getvalue(self) -> str:
        """All that was written, with hyphens as they are typed."""
        return super().getvalue().replace(_UNBROKEN_HYPHEN, "-")


class Commands(click.Group):
    """A group whose `--help` shows the whole first sentence of each command; click cuts it after a line.

    A command that there is not is answered with the one that was probably meant.
    """

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands."""
        listed = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, each.get_short_help_str(_SENTENCE))
                    for name, each in listed
                    if each and not each.hidden
                ]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, and the arguments after it."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = closest(args[0], self.list_commands(ctx))
            hint = f"Did you mean {close}?" if close else f"`{ctx.command_path} --help` lists the commands."
            raise click.UsageError(f"{error.message} {hint}", ctx) from None


def examples(*lines: str) -> str:
    """An epilog for `--help` that shows command lines as they are typed, in 80 columns."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for each in lines for line in fitted(each))])


def fitted(line: str) -> list[str]:
    """A command line in lines that fit, each continued with a backslash, so that they can be pasted.

    Quoted words stay whole, an option stays with its value, and each command of several begins a line.
    """
    if len(line) <= _EXAMPLE_WIDTH:
        return [line]
    parts: list[str] = []
    for word in _SHELL_WORD.findall(line):
        wants_value = parts and parts[-1].startswith("--") and " " not in parts[-1] and word[0] not in "-|&>"
        if wants_value or (parts and parts[-1] in {">", "|", "&&"}):
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    lines = [parts[0]]
    for part in parts[1:]:
        begins = part[0] in "|&" or lines[-1].endswith(";")
        if not begins and len(lines[-1]) + len(part) + len("  \\") <= _EXAMPLE_WIDTH:
            lines[-1] += f" {part}"
        else:
            lines[-1] += " \\"
            lines.append(f"    {part}")
    return lines


def wants_json(as_json: bool) -> bool:
    """Whether to write JSON lines: if asked for, or if standard output is not a terminal."""
    return as_json or not sys.stdout.isatty()


def write_json(row: Any, *, at_once: bool = False) -> None:
    """Write one row (a struct or a dict) as a line of JSON on standard output, in UTF-8 (`write_line`)."""
    write_line(msgspec.json.encode(row), at_once=at_once)


def write_line(line: bytes, *, at_once: bool = False) -> None:
    """Write a line of JSON; on a terminal, with control characters escaped.

    With `at_once` whoever reads a pipe gets it now, and not with the kilobytes that come after it.
    """
    if sys.stdout.isatty():
        sys.stdout.write(f"{line.decode('utf-8', 'replace')}\n")
    else:
        sys.stdout.buffer.write(line + b"\n")
    if at_once:
        sys.stdout.flush()


def isolate(text: str) -> str:
    """Isolate text so that its direction does not affect the rest of the line (UAX #9).

    Embeddings, overrides and isolates in the text are removed, because they could end ours.
    """
    return f"{_FIRST_STRONG_ISOLATE}{text.translate(_WITHOUT_STEERING)}{_POP_ISOLATE}"


def meant(name: str, known: Iterable[str], *, lists: bool = False) -> str:
    """A hint for a name that is not known: the one that was probably meant, or all there are, or with `lists` both."""
    names = sorted(known)
    close = closest(name, names)
    listed = f"there are {', '.join(names[:_MOST_NAMES])}"
    if not close:
        return listed
    return f"did you mean {close}?" + (f" T{listed[1:]}" if lists else "")


def category_meant(name: str, known: Iterable[str]) -> str:
    """The same for a category; one that is called as in its Arabic, French or English label is known by that."""
    said = name.casefold()
    for slug, labels in LABELS.items():
        words = re.findall(r"\w+", f"{labels.ar} {labels.fr} {labels.en}".casefold())
        if said in words or said.removeprefix("ال") in words:
            return f"did you mean {slug}?"
    return meant(name, known)


def check_writable(path: Path, what: str) -> None:
    """Check that a file can be written, before the work whose result it is to hold is done; writes nothing.

    Raises:
        SettingsError: It cannot; says `what` it is, and why.
    """
    if path.is_dir():
        problem = "it is a folder; name a file"
    elif not path.parent.is_dir():
        problem = f"there is no folder {path.parent}"
    elif not os.access(path if path.exists() else path.parent, os.W_OK):
        problem = "that is not permitted"
    else:
        return
    raise SettingsError(f"{what} {path} cannot be written: {problem}")
