"""The lists of names hold no name twice, and nothing that would make another headline of one."""

from collections import Counter
from importlib.resources import files

import pytest

from streams.process.gazetteer import gazetteer, given_names, places
from streams.process.letters import WORDS

NAMES = ("outlets.txt", "places.txt", "names.txt")


@pytest.mark.parametrize("name", NAMES)
def test_no_name_stands_twice(name: str) -> None:
    """Each name once as it is written, short lines, a space on either side of every bar."""
    lines = files("streams.process.gazetteer").joinpath(name).read_text("utf-8").splitlines()
    listed = [line.removeprefix("~ ") for line in lines if line and not line.startswith("#")]
    written = Counter(entry for line in listed for entry in line.split(" | "))
    assert [entry for entry, times in written.items() if times > 1] == []
    assert all(entry == entry.strip() and "|" not in entry and entry for entry in written)


def test_the_lists_are_long() -> None:
    """Recall comes from knowledge: outlets and places by the hundred."""
    assert len(gazetteer().outlets_and_words) > 1500
    assert len(places().known) > 1500
    assert len(given_names()) > 1000


CHANGING = (
    "women u20 drill satire opinion analysis editorial retracted correction denied rumour fake hoax archive quiz",
    "official exercice tribune démenti rectificatif intox officiel archives rumeur féminines",
    "تكذيب تصحيح توضيح تمرين إشاعة رأي تحليل سيدات رسميا أرشيف",
)


@pytest.mark.parametrize("word", " ".join(CHANGING).split())
def test_no_tag_says_who_or_whether_it_is_true(word: str) -> None:
    """Words that make another headline are neither tags, sections nor outlets."""
    known = gazetteer()
    folded = word.translate(WORDS)
    assert folded not in known.tags | known.slugs | known.sections | known.outlets_and_words


def test_names_that_are_words_are_told_apart() -> None:
    """Reuters is no word, Le Soir is one too; countries and capitals speak, towns do not."""
    known = gazetteer()
    assert "lesoir" in known.outlets_and_words - known.outlets
    assert "reuters" in known.outlets
    assert {"maroc", "موسكو", "london"} <= places().speak
    assert "agadir" in places().known - places().speak
