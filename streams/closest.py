"""The known name that a mistyped one was probably meant to be."""

import difflib
from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str | None:
    """The name that is most like this one, whatever its case; None where none is like it.

    Alike are names with a ratio of 0.6 or more, by Ratcliff and Obershelp's pattern matching.
    """
    by_small = {each.casefold(): each for each in sorted(known)}
    close = difflib.get_close_matches(name.casefold(), by_small, n=1)
    return by_small[close[0]] if close else None
