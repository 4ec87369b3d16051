"""Strips that a page carries as data: set aside for readers without scripts, declared as JSON, or in a program."""

import json
from contextlib import suppress
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import InputError, SplitError
from streams.produce.extract import find_strips

TITLES = [
    "Orchard growers ask for help after the frost",
    "Night trains return to the southern line",
    "Archive of the old theatre goes online",
]
ITEMS = "".join(f"<li>{title}</li>" for title in TITLES)


def texts(page: str, **options: str) -> list[str]:
    return [slot.text for slot in find_strips(page, "here", **options)[0].split.slots]  # type: ignore[arg-type]


def script(value: object, kind: str = "application/json", **attributes: str) -> str:
    named = "".join(f' {name}="{text}"' for name, text in attributes.items())
    return f'<div id="app"></div><script type="{kind}"{named}>{json.dumps(value)}</script>'


@pytest.mark.parametrize(
    "page",
    [
        f'<noscript><ul class="ticker">{ITEMS}</ul></noscript>',
        f"<noscript><ul>{ITEMS}</ul></noscript>",
        f'<x-bar><template shadowrootmode="open"><ul>{ITEMS}</ul></template></x-bar>',
        script(
            {
                "@type": "ItemList",
                "itemListElement": [{"@type": "ListItem", "name": title} for title in TITLES],
            },
            "application/ld+json",
        ),
        script(
            {
                "@graph": [
                    {"@type": "ItemList", "itemListElement": [{"item": {"headline": t}} for t in TITLES]}
                ]
            },
            "application/ld+json",
        ),
        script(
            {"props": {"breakingNews": [{"title": title, "href": "/x"} for title in TITLES]}},
            id="__NEXT_DATA__",
        ),
        script({"latestNews": [{"title": {"rendered": title}} for title in TITLES]}),
        script({"entries": [{"title": title} for title in TITLES]}, id="news-ticker-data"),
        f'<iframe height="30" srcdoc="&lt;ul class=&quot;ticker&quot;&gt;{escape(ITEMS)}&lt;/ul&gt;"></iframe>',
        f"<iframe srcdoc='{escape('<tt>' + ' +++ '.join(TITLES))}'></iframe>",
    ],
)
def test_declared_data_is_read_where_nothing_is_shown(page: str) -> None:
    """What a page sets aside or declares as data is its strip where its markup shows none."""
    assert texts(f"<html><body>{page}</body></html>") == TITLES


def test_what_is_shown_wins() -> None:
    """A strip in the markup is taken before one in data."""
    shown = ["Swimming lake stays closed until autumn", "Choir wins first prize in the capital"]
    page = f'<ul class="ticker"><li>{shown[0]}<li>{shown[1]}</ul><noscript><ul class="ticker">{ITEMS}</ul></noscript>'
    assert texts(page) == shown


LISTED = json.dumps([{"t": title} for title in TITLES])
PROGRAM = f'<div class="ticker"></div><script>var menu = [1, 2]; show({LISTED});</script>'
ATTRIBUTE = f"<div class='ticker' data-items='{json.dumps(TITLES)}'></div>"


IN_STRING = f"<script>var state = JSON.parse({json.dumps(json.dumps({'news': TITLES}))});</script>"
IN_QUOTES = f"<script>var state = JSON.parse('{json.dumps({'news': TITLES})}');</script>"
FILLED = f"""<script>var n = [];{"".join(f'n[{i}] = "{t}"; u[{i}] = "/{i}";' for i, t in enumerate(TITLES))}</script>"""
LONG_AND_SHORT = script({"entries": [{"headline": {"full": t, "short": t[:9]}} for t in TITLES]}, id="bar")


@pytest.mark.parametrize(
    ("page", "selector"),
    [
        (PROGRAM, "script"),
        (ATTRIBUTE, "div.ticker"),
        (IN_STRING, "script"),
        (IN_QUOTES, "script"),
        (FILLED, "script"),
        (LONG_AND_SHORT, "script#bar"),
    ],
)
def test_a_list_for_a_program_is_read_only_where_it_is_picked(page: str, selector: str) -> None:
    """What a program does with a list nobody knows: the page is refused and the list named, a selector reads it."""
    with pytest.raises(SplitError, match=f"Orchard growers.*--selector '{selector}'"):
        find_strips(page, "here")
    assert texts(page, selector=selector) == TITLES


