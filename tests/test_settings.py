"""Settings: flags before environment before file, checked, explained, and secret where they must be."""

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import streams.settings
from streams.errors import SettingsError
from streams.settings import Connection, Secret, Setting, Settings
from streams.settings.broker import BROKER_PORT
from streams.settings.connection import BOOTSTRAP_SERVERS, PATIENCE
from streams.settings.schemas import REGISTRY, dataschema
from streams.settings.table import SETTINGS
from streams.settings.topics import TOPIC_PREFIX


def write(folder: Path, text: str) -> Path:
    """A settings file."""
    path = folder / "ticker.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    """Each origin wins over those after it."""
    config = write(tmp_path, "[broker]\nport = 3")
    environment = {"TICKER_BROKER_PORT": "2"}
    everywhere = Settings.read({"broker.port": "1"}, environment=environment, config=config)
    assert everywhere[BROKER_PORT] == 1
    assert Settings.read(environment=environment, config=config)[BROKER_PORT] == 2
    assert Settings.read(environment={}, config=config)[BROKER_PORT] == 3
    assert Settings.read(environment={})[BROKER_PORT] == 9092


def test_an_empty_variable_is_no_value() -> None:
    """`TICKER_BROKER_PORT= ticker broker` is how a shell takes a variable away."""
    assert Settings.read(environment={"TICKER_BROKER_PORT": ""})[BROKER_PORT] == 9092


def test_the_file_is_found_by_variable_and_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TICKER_CONFIG names it; else ticker.toml counts where it is."""
    config = write(tmp_path, 'topic_prefix = "staging"')
    assert Settings.read(environment={"TICKER_CONFIG": str(config)})[TOPIC_PREFIX] == "staging"
    monkeypatch.chdir(tmp_path)
    assert Settings.read(environment={})[TOPIC_PREFIX] == "staging"


def test_a_wrong_value_names_setting_origin_and_what_is_allowed(tmp_path: Path) -> None:
    """The message is enough to mend it."""
    config = write(tmp_path, "[broker]\nport = 70000")
    for settings, origin in (
        (Settings.read({"broker.port": "x"}, environment={}), "--port"),
        (Settings.read(environment={"TICKER_BROKER_PORT": "0"}), "TICKER_BROKER_PORT"),
        (Settings.read(environment={}, config=config), rf"\[broker\] port in {config}"),
    ):
        with pytest.raises(SettingsError, match=rf"broker\.port: .* of {origin} .*allowed: 1 to 65535"):
            settings[BROKER_PORT]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("bootstrap_server = 'x:1'", "did you mean bootstrap_servers"),
        ("[broker]\nports = 1", r"did you mean broker\.port"),
        ("patience = [1]", "patience must be a text or a number"),
        ("patience = ", "is no TOML"),
    ],
)
def test_a_wrong_file_is_explained(tmp_path: Path, text: str, problem: str) -> None:
    """Unknown keys, wrong types and broken TOML name the file."""
    config = write(tmp_path, text)
    with pytest.raises(SettingsError, match=rf"{config}.*{problem}"):
        Settings.read(environment={}, config=config)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """A mistyped --config is an error, not a silent default."""
    with pytest.raises(SettingsError, match=r"cannot read the settings file .*none\.toml"):
        Settings.read(environment={}, config=tmp_path / "none.toml")


@pytest.mark.parametrize("servers", ["kafka:9092", "a:1, b:65535", "[::1]:9092", "kafka-1.example.org:9093"])
def test_bootstrap_servers_are_hosts_with_ports(servers: str) -> None:
    """One or several, names or addresses."""
    assert Settings(flags={"bootstrap_servers": servers})[BOOTSTRAP_SERVERS] == servers.replace(" ", "")


@given(st.text())
def test_any_text_is_a_value_or_a_settings_error(text: str) -> None:
    """No setting fails in another way, whatever it is given."""
    for setting in SETTINGS:
        with suppress(SettingsError):
            Settings(environment={setting.name: text})[setting]


@pytest.mark.parametrize(
    "address",
    ["registry:8081", "ftp://registry", "https://", "http://me:secret@registry", "http://registry/?x=1"],
)
def test_a_registry_is_an_address_without_a_login(address: str) -> None:
    """A password in an address ends up in logs and headers, so it is refused."""
    with pytest.raises(SettingsError, match="without a login"):
        Settings(flags={"schemas.registry": address})[REGISTRY]


