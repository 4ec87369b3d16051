"""What a setting is: its name, where it is given, how a text becomes its value, and a text that stays secret."""

from collections.abc import Callable
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Setting(Struct, Generic[T], frozen=True, kw_only=True):
    """One setting. `parse` turns text into a value and raises ValueError for what is not `allowed`.

    A name with a dot, `broker.port`, is `TICKER_BROKER_PORT` in the environment and `port` under `[broker]`
    in the file. A `secret` has no flag (everyone can read a command line) and is never shown.
    """

    name: str
    parse: Callable[[str], T]
    default: T
    allowed: str
    help: str
    secret: bool = False

    @property
    def flag(self) -> str | None:
        """As it is typed; without the section, for the command says it."""
        return None if self.secret else f"--{self.name.rpartition('.')[2].replace('_', '-')}"

    @property
    def parameter(self) -> str:
        """As a Python name."""
        return self.name.replace(".", "_")

    @property
    def variable(self) -> str:
        """Its variable in the environment."""
        return f"TICKER_{self.parameter.upper()}"

    @property
    def key(self) -> str:
        """Its place in ticker.toml."""
        section, _, key = self.name.rpartition(".")
        return f"[{section}] {key}" if section else key


class Secret:
    """A text that shows itself only when asked to."""

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
