"""Every setting of the pipeline: what it means, what is allowed, and where its value comes from.

A value is taken from the flag, else from the `TICKER_*` environment, else from `ticker.toml`, else it is the
default. This module knows no command line: commands hand it the flags that were given (streams.cli.options).
`python -m streams.settings` writes docs/settings.md.
"""

import difflib
import os
import re
import ssl
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Generic, Self, TypeVar

from msgspec import Struct

from schemas.topics import DEFAULT_PREFIX
from streams.errors import SettingsError

T = TypeVar("T")

DEFAULT_CONFIG: Final = Path("ticker.toml")
SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
_SERVER: Final = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.%\w]+\]):(?P<port>\d{1,5})", re.ASCII)
_PREFIX: Final = re.compile(r"[\w.-]{1,100}", re.ASCII)
_PORTS: Final = range(1, 65_536)
_SESSION_S: Final = (6.0, 19.0)
_DEFAULT: Final = "the default"


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


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.upper() not in words:
            raise ValueError
        return text.upper()

    return parse


def _whole(allowed: range) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if number not in allowed:
            raise ValueError
        return number

    return parse


def _nodes(text: str) -> int:
    if text not in {"1", "3"}:
        raise ValueError
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError
    return seconds


def _session(text: str) -> float:
    seconds = float(text)
    if not _SESSION_S[0] <= seconds <= _SESSION_S[1]:
        raise ValueError
    return seconds


def _listen(text: str) -> str | None:
    if text == "none":
        return None
    match = _SERVER.fullmatch(text)
    if match is None or int(match["port"]) > _PORTS.stop - 1:
        raise ValueError
    return text


def _log_format(text: str) -> str:
    if text not in {"auto", "text", "json"}:
        raise ValueError
    return text


def _servers(text: str) -> str:
    servers = [part.strip() for part in text.split(",")]
    for server in servers:
        match = _SERVER.fullmatch(server)
        if match is None or int(match["port"]) not in _PORTS:
            raise ValueError
    return ",".join(servers)


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise ValueError
    return text