def test_events_lead_to_the_registry_unless_told_otherwise() -> None:
    """`ce_dataschema` is the type's subject there, or what was given, or nothing."""
    registry = {"schemas.registry": "http://registry:8081/"}
    given = {"schemas.dataschema": "https://example.org/{type}.json"}
    assert dataschema(Settings()) is None
    assert (
        dataschema(Settings(flags=registry)) == "http://registry:8081/subjects/{type}/versions/latest/schema"
    )
    assert dataschema(Settings(flags=registry | given)) == given["schemas.dataschema"]


def test_a_connection_has_what_aiokafka_takes() -> None:
    """SASL without TLS: mechanism, name and password, no TLS context."""
    connection = Connection(
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="PLAIN",
        sasl_username="writer",
        sasl_password=Secret("battery-staple"),
    )
    assert connection.aiokafka_options() == {
        "bootstrap_servers": "127.0.0.1:9092",
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "writer",
        "sasl_plain_password": "battery-staple",
    }


def test_a_password_is_never_shown() -> None:
    """Not by repr, str, an encoder, or an error about it."""
    connection = Connection(
        security_protocol="SASL_SSL",
        sasl_mechanism="PLAIN",
        sasl_username="writer",
        sasl_password=Secret("battery-staple"),
    )
    assert "battery" not in f"{connection!r} {connection} {connection.sasl_password}"
    with pytest.raises(TypeError):
        msgspec.json.encode(connection)
    settings = Settings(environment={"sasl_password": "battery-staple"})
    with pytest.raises(SettingsError) as raised:
        settings.connection()
    assert "battery" not in str(raised.value)
    assert "battery" not in repr(settings)


def test_a_password_is_read_from_the_first_line_of_a_file(tmp_path: Path) -> None:
    """As secrets are mounted: the line's end is no part of it."""
    file = tmp_path / "password"
    file.write_text("battery-staple\n")
    given_texts = {
        "security_protocol": "sasl_ssl",
        "sasl_mechanism": "scram-sha-512",
        "sasl_username": "writer",
        "sasl_password_file": str(file),
    }
    connection = Settings(file=given_texts).connection()
    assert connection.sasl_password == Secret("battery-staple")
    assert connection.security_protocol == "SASL_SSL"


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        ({"security_protocol": "SASL_SSL"}, "sasl_mechanism is missing"),
        ({"sasl_username": "writer"}, "sasl_username is set, but security_protocol PLAINTEXT"),
        ({"ssl_cafile": __file__}, "ssl_cafile is set, but security_protocol PLAINTEXT"),
        ({"security_protocol": "SSL", "ssl_keyfile": __file__}, "ssl_certfile is missing"),
        ({"sasl_password": "a", "sasl_password_file": __file__}, "both set"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(texts: dict[str, str], problem: str) -> None:
    """A login that would not be used is a mistake that could send it nowhere, or unencrypted."""
    with pytest.raises(SettingsError, match=problem):
        Settings(environment=texts).connection()


@pytest.mark.parametrize("name", ["ssl_cafile", "ssl_certfile"])
def test_a_file_that_is_no_certificate_is_named(name: str) -> None:
    """Files are read where the connection is made, and the wrong one is named."""
    connection = Settings(flags={"security_protocol": "SSL", name: __file__}).connection()
    with pytest.raises(SettingsError, match=f"{name} {__file__}"):
        connection.ssl_context()


def test_patience_is_a_number_of_seconds() -> None:
    """Fractions too; never endless."""
    assert Settings(flags={"patience": "0.5"})[PATIENCE] == 0.5
    with pytest.raises(SettingsError, match="seconds"):
        Settings(flags={"patience": "inf"})[PATIENCE]


def test_every_group_is_in_the_table() -> None:
    """A module with settings that nobody lists would be one whose variables and keys are not known."""
    modules = [
        import_module(f"streams.settings.{found.name}") for found in iter_modules(streams.settings.__path__)
    ]
    declared = [value for module in modules for value in vars(module).values() if isinstance(value, Setting)]
    assert {setting.name for setting in declared} == {setting.name for setting in SETTINGS}
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
