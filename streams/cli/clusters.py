"""Options of commands that involve two clusters: the usual ones name the source, `--to-…` the target."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct
from msgspec.structs import replace

from streams.settings import Settings
from streams.settings.connection import BOOTSTRAP_SERVERS
from streams.settings.replay import PRODUCTION
from streams.settings.topics import TOPIC_PREFIX

Command = Callable[..., None]

TARGET_FLAGS: Final = ("--to-bootstrap-servers", "--to-config", "--to-topic-prefix")
"""The flags that `target_options` adds."""


class Target(Struct, frozen=True, kw_only=True):
    """The options for the target."""

    config: Path | None
    bootstrap_servers: str | None
    prefix: str | None

    def settings(self, source: Settings) -> Settings:
        """The target's settings: those of its own file, or the source's with another address.

        Environment variables do not override the target's file, because they are about the source.
        """
        flags = {BOOTSTRAP_SERVERS.name: self.bootstrap_servers} if self.bootstrap_servers else {}
        if self.prefix:
            flags[TOPIC_PREFIX.name] = self.prefix
        if self.config is not None:
            return Settings.read(flags, environment={}, config=self.config)
        return replace(source, flags={**source.flags, **flags})


def target_options(command: Command) -> Command:
    """Add `--to-bootstrap-servers`, `--to-config` and `--to-topic-prefix`; the command gets `target: Target`."""

    @wraps(command)
    def run(
        to_config: Path | None,
        to_bootstrap_servers: str | None,
        to_topic_prefix: str | None,
        **arguments: Any,
    ) -> None:
        target = Target(config=to_config, bootstrap_servers=to_bootstrap_servers, prefix=to_topic_prefix)
        command(target=target, **arguments)

    decorated = click.option(
        "--to-config",
        type=click.Path(path_type=Path),
        help="The target's own settings file, where it needs other logins; the environment does not count then.",
    )(run)
    decorated = click.option(
        "--to-bootstrap-servers", metavar="SERVERS", help="The target's brokers (default: as the source)."
    )(decorated)
    return click.option(
        "--to-topic-prefix", metavar="PREFIX", help="The target's topic prefix (default: as the source)."
    )(decorated)


def production(*settings: Settings) -> frozenset[str]:
    """The ids of clusters that any of these settings mark as production."""
    return frozenset[str]().union(*(each[PRODUCTION] for each in settings))