def _cluster_ids(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _text(text: str) -> str:
    return text


def _file(text: str) -> Path | None:
    path = _folder(text)
    if not path.is_file():
        raise ValueError
    return path


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # `~0`: there is no such user
        raise ValueError(str(error)) from None


BOOTSTRAP_SERVERS: Final = Setting(
    name="bootstrap_servers",
    parse=_servers,
    default="127.0.0.1:9092",
    allowed="host:port, several with commas",
    help="Kafka brokers to begin with.",
)
TOPIC_PREFIX: Final = Setting(
    name="topic_prefix",
    parse=_prefix,
    default=DEFAULT_PREFIX,
    allowed="up to 100 letters, digits and . _ -",
    help="What the topics' names begin with, before a dot.",
)
SECURITY_PROTOCOL: Final = Setting(
    name="security_protocol",
    parse=_one_of(*SECURITY_PROTOCOLS),
    default="PLAINTEXT",
    allowed=", ".join(SECURITY_PROTOCOLS),
    help="How to talk to the brokers.",
)
SSL_CAFILE: Final = Setting(
    name="ssl_cafile",
    parse=_file,
    default=None,
    allowed="a PEM file",
    help="Authorities that sign the brokers' certificates; without it those of the system.",
)
SSL_CERTFILE: Final = Setting(
    name="ssl_certfile",
    parse=_file,
    default=None,
    allowed="a PEM file",
    help="The client's certificate, where the brokers ask for one.",
)
SSL_KEYFILE: Final = Setting(
    name="ssl_keyfile",
    parse=_file,
    default=None,
    allowed="a PEM file, not encrypted",
    help="The key of the client's certificate; without it the key is in ssl_certfile.",
)
SASL_MECHANISM: Final = Setting(
    name="sasl_mechanism",
    parse=_one_of(*SASL_MECHANISMS),
    default="",
    allowed=", ".join(SASL_MECHANISMS),
    help="How to log in on SASL_PLAINTEXT and SASL_SSL.",
)
SASL_USERNAME: Final = Setting(
    name="sasl_username", parse=_text, default="", allowed="text", help="The user to log in as."
)
SASL_PASSWORD: Final = Setting(
    name="sasl_password",
    parse=_text,
    default="",
    allowed="text",
    help="The user's password. Better in a file.",
    secret=True,
)
SASL_PASSWORD_FILE: Final = Setting(
    name="sasl_password_file",
    parse=_file,
    default=None,
    allowed="a file",
    help="A file whose first line is the user's password.",
)
PATIENCE: Final = Setting(
    name="patience",
    parse=_seconds,
    default=30.0,
    allowed="seconds, from 0",
    help="How long to try to reach a broker before giving up.",
)
REPLICATION: Final = Setting(
    name="topics.replication",
    parse=_whole(range(33)),
    default=0,
    allowed="0 to 32",
    help="Copies of each topic; 0 for as many as there are brokers, at most 3.",
)
BROKER_DATA: Final = Setting(
    name="broker.data",
    parse=_folder,
    default=Path(".ticker/broker"),
    allowed="a folder",
    help="Where the broker of this machine keeps its data and its log.",
)
BROKER_PORT: Final = Setting(
    name="broker.port",
    parse=_whole(_PORTS),
    default=9092,
    allowed="1 to 65535",
    help="Where the broker of this machine listens, on 127.0.0.1; further nodes on the next ports.",
)
BROKER_NODES: Final = Setting(
    name="broker.nodes",
    parse=_nodes,
    default=1,
    allowed="1 or 3",
    help="Nodes of the cluster on this machine: 3 replicate and survive the loss of one.",
)
CACHE: Final[Setting[Path | None]] = Setting(
    name="cache",
    parse=_folder,
    default=None,
    allowed="a folder",
    help="Where Kafka is kept once fetched; without it `headline-ticker` in the user's cache folder.",
)
PRODUCTION: Final[Setting[frozenset[str]]] = Setting(
    name="production_clusters",
    parse=_cluster_ids,
    default=frozenset(),
    allowed="cluster ids, several with commas",
    help="Clusters that a replay writes to only when it is told so by name.",
)

LISTEN: Final[Setting[str | None]] = Setting(
    name="worker.listen",
    parse=_listen,
    default="127.0.0.1:9464",
    allowed="HOST:PORT, or none",
    help="Where a worker serves /healthz, /readyz and /metrics.",
)
INSTANCE_ID: Final[Setting[str | None]] = Setting(
    name="worker.instance_id",
    parse=_text,
    default=None,
    allowed="text, unique in the group",
    help="Static membership: a worker that is restarted under its id takes its partitions back at once.",
)
PRODUCER_LISTEN: Final[Setting[str | None]] = Setting(
    name="produce.listen",
    parse=_listen,
    default=None,
    allowed="HOST:PORT, or none",
    help="Where a producer that runs on serves /healthz and /metrics.",
)
CANARY_LISTEN: Final[Setting[str | None]] = Setting(
    name="canary.listen",
    parse=_listen,
    default="127.0.0.1:9466",
    allowed="HOST:PORT, or none",
    help="Where the canary serves /healthz, /readyz and /metrics.",
)
LOG_FORMAT: Final = Setting(
    name="log_format",
    parse=_log_format,
    default="auto",
    allowed="auto, text, json",
    help="How services log to standard error; auto is text on a terminal, else JSON.",
)
SESSION_TIMEOUT: Final = Setting(
    name="worker.session_timeout",
    parse=_session,
    default=8.0,
    allowed="seconds, 6 to 19",
    help="How long a silent worker keeps its partitions.",
)

CONNECTION_SETTINGS: Final[tuple[Setting[Any], ...]] = (
    BOOTSTRAP_SERVERS,
    SECURITY_PROTOCOL,
    SSL_CAFILE,
    SSL_CERTFILE,
    SSL_KEYFILE,
    SASL_MECHANISM,
    SASL_USERNAME,
    SASL_PASSWORD,
    SASL_PASSWORD_FILE,
)
SETTINGS: Final[tuple[Setting[Any], ...]] = (
    *CONNECTION_SETTINGS,
    TOPIC_PREFIX,
    PATIENCE,
    REPLICATION,
    BROKER_DATA,
    BROKER_PORT,
    BROKER_NODES,
    CACHE,
    PRODUCTION,
    LISTEN,
    INSTANCE_ID,
    SESSION_TIMEOUT,
    PRODUCER_LISTEN,
    CANARY_LISTEN,
    LOG_FORMAT,
)
"""All settings; docs/settings.md is this table."""


class Connection(Struct, frozen=True, kw_only=True):
    """How to reach and log in to a Kafka cluster.

    Raises:
        SettingsError: settings that contradict each other, or that the security protocol would ignore.
    """

    bootstrap_servers: str = BOOTSTRAP_SERVERS.default
    security_protocol: str = SECURITY_PROTOCOL.default
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    sasl_mechanism: str = ""
    sasl_username: str = ""
    sasl_password: Secret = Secret("")

    def __post_init__(self) -> None:
        protocol = f"security_protocol {self.security_protocol}"
        sasl = {
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_username": self.sasl_username,
            "sasl_password": self.sasl_password.reveal(),
        }
        files = {name: getattr(self, name) for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile")}
        if self.uses_sasl:
            for name in (name for name, value in sasl.items() if not value):
                raise SettingsError(f"{name} is missing: {protocol} needs it")
        for name in (name for name, value in sasl.items() if value and not self.uses_sasl):
            raise SettingsError(
                f"{name} is set, but {protocol} does not use it: set SASL_SSL, or leave it out"
            )
        for name in (name for name, value in files.items() if value and not self.uses_ssl):
            raise SettingsError(f"{name} is set, but {protocol} does not use it: set SSL or SASL_SSL")
        if self.ssl_keyfile and not self.ssl_certfile:
            raise SettingsError("ssl_certfile is missing: ssl_keyfile is of no use without it")

    @property
    def uses_sasl(self) -> bool:
        """Whether it logs in with name and password."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_ssl(self) -> bool:
        """Whether it is encrypted."""
        return self.security_protocol.endswith("SSL")

    def ssl_context(self) -> ssl.SSLContext | None:
        """A TLS context that checks the brokers' certificates and names; None without TLS.

        Raises:
            SettingsError: a file that is no certificate or no key, or a key that does not fit.
        """
        if not self.uses_ssl:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
        except (ssl.SSLError, OSError) as error:
            raise SettingsError(f"ssl_cafile {self.ssl_cafile} holds no certificates: {error}") from None
        if self.ssl_certfile:
            try:
                # A password, so that an encrypted key is an error and not a question on the terminal.
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile, password="")
            except (ssl.SSLError, OSError) as error:
                raise SettingsError(
                    f"ssl_certfile {self.ssl_certfile} with ssl_keyfile {self.ssl_keyfile}: {error}; "
                    "both must be PEM, fit together, and the key not be encrypted"
                ) from None
        return context

    def aiokafka_options(self) -> dict[str, Any]:
        """The keyword arguments that every client of aiokafka takes for this connection."""
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers,
            "security_protocol": self.security_protocol,
        }
        if self.uses_ssl:
            options["ssl_context"] = self.ssl_context()
        if self.uses_sasl:
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password.reveal()
        return options


class Settings(Struct, frozen=True, kw_only=True):
    """The texts that were given for settings, by name and origin; `settings[BROKER_PORT]` is a value."""

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
        """Gather what was given: flags by setting's name, the environment, the file.

        `config` is the file; without it `TICKER_CONFIG`, else a ticker.toml in the working folder.

        Raises:
            SettingsError: the file is missing, no TOML, or has a key that is no setting.
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
            SettingsError: what was given is not allowed; says where it was given.
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
        """What was given and where; never the values, for some are secret."""
        return f"Settings({self._given(SETTINGS)})"

    def _given(self, settings: Iterable[Setting[Any]]) -> str:
        by_origin = ((setting.name, self.origin(setting)) for setting in settings)
        return ", ".join(f"{name} by {origin}" for name, origin in by_origin if origin != _DEFAULT)

    def origin(self, setting: Setting[Any]) -> str:
        """Where the value of a setting was given: the flag, the variable, or the file and key."""
        if setting.name in self.flags:
            return str(setting.flag)
        if setting.name in self.environment:
            return setting.variable
        if setting.name in self.file:
            return f"{setting.key} in {self.path}"
        return _DEFAULT

    def connection(self) -> Connection:
        """How to reach the cluster.

        Raises:
            SettingsError: as for a single value and as for `Connection`, with the origin of what was given.
        """
        values = {setting.name: self[setting] for setting in CONNECTION_SETTINGS}
        password = _password(values.pop("sasl_password"), values.pop("sasl_password_file"))
        given = self._given(CONNECTION_SETTINGS)
        try:
            return Connection(**values, sasl_password=password)
        except SettingsError as error:
            raise SettingsError(f"{error} (given: {given or 'nothing'})") from None


def _password(text: str, file: Path | None) -> Secret:
    """The password, or the first line of the file with it."""
    if file is None:
        return Secret(text)
    if text:
        raise SettingsError("sasl_password and sasl_password_file are both set: leave one out")
    try:
        return Secret(file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"sasl_password_file {file} cannot be read: {error}") from None


def _read_file(path: Path) -> dict[str, str]:
    """The settings in a TOML file, as texts by name."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read the settings file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None
    known = {setting.name for setting in SETTINGS}
    file: dict[str, str] = {}
    for name, value in _flatten(tables):
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f": did you mean {close[0]}?" if close else "; `docs/settings.md` lists them"
            raise SettingsError(f"{path}: {name} is no setting{hint}")
        if not isinstance(value, str | int | float):
            raise SettingsError(f"{path}: {name} must be a text or a number")
        file[name] = str(value)
    return file


def _flatten(tables: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Keys of the file, those of a table with its name and a dot before."""
    flat: list[tuple[str, Any]] = []
    for key, value in tables.items():
        if isinstance(value, dict):
            flat += [(f"{key}.{name}", inner) for name, inner in value.items()]
        else:
            flat.append((key, value))
    return flat


def document() -> str:
    """docs/settings.md: the table of all settings."""
    rows = [
        f"| {f'`{setting.flag}`' if setting.flag else 'none: it is secret'} | `{setting.variable}` "
        f"| `{setting.key}` | {_shown(setting.default)} | {setting.allowed} | {setting.help} |"
        for setting in SETTINGS
    ]
    return "\n".join([_HEAD, *rows, ""])


def _shown(default: object) -> str:
    return (
        ""
        if default in (None, "", frozenset())
        else f"`{default:g}`"
        if isinstance(default, float)
        else f"`{default}`"
    )


_HEAD: Final = """\
# Settings

Generated by `python -m streams.settings`; change `streams/settings.py` instead.

A value is taken from the flag, else from the environment (an empty variable counts as none), else from the
file, else the default is used. The file is that of `--config` or `TICKER_CONFIG`, else `ticker.toml` in the
working folder. Keys with a section stand under it:

```toml
bootstrap_servers = "kafka-1.example.org:9093,kafka-2.example.org:9093"
security_protocol = "SASL_SSL"
sasl_mechanism = "SCRAM-SHA-512"
sasl_username = "ticker"
sasl_password_file = "/run/secrets/kafka"

[broker]
port = 19092
```

| flag | environment | ticker.toml | default | allowed | meaning |
|---|---|---|---|---|---|"""


if __name__ == "__main__":
    Path("docs/settings.md").write_text(document(), encoding="utf-8")
