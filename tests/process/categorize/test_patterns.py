"""Users' patterns answer as Python's do, in linear time, and what cannot is refused with what to write instead."""

import re
from functools import lru_cache

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from streams.process.categorize.patterns import Pattern, PatternError, compile_pattern

_LITERALS = ["a", "é", "س", ".", "^", "$", r"\.", r"\u0633", "(?:ab|س)"]
_CLASSES = ["[a-cé]", r"[\w-]", r"[^\d]", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", "[]x]"]
_PIECES = st.sampled_from([*_LITERALS, *_CLASSES])
_PATTERNS = st.lists(
    st.tuples(_PIECES, st.sampled_from(["", "", "+", "*", "?", "{1,3}"])), min_size=1, max_size=5
)
_TEXTS = st.text(alphabet="abcÉéس٣3 -._]x\u00a0\u2009Ⅷ½", max_size=20)


@lru_cache
def _compiled(pattern: str) -> Pattern:
    return compile_pattern(pattern)


@given(_PATTERNS, _TEXTS)
def test_answers_are_those_of_python(pieces: list[tuple[str, str]], text: str) -> None:
    """Letters, digits and spaces of every script, case aside; the same part is found."""
    pattern = "".join(piece + ("" if piece in "^$" else times) for piece, times in pieces)
    expected = re.search(pattern, text, re.IGNORECASE)
    assume(expected is None or len(pattern) < 40)
    found = _compiled(pattern).search(text)
    assert (found and found.group(0)) == (expected and expected.group(0))


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x", "a*a*a*a*a*b", "(?:a?){30}a{30}$"])
def test_no_pattern_holds_a_worker(pattern: str) -> None:
    """What takes Python's engine longer than the world has lasted is answered at once."""
    assert _compiled(pattern).search("a" * 1999 + "!") is None


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"\bsport\b", r"whole word.*give it in `words`"),
        (r"(?=a)", "looks around"),
        (r"(?<!un )accord", "looks around"),
        (r"(a)\1", "refers back"),
        ("a{,3}", "write {0,"),
        (r"[\W]", r"inside \[\]"),
        (r"a{2000}", "linear time"),
        ("(", "missing"),
        ("a" * 2001, "2,001 characters"),
    ],
)
def test_what_is_not_known_is_refused(pattern: str, says: str) -> None:
    """The message says what of it, and what to write."""
    with pytest.raises(PatternError, match=says):
        compile_pattern(pattern)
