"""Reports of a difference: what headlines are made of is text in a comment and on a page, every row has its cause."""

from html.parser import HTMLParser

from streams.replay.causes import Cause
from streams.replay.diff import compare
from streams.replay.report import Report, markdown, page
from tests.replay.test_diff import CRIME, result, shown

HOSTILE = (
    "<script>alert(1)</script> @everyone ![x](https://evil.example/p.png) | **loud** `code` #12 \x1b[31m"
)


def report() -> Report:
    """A flip, a gain and a loss of a headline that would be markup."""
    old = result(shown(1, text=HOSTILE), shown(2))
    new = result(shown(1, CRIME, text=HOSTILE), shown(3, text=HOSTILE))
    found = compare(old, new)
    causes = {("flips", found.flips[0].id): Cause("weight of <b>", "from 1 to 2")}
    return Report(difference=found, causes=causes, facts=(("window", "<all>"),))


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_shows_headlines_as_text_and_explains_every_row() -> None:
    """No tag of a headline becomes one; the page loads nothing; each row has cause and id."""
    text = page(report(), "Replay <x>")
    seen = Tags()
    seen.feed(text)
    assert not seen.tags & {"script", "img", "a", "b", "link"}
    assert "<script>alert(1)</script>" in seen.text
    assert "weight of <b>" in seen.text
    assert "from 1 to 2" in seen.text
    assert "default-src 'none'" in text
    assert text.count("<code>") == 3
    assert 'dir="auto"' in text
    assert "\x1b" not in text


def test_markdown_shows_headlines_as_text() -> None:
    """No link, picture, mention, tag or border of a headline works in a comment."""
    text = markdown(report())
    assert "<script" not in text.replace("\\<script", "")
    assert "@everyone" not in text
    assert "https://" not in text
    assert "\\!\\[x\\]" in text
    assert " \\| " in text
    assert "\x1b" not in text
    assert "weight of \\<b\\>: from 1 to 2" in text
