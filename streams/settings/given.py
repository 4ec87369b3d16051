"""The texts given for settings by flag, environment and file, and the values that result."""

import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from msgspec import Struct

from streams.closest import closest
from streams.errors import SettingsError, in_words
from streams.settings.connection import CONNECTION_SETTINGS, Connection
from streams.settings.setting import Secret, Setting, T
from streams.settings.table import SETTINGS

DEFAULT_CONFIG: Final = Path("ticker.toml")
_DEFAULT: Final = "the default"


class Settings(Struct, frozen=True, kw_only=True):
    """The texts given for settings, by origin and name; `settings[BROKER_PORT]` is the resulting value."""

    flags: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    file: Mapping[str, str] = {}
    path: Path = DEFAULT_CONFIG

    @classmethod
    def read(
        cls,
        flags: Mapping[str, str] | None = None,
        *,
        environment: Mapping[str, str] = os.environ,
        config: Path | None = None,
    ) -> Self:
        """Collect the texts from flags (by name of the setting), the environment and the settings file.

        `config` is the path of the file; by default `TICKER_CONFIG`, else `ticker.toml` in the working folder if it
        exists.

        Raises:
            SettingsError: The file is missing, is not TOML, or has a key that is not a setting.
        """
        if config is None and environment.get("TICKER_CONFIG"):
            config = Path(environment["TICKER_CONFIG"])
        path = config or DEFAULT_CONFIG
        file = _read_file(path) if config is not None or path.exists() else {}
        given = {
            setting.name: environment[setting.variable]
            for setting in SETTINGS
            if environment.get(setting.variable)  # an empty variable is how a shell unsets one
        }
        return cls(flags=dict(flags or {}), environment=given, file=file, path=path)

    def __getitem__(self, setting: Setting[T]) -> T:
        """The value of a setting.

        Raises:
            SettingsError: The text is not allowed; the message says where it was given.
        """
        for texts in (self.flags, self.environment, self.file):
            if setting.name in texts:
                text = texts[setting.name]
                try:
                    return setting.parse(text)
                except ValueError:
                    shown = "the value" if setting.secret else repr(text)
                    raise SettingsError(
                        f"{setting.name}: {shown} of {self.origin(setting)} is not allowed; "
                        f"allowed: {setting.allowed}"
                    ) from None
        return setting.default

    def __repr__(self) -> str:
        """Which settings were given and where; never their values, because some are secret."""
        return f"Settings({self._given(SETTINGS)})"

    def _given(self, settings: Iterable[Setting[Any]]) -> str:
        by_origin = ((setting.name, self.origin(setting)) for setting in settings)
        return ", ".join(f"{name} by {origin}" for name, origin in by_origin if origin != _DEFAULT)

    def origin(self, setting: Setting[Any]) -> str:
        """Where a setting was given: the flag, the environment variable, or the key and file."""
        if setting.name in self.flags:
            return str(setting.flag)
        if setting.name in self.environment:
            return setting.variable
        if setting.name in self.file:
            return f"{setting.key} in {self.path}"
        return _DEFAULT

    def connection(self) -> Connection:
        """The connection to the cluster.

        Raises:
            SettingsError: As for a single value or for `Connection`; the message lists where settings were given.
        """
        values = {setting.name: self[setting] for setting in CONNECTION_SETTINGS}
        password = _password(values.pop("sasl_password"), values.pop("sasl_password_file"))
        given = self._given(CONNECTION_SETTINGS)
        try:
            return Connection(**values, sasl_password=password)
        except SettingsError as error:
            raise SettingsError(f"{error} (given: {given or 'nothing'})") from None


def _password(text: str, file: Path | None) -> Secret:
    """The password: the text itself, or the first line of the file."""
    if file is None:
        return Secret(text)
    if text:
        raise SettingsError("sasl_password and sasl_password_file are both set: leave one out")
    try:
        return Secret(file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"sasl_password_file {file} cannot be read: {in_words(error)}") from None


def _read_file(path: Path) -> dict[str, str]:
    """The settings in a TOML file: texts by name."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # a number too long for `int`, lists in lists in lists
        raise SettingsError(f"{path} is no TOML: {error}") from None
    known = {setting.name for setting in SETTINGS}
    file: dict[str, str] = {}
    for name, value in _flatten(tables):
        if name not in known:
            close = closest(name, known)
            hint = f": did you mean {close}?" if close else "; `docs/settings.md` lists them"
            raise SettingsError(f"{path}: {name} is no setting{hint}")
        if not isinstance(value, str | int | float):
            raise SettingsError(f"{path}: {name} must be a text or a number")
        file[name] = str(value)
    return file


def _flatten(tables: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The keys and values of the file; a key in a table as `table.key`."""
    flat: list[tuple[str, Any]] = []
    for key, value in tables.items():
        if isinstance(value, dict):
            flat += [(f"{key}.{name}", inner) for name, inner in value.items()]
        else:
            flat.append((key, value))
    return flat
