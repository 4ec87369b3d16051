"""A filter's newest headlines as one line again, for a television or a page that embeds it."""

from collections.abc import Iterable
from typing import Final

SEPARATOR: Final = " • "
"""What stands between headlines: the splitter finds it again."""
HEADLINES: Final = 20
"""Headlines of one strip."""


def strip_text(texts: Iterable[str]) -> str:
    """Headlines in one line; the separator's symbol inside one becomes a dot."""
    return SEPARATOR.join(text.replace("•", "·") for text in texts)
