"""Every setting of the pipeline: its meaning, its allowed values, and where its value comes from.

A value comes from the flag, else from the `TICKER_*` environment variable, else from `ticker.toml`, else it is the
default. This package does not parse the command line: commands pass it the flags that were given (streams.cli.options).
Each module is a group of settings (`streams.settings.worker`); `streams.settings.table` lists the groups.
"""

from streams.settings.connection import Connection
from streams.settings.given import Settings
from streams.settings.setting import Secret, Setting

__all__ = ["Connection", "Secret", "Setting", "Settings"]
