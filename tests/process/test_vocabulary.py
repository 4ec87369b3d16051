"""Numbers of words that are looked up together are those that each was given when it was first met."""

from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.process import vocabulary
from streams.process.vocabulary import NO_NUMBER, Vocabulary

_words = st.one_of(
    st.sampled_from(["port", "ports", "ميناء", "\0", "a", "?"]),
    st.text(st.characters(exclude_characters=" \n"), min_size=1, max_size=6),
)
_lines = st.lists(_words, max_size=6).map(" ".join)


@settings(deadline=None)  # a table is a quarter of a million places
@given(st.lists(st.lists(_lines, min_size=1, max_size=5), max_size=4), st.sampled_from([1, 18]))
def test_each_word_keeps_its_number(texts: list[list[str]], bits: int) -> None:
    """Words get the next number when they are met, those with a `?` none; however many share a place of the table."""
    met: dict[str, int] = {}

    def meet(word: str) -> int:
        assert word not in met
        met[word] = NO_NUMBER if "?" in word else len(met)
        return met[word]

    with mock.patch.object(vocabulary, "_PLACE_BITS", bits):
        words = Vocabulary(meet)
        for lines in texts:
            numbers, places = words.look_up("\n".join(lines).encode("utf-8", "surrogatepass"))
            written = [(word, place) for place, line in enumerate(lines) for word in line.split(" ")]
            expected = [(met[word] if word else NO_NUMBER, place) for word, place in written]
            assert list(zip(numbers.tolist(), places.tolist(), strict=True)) == expected
