"""The schema registry for consumers: its address and login, and the `ce_dataschema` header of events."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

if TYPE_CHECKING:
    from streams.settings.given import Settings

_PLACE: Final = "{type}"


def _template(text: str) -> str:
    if _PLACE not in text:
        raise ValueError
    texts.web_address(text.replace(_PLACE, "type"))
    return text


REGISTRY: Final[Setting[str | None]] = Setting(
    name="schemas.registry",
    parse=texts.web_address,
    default=None,
    allowed="an http(s) URL without a login",
    help="A schema registry with Confluent's API; of Apicurio the URL ends with /apis/ccompat/v7.",
)
USERNAME: Final = Setting(
    name="schemas.username",
    parse=texts.any_text,
    default="",
    allowed="text",
    help="Whom to log in to the registry as.",
)
PASSWORD: Final = Setting(
    name="schemas.password",
    parse=texts.any_text,
    default="",
    allowed="text",
    help="The password at the registry.",
    secret=True,
)
TOKEN: Final = Setting(
    name="schemas.token",
    parse=texts.any_text,
    default="",
    allowed="text",
    help="A bearer token for the registry, in the place of name and password.",
    secret=True,
)
CAFILE: Final[Setting[Path | None]] = Setting(
    name="schemas.cafile",
    parse=texts.file,
    default=None,
    allowed="a PEM file",
    help="Authorities that sign the registry's certificate; without it those of the system.",
)
DATASCHEMA: Final[Setting[str | None]] = Setting(
    name="schemas.dataschema",
    parse=_template,
    default=None,
    allowed="an http(s) URL with {type} in it",
    help="Where consumers fetch a type's schema: `ce_dataschema` of events; without it the registry's, if any.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (REGISTRY, USERNAME, PASSWORD, TOKEN, CAFILE, DATASCHEMA)


def dataschema(settings: "Settings") -> str | None:
    """The template of `ce_dataschema`: the setting, else the registry's URL of a type's newest schema, else None."""
    given = settings[DATASCHEMA]
    if given is not None:
        return given
    registry = settings[REGISTRY]
    return None if registry is None else f"{registry}/subjects/{_PLACE}/versions/latest/schema"
