"""Which source a file belongs to: a folder of snapshots of one site is one source, not one for each file.

What tells snapshots apart, dates, times and counters, is left out of the name: `site/hespress-2026-03-11.html` is
of `hespress`, `hespress/000042.html` of the folder.
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
"""A date, a date and time, or seconds since the epoch: no site is called like that."""
_COUNTER: Final = re.compile(r"(?<![A-Za-z0-9])(?:\d{1,5}|(?=[a-f]*\d)[0-9a-f]{8,64})(?![A-Za-z0-9])")
"""A short number or a hash, which a site's name can have: `france-24`."""
_FEWEST_SNAPSHOTS: Final = 3
"""Files that differ only by a counter from which they are snapshots, not sites."""
_ANYTHING: Final = frozenset(
    {"", "index", "page", "default", "home", "snapshot", "capture", "strip", "ticker"}
)
"""What is left of names that do not say what a file shows: their folder does."""
_BETWEEN: Final = " -_.,()[]#"


def sources_of(names: Sequence[str], folder: str) -> dict[str, str]:
    """The source of each file of a folder.

    Args:
        names: The files' names, suffixes included.
        folder: What the folder is called as a source.
    """
    dated = {name: _MOMENT.sub("", PurePath(name).stem).strip(_BETWEEN) for name in names}
    bare = {name: _COUNTER.sub("", rest).strip(_BETWEEN) for name, rest in dated.items()}
    alike = Counter(bare.values())
    sources = {}
    for name in names:
        rest = bare[name] if alike[bare[name]] >= _FEWEST_SNAPSHOTS else dated[name]
        sources[name] = folder if rest.lower() in _ANYTHING and len(names) > 1 else rest or folder
    return sources
