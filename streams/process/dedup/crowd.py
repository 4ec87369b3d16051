"""How many sources showed a headline, beyond those that are remembered by name: a sketch of bounded size.

Linear counting (Whang, Vander-Zanden, Taylor 1990): a bit for each of 1,024 hashes. Up to 3,000 sources the estimate
is within a few per cent; above 7,000 it says about that.
"""

from math import log
from typing import Final
from zlib import crc32

_BITS: Final = 1 << 10
_DIGITS: Final = _BITS // 4


def with_one_more(crowd: int, source: bytes) -> int:
    """A sketch that has seen one more source, or the same one again."""
    return crowd | 1 << crc32(source) % _BITS


def estimate(crowd: int) -> int:
    """How many different sources a sketch has seen."""
    free = _BITS - crowd.bit_count()
    return round(_BITS * log(_BITS / (free or 1)))


def crowd_text(crowd: int) -> str:
    """A sketch as hexadecimal digits."""
    return f"{crowd:0{_DIGITS}x}"


def crowd_from(text: str | None) -> int:
    """The sketch of some digits; an empty one for none.

    Raises:
        ValueError: They are no hexadecimal digits.
    """
    return int(text, 16) if text else 0
