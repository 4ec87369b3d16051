"""The definition of a setting: its name, flag, environment variable, key, parser and default; and secret texts."""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Setting(Struct, Generic[T], frozen=True, kw_only=True):
    """A setting. `parse` turns a text into a value and raises ValueError for a text that is not `allowed`.

    A name with a dot, such as `broker.port`, is `TICKER_BROKER_PORT` in the environment and `port` under `[broker]`
    in the file. A `secret` has no flag (all users of a machine can read command lines) and is never shown; a `standing`
    setting has none because it is about a place, and must hold for whatever is typed there.
    """

    name: str
    parse: Callable[[str], T]
    default: T
    allowed: str
    help: str
    secret: bool = False
    standing: bool = False

    @property
    def flag(self) -> str | None:
        """The flag as typed, without the section: `--port` for `broker.port`. None if it has none."""
        return None if self.secret or self.standing else f"--{self.name.rpartition('.')[2].replace('_', '-')}"

    @property
    def parameter(self) -> str:
        """The name as a Python identifier: `broker_port`."""
        return self.name.replace(".", "_")

    @property
    def variable(self) -> str:
        """The environment variable: `TICKER_BROKER_PORT`."""
        return f"TICKER_{self.parameter.upper()}"

    @property
    def key(self) -> str:
        """The section and key in ticker.toml, as shown to users: `[broker] port`."""
        section, _, key = self.name.rpartition(".")
        return f"[{section}] {key}" if section else key


class Secret:
    """A text that is shown only by `reveal`, and never by `repr` or in logs."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
