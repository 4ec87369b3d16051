"""Reads `webhooks.toml`: the addresses to push headlines to, their filters and secrets."""

import base64
import binascii
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from streams.errors import SettingsError
from streams.serve.filter import MAX_VALUES, Filter, read_filter
from streams.settings import Secret
from streams.web.problems import ProblemError

MAX_WEBHOOKS: Final = 50
_SCHEME: Final = "whsec_"
_LEAST_SECRET: Final = 24
"""Bytes of a secret: Standard Webhooks demands 24 to 64."""
_MOST_SECRET: Final = 64
_ID: Final = r"^[a-z0-9][a-z0-9-]{0,49}$"

_Texts = Annotated[list[str], Meta(max_length=MAX_VALUES)]


class _Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    id: Annotated[str, Meta(pattern=_ID)]
    address: Annotated[str, Meta(max_length=2000)]
    secret_env: Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9_]*$")]
    topic: _Texts = []
    language: _Texts = []
    source: _Texts = []
    words: _Texts = []
    allow_private: bool = False


class _File(Struct, frozen=True, forbid_unknown_fields=True):
    webhook: Annotated[list[_Row], Meta(min_length=1, max_length=MAX_WEBHOOKS)]


class Webhook(Struct, frozen=True, kw_only=True):
    """A webhook."""

    id: str
    address: str
    """The URL to push to."""
    secret: Secret
    """`whsec_` and the signing key in base64."""
    wanted: Filter
    allow_private: bool = False
    """Whether the address may be in a private network."""


def read_webhooks(path: Path, environment: Mapping[str, str] = os.environ) -> tuple[Webhook, ...]:
    """The webhooks of a file.

    Raises:
        SettingsError: The file cannot be read, or an entry is invalid; says which and what is allowed.
    """
    try:
        file = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except msgspec.ValidationError as error:
        raise SettingsError(f"{path}: {error}") from None
    except (ValueError, RecursionError) as error:  # a number too long for `int`, lists in lists in lists
        raise SettingsError(f"{path} is no TOML: {error}") from None
    seen: set[str] = set()
    for row in file.webhook:
        if row.id in seen:
            raise SettingsError(f"{path}: two webhooks are called {row.id}")
        seen.add(row.id)
    return tuple(_webhook(path, row, environment) for row in file.webhook)


def _webhook(path: Path, row: _Row, environment: Mapping[str, str]) -> Webhook:
    place = f"{path}, webhook {row.id}"
    try:
        parts = urlsplit(row.address)
        usable = parts.scheme in {"http", "https"} and parts.hostname is not None and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{place}: {row.address!r} is no address; give https://HOST/PATH")
    secret = environment.get(row.secret_env, "")
    if not secret:
        raise SettingsError(f"{place}: the variable {row.secret_env} is not set; it holds the secret")
    if not _is_secret(secret):
        raise SettingsError(
            f"{place}: {row.secret_env} is no secret; it is whsec_ and the base64 of 24 to 64 random bytes"
        )
    try:
        wanted = read_filter(_Query(row))
    except ProblemError as error:
        raise SettingsError(f"{place}: {error.detail}") from None
    return Webhook(
        id=row.id, address=row.address, secret=Secret(secret), wanted=wanted, allow_private=row.allow_private
    )


class _Query:
    """The filter of an entry in the form of a URL's query (`streams.serve.filter.Query`)."""

    def __init__(self, row: _Row) -> None:
        self._values = {
            "topic": row.topic,
            "language": row.language,
            "source": row.source,
            "words": row.words,
        }

    def getall(self, key: str, default: list[str], /) -> list[str]:
        return self._values.get(key, default)


def key_of(secret: Secret) -> bytes:
    """The signing key in a secret."""
    return base64.b64decode(secret.reveal().removeprefix(_SCHEME), validate=True)


def _is_secret(text: str) -> bool:
    if not re.fullmatch(r"whsec_[A-Za-z0-9+/]+=*", text):
        return False
    try:
        return _LEAST_SECRET <= len(key_of(Secret(text))) <= _MOST_SECRET
    except binascii.Error:
        return False
