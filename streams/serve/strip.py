"""Renders the newest headlines as one line again, a strip for a television or an embedding page."""

from collections.abc import Iterable
from typing import Final

SEPARATOR: Final = " • "
"""The text between headlines, which the splitter recognizes."""
HEADLINES: Final = 20
"""The number of headlines in a strip."""


def strip_text(texts: Iterable[str]) -> str:
    """Headlines on one line; the separator's symbol inside a headline becomes a middle dot."""
    return SEPARATOR.join(text.replace("•", "·") for text in texts)
