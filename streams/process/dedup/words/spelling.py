"""British and American spellings of one English word: "labour" and "labor", "organise" and "organize".

Rules for endings, on folded words; words that no rule covers ("tyre", "grey") stand as variants in `en.toml`. A rule
may spell a word as nobody does ("promize"): two words are taken for one only where both come to the same.
"""

import re
from typing import Final

_ENDING: Final = (
    r"(s|ed|d|r|rs|er|ers|ing|ings|able|al|ful|hood|ist|ists|ite|ites|less|ly|ment|ments|ation|ations)?$"
)
_OUR: Final = re.compile(r"(?<=[a-z]{2})our" + _ENDING)
_OF_FOUR: Final = re.compile(
    r"^(?:f|h|t|p|s|y|c|d|fl|sc|det|cont|vel|dev|par|res|rec|acc|enc|conc|am|troubad|glam|jo|tamb|para)?our|ours$"
)
"""Words in -our that nobody writes in -or, or that would be others: four, hour, tour, pour, ours, devour."""
_ISE: Final = re.compile(r"(?<=[a-z]{3})(i|y)s(e|es|ed|er|ers|ing|ation|ations)$")
_LL: Final = re.compile(
    r"(?<=[aeiou][bcdfghjklmnpqrstvwxyz])([ae])ll(ed|ing|er|ers|ings)$|(?<=[aeiou][a-z]{2})([ae])ll(ed|ing|er|ers)$"
)
_RE: Final = re.compile(
    r"^(cent|theat|fib|met|lit|calib|lust|meag|somb|spect|sab|och|manoeuv|kilomet|centimet|millimet)re(s|d)?$"
)
_OGUE: Final = re.compile(
    r"(?<=[a-z]{2}[aeiou]l)ogue(s|d)?$|^(dial|catal|anal|monol|epil|prol|homol)ogue(s|d)?$"
)
_ENCE: Final = re.compile(r"^(def|off|pret|lic)enc(e|es|ed|ing|eless)$")
_AE: Final = re.compile(r"(?<=[a-z])(?:ae|oe)(?=[a-z]{3})|^(?:ae|oe)(?=st|so|de|no)")
_GREEK: Final = re.compile(
    r"^(?:an|h|leuk|p|orthop|encyclop|medi|arch|f|oes|gyn|diarrh|foet|manoeuv|anaesth|caes|pal)"
)


def american(word: str) -> str:
    """The American spelling of an English word; a word without a British one as it is."""
    if len(word) < len("color"):
        return word
    if "our" in word and not _OF_FOUR.match(word):
        word = _OUR.sub(r"or\1", word)
    if "s" in word:
        word = _ISE.sub(r"\1z\2", word)
    if "ll" in word:
        word = _LL.sub(lambda m: f"{m[1] or m[3]}l{m[2] or m[4]}", word)
    if "re" in word:
        word = _RE.sub(lambda m: f"{m[1]}er{m[2] or ''}", word)
    if "ogue" in word:
        word = re.sub(r"ogue(s|d)?$", lambda m: f"og{m[1] or ''}", word)
    if "enc" in word:
        word = _ENCE.sub(r"\1ens\2", word)
    if ("ae" in word or "oe" in word) and _GREEK.match(word):
        word = _AE.sub("e", word)
    return word
