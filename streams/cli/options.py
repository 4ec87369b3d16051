"""Flags for settings: decorators that add a command's flags and pass it its `Settings`; numbers as options."""

import math
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from streams.settings import Setting, Settings
from streams.settings.connection import CONNECTION_SETTINGS, PATIENCE
from streams.settings.topics import TOPIC_PREFIX

Command = Callable[..., None]


def flags_of(*settings: Setting[Any]) -> tuple[str, ...]:
    """The flags of settings; some have none."""
    return tuple(setting.flag for setting in settings if setting.flag is not None)


KAFKA_FLAGS: Final = flags_of(*CONNECTION_SETTINGS, TOPIC_PREFIX, PATIENCE)
"""The flags that say which cluster is meant and how to reach it; of no use where none is asked."""


class FiniteRange(click.FloatRange):
    """A number between bounds. A `FloatRange` alone lets NaN through, which no bound excludes, and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number.

        Raises:
            click.BadParameter: It is none, or out of bounds.
        """
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is no finite number.", param, ctx)
        return number


def settings_options(*settings: Setting[Any]) -> Callable[[Command], Command]:
    """Add `--config` and the flags of these settings; the command gets `settings: Settings`.

    Flags are validated at once, whether the command reads them or not. Values from elsewhere are validated when they
    are read, because a settings file and variables serve commands that do not need all of them.
    """
    with_flag = [setting for setting in settings if setting.flag]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(config: Path | None, **arguments: Any) -> None:
            given = {setting.name: arguments.pop(setting.parameter) for setting in with_flag}
            flags = {name: text for name, text in given.items() if text is not None}
            settings = Settings.read(flags, config=config)
            for setting in with_flag:
                if setting.name in flags:
                    settings[setting]
            command(settings=settings, **arguments)

        decorated = click.option(
            "--config",
            type=click.Path(path_type=Path),
            help="The settings file. [TICKER_CONFIG; default ticker.toml if there is one]",
        )(run)
        for setting in reversed(with_flag):
            decorated = click.option(
                str(setting.flag), setting.parameter, metavar=_metavar(setting), help=_help(setting)
            )(decorated)
        return decorated

    return decorate


def kafka_options(*further: Setting[Any]) -> Callable[[Command], Command]:
    """Add the flags of a command that talks to a cluster, and further ones.

    The command gets `settings`: its `connection()`, `settings[TOPIC_PREFIX]`, `settings[PATIENCE]` and so on.
    """
    return settings_options(*further, *CONNECTION_SETTINGS, TOPIC_PREFIX, PATIENCE)


def endless_kafka_options(*further: Setting[Any]) -> Callable[[Command], Command]:
    """The same for a command that tries to reach a broker however long: `--patience` is refused, saying so."""

    def refuse(context: click.Context, _option: click.Parameter, given: str | None) -> None:
        if given is not None:
            raise click.UsageError(
                f"{context.command_path} waits for Kafka however long; leave out --patience"
            )

    def decorate(command: Command) -> Command:
        decorated = settings_options(*further, *CONNECTION_SETTINGS, TOPIC_PREFIX)(command)
        return click.option(
            str(PATIENCE.flag), hidden=True, expose_value=False, callback=refuse, help="Refused."
        )(decorated)

    return decorate


def _metavar(setting: Setting[Any]) -> str:
    return setting.name.rpartition("_")[2].rpartition(".")[2].upper()


def _help(setting: Setting[Any]) -> str:
    default = "" if setting.default in (None, "", (), frozenset()) else f"; default {setting.default}"
    return f"{setting.help} Allowed: {setting.allowed}. [{setting.variable}{default}]"
