"""Every setting of the pipeline: what it means, what is allowed, and where its value comes from.

A value is taken from the flag, else from the `TICKER_*` environment, else from `ticker.toml`, else it is the
default. This package knows no command line: commands hand it the flags that were given (streams.cli.options).
A group of settings is a module (`streams.settings.worker`), and `streams.settings.table` lists the groups.
"""

from streams.settings.connection import Connection
from streams.settings.given import Settings
from streams.settings.setting import Secret, Setting

__all__ = ["Connection", "Secret", "Setting", "Settings"]
