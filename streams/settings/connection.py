"""The connection to a Kafka cluster: its settings, and a `Connection` made from them."""

import ssl
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from streams.errors import SettingsError, in_words
from streams.settings import texts
from streams.settings.setting import Secret, Setting

SECURITY_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
SASL_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

BOOTSTRAP_SERVERS: Final = Setting(
    name="bootstrap_servers",
    parse=texts.servers,
    default="127.0.0.1:9092",
    allowed="host:port, several with commas",
    help="Kafka brokers to begin with.",
)
SECURITY_PROTOCOL: Final = Setting(
    name="security_protocol",
    parse=texts.one_of(*SECURITY_PROTOCOLS),
    default="PLAINTEXT",
    allowed=", ".join(SECURITY_PROTOCOLS),
    help="How to talk to the brokers.",
)
SSL_CAFILE: Final = Setting(
    name="ssl_cafile",
    parse=texts.file,
    default=None,
    allowed="a PEM file",
    help="Authorities that sign the brokers' certificates; without it those of the system.",
)
SSL_CERTFILE: Final = Setting(
    name="ssl_certfile",
    parse=texts.file,
    default=None,
    allowed="a PEM file",
    help="The client's certificate, where the brokers ask for one.",
)
SSL_KEYFILE: Final = Setting(
    name="ssl_keyfile",
    parse=texts.file,
    default=None,
    allowed="a PEM file, not encrypted",
    help="The key of the client's certificate; without it the key is in ssl_certfile.",
)
SASL_MECHANISM: Final = Setting(
    name="sasl_mechanism",
    parse=texts.one_of(*SASL_MECHANISMS),
    default="",
    allowed=", ".join(SASL_MECHANISMS),
    help="How to log in on SASL_PLAINTEXT and SASL_SSL.",
)
SASL_USERNAME: Final = Setting(
    name="sasl_username", parse=texts.any_text, default="", allowed="text", help="The user to log in as."
)
SASL_PASSWORD: Final = Setting(
    name="sasl_password",
    parse=texts.any_text,
    default="",
    allowed="text",
    help="The user's password. Better in a file.",
    secret=True,
)
SASL_PASSWORD_FILE: Final = Setting(
    name="sasl_password_file",
    parse=texts.file,
    default=None,
    allowed="a file",
    help="A file whose first line is the user's password.",
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
"""The settings that make a `Connection`."""

PATIENCE: Final = Setting(
    name="patience",
    parse=texts.seconds(),
    default=30.0,
    allowed="seconds, from 0",
    help="How long to try to reach a broker before giving up; a worker and `topics wait` never do.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (*CONNECTION_SETTINGS, PATIENCE)


class Connection(Struct, frozen=True, kw_only=True):
    """How to reach and log in to a Kafka cluster.

    Raises:
        SettingsError: Settings contradict each other, or the security protocol would ignore one.
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
        """Whether the client authenticates with username and password."""
        return self.security_protocol.startswith("SASL_")

    @property
    def uses_ssl(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security_protocol.endswith("SSL")

    def ssl_context(self) -> ssl.SSLContext | None:
        """A TLS context that checks the brokers' certificates and names; None without TLS.

        Raises:
            SettingsError: A file holds no certificate or key, or the key does not match the certificate.
        """
        if not self.uses_ssl:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile)
        except (ssl.SSLError, OSError) as error:
            raise SettingsError(
                f"ssl_cafile {self.ssl_cafile} holds no certificates: {in_words(error)}"
            ) from None
        if self.ssl_certfile:
            try:
                # With an empty password an encrypted key is an error; without one OpenSSL would prompt on the terminal.
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile, password="")
            except (ssl.SSLError, OSError) as error:
                raise SettingsError(
                    f"ssl_certfile {self.ssl_certfile} with ssl_keyfile {self.ssl_keyfile}: {in_words(error)}; "
                    "both must be PEM, fit together, and the key not be encrypted"
                ) from None
        return context

    def aiokafka_options(self) -> dict[str, Any]:
        """The keyword arguments for any aiokafka client with this connection."""
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
