"""Tell what of a page its reader does not see, and what is by its element no place for a strip."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_STYLE: Final = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CLASSES: Final = frozenset({"hidden", "d-none", "is-hidden", "hide", "invisible", "ng-hide", "x-cloak"})
_SHOWN_AGAIN: Final = re.compile(
    r":(?:block|flex|grid|inline\S*|visible|table\S*)(?:\s|$)|d-(?:sm|md|lg|xl|xxl)-(?!none)"
)
"""Hidden on small screens only, as utility classes write it: `hidden md:block`, `d-none d-md-flex`."""

_MAX_CALLED: Final = 400

NO_PLACE: Final = frozenset({"nav", "footer", "dialog", "menu"})
_ROLES: Final = frozenset(
    {"navigation", "contentinfo", "search", "dialog", "alertdialog", "menu", "menubar", "tooltip"}
)


Attributes = Mapping[str, str | None]
"""Those of an element. They are read once: each reading makes a new dictionary."""


def is_hidden(attributes: Attributes) -> bool:
    """Whether an element says that it is not shown."""
    if not attributes:
        return False
    if "hidden" in attributes and attributes["hidden"] != "until-found":
        return True
    style = attributes.get("style")
    if style and _STYLE.search(style):
        return True
    called = attributes.get("class")
    return bool(called and _hides(called[:_MAX_CALLED]))


@lru_cache(maxsize=4096)
def _hides(called: str) -> bool:
    """Whether classes hide an element on every screen."""
    return not _CLASSES.isdisjoint(called.split()) and not _SHOWN_AGAIN.search(called)


def is_never_shown(tag: str, attributes: Attributes) -> bool:
    """Whether an element is a menu, a footer or a dialog, which hold no headlines."""
    return tag in NO_PLACE or attributes.get("role") in _ROLES
