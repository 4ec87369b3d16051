"""The options that pin how a strip is found and split, for every command that splits: `--separator`, `--selector`."""

import re
from typing import Final

import click

_ESCAPE: Final = re.compile(r"\\(?:([tnr\\])|u(?![dD][89a-fA-F])([0-9a-fA-F]{4}))")
_NAMED_ESCAPES: Final = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def unescape(separator: str) -> str:
    r"""A separator as typed, with the escapes of white space: `\t`, `\n`, `\r`, `\uNNNN`, `\\`."""
    return _ESCAPE.sub(_escaped, separator)


def _escaped(match: re.Match[str]) -> str:
    return chr(int(match[2], 16)) if match[2] else _NAMED_ESCAPES[match[1]]


def _unescaped(_context: click.Context, _option: click.Parameter, typed: str | None) -> str | None:
    if typed is None:
        return None
    from streams.produce.separators import MAX_SEPARATOR

    separator = unescape(typed)
    if len(separator) > MAX_SEPARATOR:
        raise click.BadParameter(
            f"a separator has at most {MAX_SEPARATOR} characters, this one {len(separator):,}"
        )
    return separator


def _css(_context: click.Context, _option: click.Parameter, selector: str | None) -> str | None:
    if selector is not None:
        from streams.produce.extract import selector_problem

        if problem := selector_problem(selector):
            raise click.BadParameter(f"{selector!r} is not CSS: {problem}")
    return selector


separator_option = click.option(
    "--separator",
    callback=_unescaped,
    help=r"What stands between slots (default: found in each strip); \t, \n, \u00a0 are understood. "
    "'' says: all is one headline.",
)
selector_option = click.option(
    "--selector", callback=_css, help="A CSS selector of the strip, or of its items, in an HTML page."
)
