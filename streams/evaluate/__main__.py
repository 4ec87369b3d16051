"""`python -m streams.evaluate [MODULE [ARGUMENT ...]]`: run one evaluation, or all of them in turn."""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Final

MODULES: Final = ("near", "edits", "categorize", "pages")


def main() -> None:
    """Pass the arguments to `streams.evaluate.MODULE.main`; without a module, run all evaluations."""
    name, arguments = (sys.argv[1], sys.argv[2:]) if sys.argv[1:] else ("", [])
    if name and name not in MODULES:
        sys.exit(f"no evaluation is called {name}: choose one of {', '.join(MODULES)}")
    for module in (name,) if name else MODULES:
        if find_spec(f"streams.evaluate.{module}"):
            import_module(f"streams.evaluate.{module}").main(arguments)


if __name__ == "__main__":
    main()
