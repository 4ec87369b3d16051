"""Colours and line styles: one meaning has one colour on every dashboard, and none is told by colour alone.

The palette is that of Okabe and Ito (*Color universal design*, 2008), which people with any kind of colour vision tell
apart. Good is blue and bad is red, never green and red; what is bad says so in words or has crossed a dashed line.
"""

from typing import Any, Final

from msgspec import Struct

GOOD: Final = "semi-dark-blue"
BAD: Final = "semi-dark-red"
PLAIN: Final = "text"
"""For a number that is neither good nor bad: the colour of writing."""
FILLED: Final = "blue"
"""For a bar that is neither good nor bad."""


class Style(Struct, frozen=True):
    """How a series is drawn; `line` is Grafana's line style, None for a solid line."""

    colour: str
    line: dict[str, Any] | None = None


_DASHED: Final = {"fill": "dash", "dash": [10, 6]}
_DOTTED: Final = {"fill": "dot", "dash": [0, 6]}
_BLUE, _ORANGE, _GREEN = "#0072B2", "#E69F00", "#009E73"
_SKY, _VERMILION, _PURPLE, _GREY = "#56B4E9", "#D55E00", "#CC79A7", "#999999"

SERIES: Final[dict[str, dict[str, Style]]] = {
    "{{language}}": {
        "ar": Style(_BLUE),
        "fr": Style(_ORANGE, _DASHED),
        "en": Style(_GREEN, _DOTTED),
        "und": Style(_GREY),
    },
    "{{outcome}}": {
        "new": Style(_BLUE),
        "update": Style(_SKY),
        "exact": Style(_GREY),
        "near": Style(_ORANGE),
        "dead letter": Style(_VERMILION, _DASHED),
        "correction": Style(_PURPLE),
        "withdrawn": Style("#882255"),
        "sighting": Style(_BLUE),
        "published": Style(_BLUE),
        "failed": Style(_VERMILION, _DASHED),
        "empty": Style(_GREY, _DOTTED),
        "changed": Style(_BLUE),
        "unchanged": Style(_GREY),
        "forbidden": Style(_PURPLE),
        "postponed": Style(_SKY),
        "refused": Style(_ORANGE),
        "repeated": Style(_GREY),
        "held back": Style(_ORANGE),
        "missing": Style(_VERMILION, _DASHED),
    },
    "{{stage}}": {
        "deduplicate": Style(_BLUE),
        "categorize": Style(_ORANGE, _DASHED),
        "produce": Style(_GREEN, _DOTTED),
    },
    "{{stage}} median": {"deduplicate median": Style(_BLUE), "categorize median": Style(_ORANGE)},
    "{{stage}} 99 %": {
        "deduplicate 99 %": Style(_BLUE, _DASHED),
        "categorize 99 %": Style(_ORANGE, _DASHED),
    },
    "partition {{partition}}": {
        f"partition {number}": Style(colour)
        for number, colour in enumerate((_BLUE, _ORANGE, _GREEN, _SKY, _VERMILION, _PURPLE))
    },
    "median": {"median": Style(_BLUE)},
    "95 %": {"95 %": Style(_ORANGE, _DASHED)},
    "99 %": {"99 %": Style(_VERMILION, _DOTTED)},
    "listening": {"listening": Style(_BLUE)},
    "dropped a minute": {"dropped a minute": Style(_VERMILION, _DASHED)},
    "headlines": {"headlines": Style(_BLUE)},
}
"""The styles of the series that a legend may write; others take a colour of Grafana's palette, by their name."""
