"""Flags for settings: decorators that add a command's flags and pass it its `Settings`."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from streams.settings import Setting, Settings
from streams.settings.connection import CONNECTION_SETTINGS, PATIENCE
from streams.settings.topics import TOPIC_PREFIX

Command = Callable[..., None]


def settings_options(*settings: Setting[Any]) -> Callable[[Command], Command]:
    """Add `--config` and the flags of these settings; the command gets `settings: Settings`.

    Values are validated when the command reads them, so that an invalid variable is reported like an invalid flag.
    """
    with_flag = [setting for setting in settings if setting.flag]

    def decorate(command: Command) -> Command:
        @wraps(command)
        def run(config: Path | None, **arguments: Any) -> None:
            given = {setting.name: arguments.pop(setting.parameter) for setting in with_flag}
            flags = {name: text for name, text in given.items() if text is not None}
            command(settings=Settings.read(flags, config=config), **arguments)

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


def _metavar(setting: Setting[Any]) -> str:
    return setting.name.rpartition("_")[2].rpartition(".")[2].upper()


def _help(setting: Setting[Any]) -> str:
    default = f"; default {setting.default}" if setting.default not in (None, "") else ""
    return f"{setting.help} Allowed: {setting.allowed}. [{setting.variable}{default}]"
