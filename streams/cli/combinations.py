"""Options that have no effect in some combinations: each command declares them, and refuses them before it starts.

Only what was typed is refused. Settings files and variables serve several commands, and one command in all its ways.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource
from msgspec import Struct

Command = Callable[..., None]


class Refused(Struct, frozen=True):
    """Options that are refused where they would have no effect.

    `when` gets the command's arguments by name, `settings` among them. The message is the option and `because`, which
    says what the option is for and what to do: `--position is where --follow …; give that too`.
    """

    options: tuple[str, ...]
    when: Callable[[Mapping[str, Any]], bool]
    because: str


def refusing(*combinations: Refused) -> Callable[[Command], Command]:
    """Refuse these combinations: a `click.UsageError`, exit code 2. Stands below all options of the command."""

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(**arguments: Any) -> None:
            typed = _typed(click.get_current_context())
            for each in combinations:
                for option in each.options:
                    if typed[option] and each.when(arguments):
                        raise click.UsageError(f"{option} {each.because}")
            command(**arguments)

        return run

    return decorate


def _typed(context: click.Context) -> dict[str, bool]:
    """Whether each option was typed; a declaration that names none of them is a KeyError at the first run."""
    return {
        name: context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        for option in context.command.params
        for name in (*option.opts, *option.secondary_opts)
    }
