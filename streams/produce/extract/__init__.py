"""Find the strips of a page: the line or block of a text, the elements of an HTML page.

In HTML the markup splits: a ticker's items are its repeated elements. Only where there are none is the text
inside split by a separator. Every strip found carries the text or fragment from which `resplit` gives the
same slots again.
"""

from streams.produce.extract.candidates import Rival
from streams.produce.extract.found import Found, resplit
from streams.produce.extract.limits import MAX_DEPTH
from streams.produce.extract.pages import find_strips, looks_like, selector_problem, survey

__all__ = [
    "MAX_DEPTH",
    "Found",
    "Rival",
    "find_strips",
    "looks_like",
    "resplit",
    "selector_problem",
    "survey",
]
