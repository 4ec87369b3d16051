"""How a word is written in a headline as it is shown, which its fold does not tell: with a capital, or small."""

import re
from typing import Final

from streams.process.fold import fold_words

NAME: Final = re.compile(r"(?<=[^\W\d_][ ,’'-])[A-ZÀ-ÖØ-ÞŒ][^\W\d_]*")
"""Words that begin with a capital though they begin no sentence."""


def is_written(form: re.Pattern[str], folded: str, shown: str) -> bool:
    """Whether a word, given folded, stands in a headline in a form."""
    words: list[str] = form.findall(shown)
    return any(fold_words(word) == folded for word in words)
