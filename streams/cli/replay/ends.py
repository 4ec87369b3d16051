"""How to connect to the two clusters that a plan names."""

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from streams.cli.clusters import Target, production
from streams.errors import SettingsError
from streams.settings import Settings
from streams.settings.connection import BOOTSTRAP_SERVERS, PATIENCE
from streams.settings.topics import TOPIC_PREFIX

if TYPE_CHECKING:
    from streams.replay.apply import Ends
    from streams.replay.plan import Place, Plan


def planned_ends(made: "Plan", settings: Settings, target: Target) -> "Ends":
    """How to connect to a plan's clusters; flags take precedence."""
    from streams.replay.apply import Ends

    here, there = planned_settings(made, settings, target)
    return Ends(
        source=here.connection(),
        target=there.connection(),
        production=production(here, there),
        patience=here[PATIENCE],
    )


def planned_settings(made: "Plan", settings: Settings, target: Target) -> tuple[Settings, Settings]:
    """The settings of a plan's source and target; flags take precedence, but for the prefixes.

    Raises:
        SettingsError: A flag gives another prefix than the plan's, whose records were counted and checked.
    """
    _check_prefix(str(TOPIC_PREFIX.flag), settings.flags.get(TOPIC_PREFIX.name), made.source.prefix)
    _check_prefix("--to-topic-prefix", target.prefix, made.target.prefix)
    here = _as_planned(settings, made.source)
    if target.config is None and made.target.settings not in {None, made.source.settings}:
        target = replace(target, config=Path(str(made.target.settings)))
    if target.bootstrap_servers is None:
        target = replace(target, bootstrap_servers=made.target.bootstrap_servers)
    return here, replace(target, prefix=made.target.prefix).settings(here)


def _check_prefix(flag: str, given: str | None, planned: str) -> None:
    if given is not None and given != planned:
        raise SettingsError(
            f"{flag} {given}: the plan has {planned}; plan again for another, or leave it out"
        )


def _as_planned(settings: Settings, place: "Place") -> Settings:
    """Settings with the plan's bootstrap servers and, without a file of their own, with the plan's settings file."""
    flags = {BOOTSTRAP_SERVERS.name: place.bootstrap_servers, **settings.flags}
    if place.settings and not settings.file and Path(place.settings).exists():
        return Settings.read(flags, config=Path(place.settings))
    return replace(settings, flags=flags)


def check_named(replay: str) -> None:
    """Check that what names no plan can be the id of a replay, such as a mistyped path cannot.

    Raises:
        SettingsError: It cannot.
    """
    from streams.replay.plan import is_replay_id

    if not is_replay_id(replay):
        raise SettingsError(
            f"{replay!r}: there is no such plan, and no replay has such an id (up to 40 small letters, digits and -)"
        )
