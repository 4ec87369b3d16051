"""Read markup that was written out in a text: entities (`&#8217;`, escaped twice too) and simple elements (`<b>`)."""

import re
from html import unescape
from typing import Final

_ROUNDS: Final = 3
"""How often a text can have been escaped, one time inside the other."""
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
"""References that end as they must: `AT&T` and `R&copy` stand for themselves."""
_BREAK: Final = re.compile(r"</?(?:br|hr|p|div|li|ul|ol|tr|td|h[1-6])(?:\s[^<>]{0,500})?/?>", re.IGNORECASE)
_MARKUP: Final = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|del|em|font|i|img|ins|mark|q|s|small|span|strike|strong|sub|sup|time|u|wbr)"
    r"(?:\s[^<>]{0,500})?/?>|<!--.{0,500}?-->",
    re.IGNORECASE | re.DOTALL,
)
_CDATA: Final = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)


def without_markup(text: str) -> str:
    """What a text with entities and markup written out stands for.

    Markup that breaks a line becomes a line break. What is no known element (`<3`, `x < y`) stays.
    """
    for _ in range(_ROUNDS):
        before = text
        if "<" in text:
            text = _CDATA.sub(r"\1", text)
            text = _MARKUP.sub("", _BREAK.sub("\n", text))
        if "&" in text:
            text = _ENTITY.sub(lambda match: unescape(match[0]), text)
        if text == before:
            break
    return text
