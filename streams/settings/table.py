"""The table of all settings, group by group; docs/settings.md is generated from it."""

from typing import Any, Final

from streams.settings import (
    broker,
    canary,
    connection,
    logs,
    producer,
    replay,
    schemas,
    serve,
    sources,
    topics,
    worker,
)
from streams.settings.setting import Setting

SETTINGS: Final[tuple[Setting[Any], ...]] = tuple(
    setting
    for group in (connection, topics, broker, replay, worker, producer, sources, canary, schemas, serve, logs)
    for setting in group.SETTINGS
)