@pytest.mark.parametrize(
    "value",
    [
        {"menu": [{"title": "Home"}, {"title": "About us"}, {"title": "Contact"}]},
        {"latestComments": [{"title": title} for title in TITLES]},
        {"whatever": [{"title": title} for title in TITLES]},
        [[[["x"] * 3] * 3] * 3],
    ],
)
def test_other_lists_are_no_strips(value: object) -> None:
    """Menus, comments and lists without a name are not taken for the strip."""
    with pytest.raises(SplitError):
        find_strips(script(value), "here")


@pytest.mark.parametrize(
    "code",
    ["[" * 100_000, '[{"a":' * 50_000, '["' * 100_000, '"' * 300_001, '["a\\' * 50_000, "{}" * 200_000],
)
def test_hostile_data_is_refused_at_once(code: str) -> None:
    """Data that does not end, or nests without end, takes no time and gives no strip."""
    for page in (f"<script>{code}</script><p>x", f'<script type="application/json">{code}</script><p>x'):
        with pytest.raises(InputError):
            find_strips(page, "here")


def test_a_list_of_products_is_no_strip() -> None:
    """What a list of schema.org says its entries are is believed: products are no headlines."""
    entries = [{"@type": "ListItem", "item": {"@type": "Product", "name": title}} for title in TITLES]
    with pytest.raises(SplitError):
        texts(script({"@type": "ItemList", "itemListElement": entries}, "application/ld+json"))


def test_a_thing_may_have_several_types() -> None:
    """schema.org allows a list of types, and real pages have them."""
    entries = [{"@type": ["Thing", "NewsArticle"], "headline": title} for title in TITLES]
    assert texts(script({"@type": ["ItemList"], "itemListElement": entries}, "application/ld+json")) == TITLES
    entries = [{"@type": ["Product", "Thing"], "name": title} for title in TITLES]
    with pytest.raises(SplitError):
        texts(script({"@type": "ItemList", "itemListElement": entries}, "application/ld+json"))


_KEYS = st.sampled_from(
    ["@type", "@graph", "itemListElement", "item", "name", "headline", "url", "title", "breakingNews"]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([*TITLES, "ItemList", "Product", ""]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_any_data_is_read_or_refused(value: object) -> None:
    """Whatever stands where a text, a type or a list is expected, a page is read, or refused with a reason."""
    with suppress(InputError):
        assert texts(script(value, "application/ld+json"))


SHOWN = f'<span class="label">Breaking</span><a href="/0">{TITLES[0]}</a>'


@pytest.mark.parametrize(
    "page",
    [
        f'<div class="ticker">{SHOWN}</div>{script({"ticker": {"items": [{"title": t} for t in TITLES]}})}',
        f'<div class="ticker" data-headlines="{"||".join(TITLES)}">{SHOWN}</div>',
        f"<div class='ticker' data-list='{json.dumps([{'t': t} for t in TITLES])}'>{SHOWN}</div>",
        f"<div class='ticker'><p data-words='{json.dumps(TITLES)}'>{TITLES[0]}</p></div>",
    ],
)
def test_a_strip_that_shows_one_headline_at_a_time_is_read_whole(page: str) -> None:
    """Its list stands under a ticker's name or in its own attributes, and has the headline that is shown."""
    assert texts(f"<html><body>{page}</body></html>") == TITLES


@pytest.mark.parametrize(
    "beside",
    [
        script({"latestNews": [{"title": title} for title in TITLES]}),
        script({"posts": [{"title": title} for title in TITLES]}),
        script({"ticker": [{"title": f"{title} today"} for title in TITLES]}),
        f"<div data-items='{json.dumps(TITLES)}'></div>",
        "<div class='ticker' data-speed='40' data-titles='[1, 2'></div>",
    ],
)
def test_one_headline_alone_is_the_strip_where_no_list_is_its_own(beside: str) -> None:
    """A list of what is new, of other headlines, or of another element is not that of a breaking headline."""
    assert texts(f'<html><body><div class="breaking-news">{SHOWN}</div>{beside}</body></html>') == TITLES[:1]


@pytest.mark.parametrize("code", ["JSON.parse('" * 50_000, "a[0]='" * 50_000, " srcdoc='" * 50_000])
def test_literals_that_do_not_end_take_no_time(code: str) -> None:
    """Neither strings nor frames that nobody closes keep a page busy."""
    with pytest.raises(InputError):
        find_strips(f"<iframe{code}><script>{code}</script><p>x", "here")
