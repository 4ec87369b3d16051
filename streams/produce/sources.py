"""Derives a file's source from its name: all snapshots of one site in a folder are one source.

Dates, times and counters, by which snapshots differ, are removed from the name: `site/hespress-2026-03-11.html` has
the source `hespress`. If nothing is left, the folder names the source: `hespress/000042.html` has `hespress` too.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Final

_MOMENT: Final = re.compile(
    r"(?<![A-Za-z0-9])"
    r"(?:\d{4}[-_.]?\d\d[-_.]?\d\d(?:[T_ .-]{0,2}\d\d[-_:.h]?\d\d(?:[-_:.m]?\d\d)?)?Z?|\d{6,20}Z?)"
    r"(?![A-Za-z0-9])"
)
"""A date, a date and time, or seconds since the epoch, none of which is part of a site's name."""
_COUNTER: Final = re.compile(r"(?<![A-Za-z0-9])(?:\d{1,5}|(?=[a-f]*\d)[0-9a-f]{8,64})(?![A-Za-z0-9])")
"""A short number or a hash; a short number can be part of a site's name: `france-24`."""
_FEWEST_SNAPSHOTS: Final = 3
"""So many files that differ only by a counter are snapshots of one site; fewer may be different sites."""
_GENERIC: Final = frozenset(
    {"", "index", "page", "default", "home", "snapshot", "capture", "strip", "ticker"}
)
"""Names that say nothing of the site: the folder's name is taken instead."""
_BETWEEN: Final = " -_.,()[]#"


def sources_of(names: Sequence[str], folder: str) -> dict[str, str]:
    """The source of each file of a folder.

    Args:
        names: The files' names, with suffixes.
        folder: The folder's name as a source.
    """
    dated = {name: _MOMENT.sub("", PurePath(name).stem).strip(_BETWEEN) for name in names}
    bare = {name: _COUNTER.sub("", rest).strip(_BETWEEN) for name, rest in dated.items()}
    alike = Counter(bare.values())
    sources = {}
    for name in names:
        rest = bare[name] if alike[bare[name]] >= _FEWEST_SNAPSHOTS else dated[name]
        sources[name] = folder if rest.lower() in _GENERIC and len(names) > 1 else rest or folder
    return sources
