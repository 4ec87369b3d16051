"""A count with its noun: `1 strip`, `2 strips`, `12,000 entries`."""


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number and its noun, singular or plural. `many` is the plural if it is not `one` with an s (`entries`)."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
