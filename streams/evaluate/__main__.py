"""`python -m streams.evaluate [PART …]`: the figures of each part; all of them by default."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

PARTS: Final = ("categorize", "near")
"""Modules of this package, each with a function `report(data: Path | None)` that prints its figures."""

SHARED_DATA: Final = Path("../shared/data")
"""Development data beside the checkout; where it is missing, only the project's own sets are used."""


def main(parts: list[str]) -> None:
    """Print the figures of the parts named, or of all."""
    data = SHARED_DATA if SHARED_DATA.is_dir() else None
    for part in parts or PARTS:
        if find_spec(f"streams.evaluate.{part}") is None:
            print(f"streams.evaluate.{part}: there is no such part", file=sys.stderr)
            continue
        print(f"# {part}\n")
        import_module(f"streams.evaluate.{part}").report(data)


if __name__ == "__main__":
    main(sys.argv[1:])
