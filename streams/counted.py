"""How a number of things is said: `1 strip`, `2 strips`, `12,000 entries`."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with what it counts, in the singular for one; `many` where the plural is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
