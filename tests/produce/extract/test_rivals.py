"""Which element of a page is its strip: names as whole words, where it stands, and what its slots say."""

import pytest

from streams.errors import SplitError
from streams.produce.extract import find_strips, survey
from streams.produce.extract.candidates import MAX_CONTAINERS
from streams.produce.extract.names import likeness, part, words_of
from streams.produce.extract.reading import kind_of, read

NEWS = ("Orchard growers ask for help after the frost", "Night trains return to the southern line")
MORE = ("Archive of the old theatre goes online", "Swimming lake stays closed until autumn")
PRICES = ("Wheat 212.40 +0.8%", "Maize 190.10 -0.2%", "Barley 171.00 +0.1%")


def listed(name: str, texts: tuple[str, ...]) -> str:
    return f'<ul class="{name}">{"".join(f"<li>{text}</li>" for text in texts)}</ul>'


def first(page: str) -> list[str]:
    return [slot.text for slot in find_strips(page, "here")[0].split.slots]


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("newsTicker", ("news", "ticker")),
        ("c-ticker__list", ("c", "ticker", "list")),
        ("breakingnews", ("breaking", "news")),
        ("stickers", ("stickers",)),
        ("شريط-الأخبار", ("شريط", "الاخبار")),
        ("HTMLTicker2", ("html", "ticker")),
        ("vticker", ("v", "ticker")),
        ("limarquee", ("li", "marquee")),
    ],
)
def test_names_are_read_as_words(token: str, words: tuple[str, ...]) -> None:
    """Tokens part at hyphens, underscores, capitals and figures, and where known words are written together."""
    assert words_of(token) == words


@pytest.mark.parametrize(
    "called",
    [
        "news-ticker",
        "tickerwrap",
        "شريط",
        "breaking_news",
        "latest-news",
        "flash-infos",
        "js-news",
        "key-events ticker",
    ],
)
def test_names_of_tickers(called: str) -> None:
    """What tickers are called in three languages counts for an element."""
    assert likeness(called) > 0


@pytest.mark.parametrize(
    "called",
    [
        "product-stickers",
        "crypto-ticker",
        "flash-sale",
        "forecast-ticker",
        "radio-ticker now-playing",
        "latest-comments",
        "latest-topics",
        "clear block flash sale",
        "ob-is-breaking-bad section",
        "post category-breaking-news tag-urgent",
        "teaser__headline slider",
        "nav-scroller",
        "has-ticker",
        "post",
    ],
)
def test_names_of_other_things(called: str) -> None:
    """A ticker of something else, a part of a longer word, or a state of the page counts for nothing."""
    assert likeness(called) <= 0


def test_a_surer_name_wins_over_a_less_sure_one() -> None:
    """A ticker comes before a list called latest, wherever it stands."""
    assert first(listed("latest", MORE) + listed("news-ticker", NEWS)) == list(NEWS)


def test_slots_that_are_no_headlines_lose_whatever_the_name() -> None:
    """A ticker of prices is passed over for a list with a less sure name."""
    assert first(listed("ticker", PRICES) + listed("latest", NEWS)) == list(NEWS)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<nav>", "</nav>"),
        ("<footer>", "</footer>"),
        ("<form><input>", "</form>"),
        ("<div hidden>", "</div>"),
        ('<div style="display: none">', "</div>"),
        ('<div class="d-none">', "</div>"),
        ('<div role="dialog">', "</div>"),
        ('<div class="cookie-banner">', "</div>"),
        ('<div class="product-marquee">', "</div>"),
    ],
)
def test_some_places_hold_no_strip(before: str, after: str) -> None:
    """Menus, footers, forms, dialogs and what is hidden are no place for a strip."""
    page = (
        before
        + listed("ticker", MORE)
        + after
        + listed("latest", NEWS)
        + "<p>It rained. Nobody came.</p>" * 9
    )
    assert first(page) == list(NEWS)


def test_a_ticker_may_have_the_role_of_a_menu_around_it() -> None:
    """Themes write so; what is a menu by its element is one, and a list that is less surely a ticker."""
    assert first(f'<div role="navigation">{listed("ticker", NEWS)}</div>') == list(NEWS)
    for menu in (
        f"<nav>{listed('ticker', NEWS)}</nav>",
        f'<div role="navigation">{listed("latest", NEWS)}</div>',
    ):
        with pytest.raises(SplitError):
            find_strips(menu + "<main>" + "<p>It rained. Nobody came.</p>" * 9 + "</main>", "here")


@pytest.mark.parametrize("classes", ["hidden md:block", "d-none d-md-flex"])
def test_hidden_on_phones_only_is_shown(classes: str) -> None:
    """Utility classes that hide on small screens only hide nothing here."""
    assert first(f'<div class="{classes}">{listed("ticker", NEWS)}</div>') == list(NEWS)


def test_a_form_around_the_whole_page_is_the_page() -> None:
    """A page that is all one form, as ASP.NET writes it, has its strip in the form."""
    assert first(f'<body><form><input type="hidden">{listed("ticker", NEWS)}</form></body>') == list(NEWS)


def test_items_that_take_turns_are_all_shown() -> None:
    """A hidden item beside a shown one like it is shown in its turn; a hidden template is not."""
    items = f'<li>{NEWS[0]}</li><li style="display:none">{NEWS[1]}</li><li hidden>{{{{ title }}}}</li>'
    assert first(f'<ul class="ticker">{items}</ul>') == list(NEWS)


@pytest.mark.parametrize(
    "item",
    [
        '<li class="item sponsored"><a>New boots for the hills and the harbour</a></li>',
        "<li><small>Sponsored</small> <a>New boots for the hills and the harbour</a></li>",
        "<li><span>إعلان ممول</span><a>New boots for the hills and the harbour</a></li>",
        '<li class="quote">Barley 171.00 +0.1%</li>',
        '<li class="weather">Hill Town 14°C</li>',
        "<li><a>Subscribe to our newsletter</a></li>",
        "<li>حمل تطبيق الضفة</li>",
        "<li>© Hill Gazette</li>",
    ],
)
def test_what_is_no_news_among_headlines_is_left_out(item: str) -> None:
    """Advertisements, prices and calls by their names or labels are no slots of a strip of headlines."""
    headlines = "".join(f"<li>{text}</li>" for text in (*NEWS, *MORE))
    assert first(f'<ul class="ticker">{headlines}{item}</ul>') == [*NEWS, *MORE]


def test_a_list_that_is_called_otherwise_is_no_part_of_the_strip() -> None:
    """Links to social networks beside the headlines, in markup that is like theirs."""
    lists = listed("news", (*NEWS, *MORE)), listed("x", ("Pager", "Our wall"))
    assert first(
        f'<div class="ticker"><div>{lists[0]}</div><div class="social-links">{lists[1]}</div></div>'
    ) == [*NEWS, *MORE]


def test_a_short_headline_with_figures_stays() -> None:
    """Figures alone make no price of a headline."""
    texts = (*NEWS, "Inflation: 4.5 %")
    assert first(listed("ticker", texts)) == list(texts)


def test_a_label_for_screen_readers_names_a_strip() -> None:
    """A label is read with its accents, as readers write it."""
    items = "".join(f"<a>{text}</a>" for text in NEWS)
    assert first(
        f'<main><p>It rained.</p></main><div aria-label="Dernières nouvelles">{items}</div>'
    ) == list(NEWS)


def test_a_message_is_no_single_headline() -> None:
    """What flashes may be a message, and what has the latest news a part of the page: one text is no strip there."""
    for called in ("flash", "latest-news-header"):
        with pytest.raises(SplitError):
            find_strips(
                f'<body><div class="{called}"><a>{NEWS[0]}</a></div><main>It rained.</main></body>', "here"
            )


def test_a_label_in_a_menu_names_no_strip() -> None:
    """`Latest` is an entry of menus, too, and the others stand beside it."""
    entries = "".join(f"<a>{text}</a>" for text in (*NEWS, *MORE))
    menu = f'<ul class="main-menu"><li><span>Latest</span><div>{entries}</div></li></ul>'
    page = f"<body>{menu}<main>It rained.</main></body>"
    with pytest.raises(SplitError):
        find_strips(page, "here")
    assert first(page.replace("main-menu", "x")) == [*NEWS, *MORE]


def test_a_pair_under_a_weak_name_must_be_headlines_both() -> None:
    """A menu item and a title make no strip because something near them is called latest."""
    page = f'<body><ul class="latest-news"><li>Home</li><li>{NEWS[0]}</li></ul><main>It rained.</main></body>'
    with pytest.raises(SplitError):
        find_strips(page, "here")
    assert first(page.replace("Home", NEWS[1])) == [NEWS[1], NEWS[0]]


def test_an_element_with_many_names_is_one() -> None:
    """Three attributes that name a ticker make no three items of it."""
    items = "".join(f"<p>{text}</p>" for text in (*NEWS, *MORE))
    names = 'class="w-full" role="marquee" aria-label="Breaking news" data-testid="news-ticker"'
    page = f"<section {names}>{items}</section>"
    assert first(f"<body>{page}<main>It rained.</main></body>") == [*NEWS, *MORE]


def test_two_that_rank_alike_are_not_guessed_between() -> None:
    """Two tickers with different headlines are refused, both quoted, with what to pin."""
    with pytest.raises(SplitError, match=r"two lists could be the strip, ul.ticker.*ul.ticker.*--selector"):
        find_strips(listed("ticker one", NEWS) + listed("ticker two", MORE), "here")


def test_copies_of_one_strip_are_no_rivals() -> None:
    """The same headlines in a second ticker, for phones, are one strip."""
    assert first(listed("ticker one", NEWS) + listed("ticker two", NEWS)) == list(NEWS)


def test_badges_on_cards_hide_no_strip_behind_them() -> None:
    """However many cards with a badge stand before it, the strip that a label names is found."""
    cards = "".join(
        f'<div class="card"><span>News</span><h3>{MORE[0]} {number}</h3></div>'
        for number in range(MAX_CONTAINERS + 9)
    )
    strip = f"<div><b>Breaking News</b><p>{NEWS[0]}</p><p>{NEWS[1]}</p><p>{MORE[1]}</p></div>"
    assert first(f"<main>{cards}</main>{strip}") == [*NEWS, MORE[1]]


def test_survey_says_why_each_rival_was_passed_over() -> None:
    """The survey lists the strip first with its score, then the others with reasons."""
    page = listed("ticker", PRICES) + f"<nav>{listed('breaking', MORE)}</nav>" + listed("latest-news", NEWS)
    strip, *others = survey(page, "here")
    assert strip.element == "ul.latest-news"
    assert strip.score > 0
    why = {other.element: other.why for other in others}
    assert "figures" in why["ul.ticker"]
    assert "menu" in why["ul.breaking"]


def test_many_named_elements_are_bounded() -> None:
    """A page on which everything is called a ticker is looked into so far and no farther."""
    page = "".join(f'<section><div class="ticker">x{n}</div></section>' for n in range(MAX_CONTAINERS * 5))
    assert len(survey(page, "here")) <= MAX_CONTAINERS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (NEWS[0], "headlines"),
        ("إغلاق السوق القديمة بعد حريق محدود", "headlines"),
        ("Rovers 2 - 1 Albion after extra time in the cup", "headlines"),
        ("Rovers 2 - 1 Albion", "figures"),
        ("Silver 28.40 -0.2%", "figures"),
        ("Shop now and get free delivery", "offers"),
        ("Livraison offerte dès 40 €", "offers"),
        ("I could not agree more with this", "comments"),
        ("Terms and conditions of use", "small print"),
        ("At least ten characters and a symbol", "rules"),
        ("Veuillez rester poli avec les modérateurs", "rules"),
        ("يرجى عدم نشر الروابط الإعلانية", "rules"),
        ("Mira Holt – Paper Lanterns", "a chart"),
        ("Barley Growers United (NYSE: BGU)", "figures"),
        ("const tide = harbour.open();", "code"),
        ("اِفْتَتَحَ الوَزِيرُ مَحَطَّةَ التَّحْلِيَةِ", "headlines"),
        ("मंत्री ने नए पुल का उद्घाटन किया", "headlines"),
        ("07:10 Hill Town, platform 3, on time", "a timetable"),
        ("ira: is the pier open again", "comments"),
        ("Harbour expand_circle_down", "a menu"),
        ("Sport and leisure", "a menu"),
        ("It rained all day. Nobody came to the fair.", "prose"),
        ("{{ item.title }} is loading", "a template"),
        ("12 March 2026", "labels, times or counters"),
    ],
)
def test_texts_are_told_by_their_words(text: str, kind: str) -> None:
    """What a text is: a headline, or one of the other things that stand in lists."""
    assert kind_of(text) == kind


def test_reading_of_a_list_names_what_most_of_it_is() -> None:
    """A list reads as the share of its headlines, and as what the rest is."""
    assert read(NEWS).headlines == 1
    assert read(PRICES).mostly == "figures"


@pytest.mark.parametrize(
    ("tag", "called", "holds"),
    [
        ("span", "post-date", "time"),
        ("time", "", "time"),
        ("span", "sr-only", "unseen"),
        ("a", "cat-links", "section"),
        ("h3", "", "title"),
        ("div", "c-card__excerpt", "summary"),
        ("button", "", "call"),
        ("div", "wrapper", None),
    ],
)
def test_parts_of_items_are_told_by_tags_and_names(tag: str, called: str, holds: str | None) -> None:
    """An element of an item says by its tag or class what it holds."""
    assert part(tag, called) == holds


@pytest.mark.parametrize(
    "strip",
    [
        f"<b>Watch</b><p>{' • '.join((*NEWS, *MORE))}</p><a href='/all'>The whole archive</a>",
        f"<p>{' // '.join((*NEWS, *MORE))}</p><a>Archive »</a><span>Watch</span>",
        f"<span>Watch</span><tt><font>{NEWS[0]} | {NEWS[1]} | </font>{MORE[0]} | {MORE[1]}</tt>",
    ],
)
def test_words_beside_the_element_with_all_separators_are_no_headline(strip: str) -> None:
    """Where one element holds all that parts headlines, a word before it and a link behind are not of the strip."""
    assert first(f'<div class="newsbar">{strip}</div>') == [*NEWS, *MORE]


@pytest.mark.parametrize("name", ["newsbar", "zz"])
def test_a_word_in_an_element_like_that_of_the_strip_is_no_item(name: str) -> None:
    """A word and the whole strip in two elements alike are no two headlines, whatever the strip is called."""
    strip = f"<span>Watch</span><span>{' • '.join((*NEWS, *MORE))}</span><button>Pause</button>"
    assert first(f'<main><h1>The mill</h1></main><div class="{name}">{strip}</div>') == [*NEWS, *MORE]


@pytest.mark.parametrize(
    "call",
    [
        "<a class='btn' href='/x'>The whole file</a>",
        "<button>To the harbour</button>",
        "<a>Follow live updates</a>",
    ],
)
def test_a_button_beside_a_single_headline_is_no_second_one(call: str) -> None:
    """What is called a button, or asks for something, is none of the items."""
    assert first(f'<div class="breaking-bar"><b>Breaking</b><a href="/1">{NEWS[0]}</a>{call}</div>') == [
        NEWS[0]
    ]


def test_an_element_that_begins_with_a_separator_has_a_slot_before_it() -> None:
    """However short it is: the separator says that it is one."""
    page = f'<div class="ticker"><i>Mine reopens</i><p>• {" • ".join((*NEWS, *MORE))}</p></div>'
    assert first(page) == ["Mine reopens", *NEWS, *MORE]


def links(texts: tuple[str, ...]) -> str:
    return "".join(f"<a href='/{number}'>{text}</a>" for number, text in enumerate(texts))


@pytest.mark.parametrize(
    "strip",
    [
        f"<div class='zz'><h5>عاجل</h5><ul>{''.join(f'<li>{text}</li>' for text in (*NEWS, *MORE))}</ul></div>",
        f"<div class='zz'><div><h3>Breaking news</h3></div><div>{links((*NEWS, *MORE))}</div></div>",
        f"<table><tr><td><img alt='Breaking'><td>{'<td>'.join(map(links, zip((*NEWS, *MORE))))}</table>",
        f"<nav aria-label='Breaking news' class='bar-nav'>{listed('', (*NEWS, *MORE))}</nav>",
        f"<div class='zz'><p><i class='sr-only'>Section:</i> Just in</p><div>{links((*NEWS, *MORE))}</div></div>",
    ],
)
def test_urgent_labels_name_a_strip_wherever_they_stand(strip: str) -> None:
    """In a heading, in a picture, for screen readers: what says `Breaking` stands before a strip."""
    assert first(f"<html><body><main><h1>The mill</h1></main>{strip}</body></html>") == [*NEWS, *MORE]


@pytest.mark.parametrize(
    "block",
    [
        f"<div class='zz'><h3>Latest news</h3>{listed('', (*NEWS, *MORE))}</div>",
        f"<div class='zz'><h3>Breaking</h3><p>{NEWS[0]}</p><img src='a'><p>{NEWS[1]}</p><p>{MORE[0]}</p></div>",
        f"<div class='zz'><img alt='Headlines today'>{listed('', (*NEWS, *MORE))}</div>",
        f"<div class='zz'><b>Most read</b>{listed('', (*NEWS, *MORE))}</div>",
        f"<nav aria-label='Top stories'>{listed('', (*NEWS, *MORE))}</nav>",
        f"<div><p>Breaking</p><nav>Home</nav><div>{links((*NEWS, *MORE))}</div><footer>Contact</footer></div>",
    ],
)
def test_other_labels_name_parts_of_a_page(block: str) -> None:
    """A heading that is not urgent or over cards, a site's name, what is read most, an empty bar: these name none."""
    with pytest.raises(SplitError):
        find_strips(f"<html><body><main><h1>The mill</h1></main>{block}</body></html>", "here")


def test_what_is_read_most_is_no_strip_of_a_text() -> None:
    """A block of lines under such a label is not what is new."""
    page = f"About us\nContact\n\nMost read\n1. {NEWS[0]}\n2. {NEWS[1]}\n3. {MORE[0]}\n4. {MORE[1]}\n"
    with pytest.raises(SplitError):
        find_strips(page, "here")


def test_quoted_prices_are_no_headlines_however_they_are_cut() -> None:
    """A row of pairs and metals with arrows is a price list, whichever of its signs parts it."""
    prices = "dollar/pound 1.27 ▲0.12 | euro/pound 0.86 ▼0.08 | franc 1.12 | oil 64.31 ▼ | gold 2,310 ▲0.4%"
    with pytest.raises(SplitError):
        find_strips(
            f'<div class="ticker-wrap"><b>Exchange rates</b><marquee>{prices}</marquee></div>', "here"
        )


def test_a_summary_below_a_single_headline_is_no_second_one() -> None:
    """A heading and a sentence about it are one headline."""
    summary = (
        "Growers in the valley lost most of their blossom, and the council is to decide on help within days."
    )
    page = f'<div class="breaking-banner"><h2><a href="/x">{NEWS[0]}</a></h2><p>{summary}</p></div>'
    assert first(page) == [NEWS[0]]


@pytest.mark.parametrize(
    "row",
    [
        "Aries: a calm day | Taurus: money comes | Gemini: call a friend | Cancer: rest",
        "Rovers × City 20:00 | Albion × Town 18:00 | County × United 16:00",
        "Diesel 14.20 francs • Petrol 12.10 francs • Gas 50 francs",
    ],
)
def test_a_row_of_short_things_is_no_single_headline(row: str) -> None:
    """What too many bars part, and what is to be played, is no headline however long it is as a whole."""
    with pytest.raises(SplitError):
        find_strips(f'<div class="ticker">{row}</div>', "here")


def test_an_article_in_text_is_no_list() -> None:
    """A title, a paragraph with asides and buttons below it are no three headlines."""
    page = f"{NEWS[0][:24]}\n\nIt came – late – on Monday, and the growers – all – met at noon.\n\nRead more\nShare\n"
    with pytest.raises(SplitError):
        find_strips(page, "here")


def test_signs_in_elements_of_their_own_part_headlines_and_others_are_inside() -> None:
    """Where a bar stands in an element each time, the one in a text is that of a rubric."""
    page = f'<div class="ticker"><p>Opinion | {" <b>|</b> ".join((*NEWS, *MORE))}</p></div>'
    found, *_ = find_strips(page, "here")
    assert [slot.text for slot in found.split.slots] == [f"Opinion | {NEWS[0]}", NEWS[1], *MORE]


def test_a_label_in_what_is_called_otherwise_names_no_strip() -> None:
    """The latest of vacancies or comments are not the news."""
    for name in ("latest-jobs", "recent-comments"):
        with pytest.raises(SplitError):
            find_strips(
                f"<main></main><div class='{name}'><b>Latest</b>{links((*NEWS, *MORE))}</div>", "here"
            )


@pytest.mark.parametrize(
    "item",
    [
        "<li><span>World</span> <a href='/{n}'></a></li>",
        "<li><a href='/{n}'></a> <span>by Ann Stone</span></li>",
        "<li><time>{n} minutes ago</time><a href='/{n}'></a></li>",
        "<li><a href='/{n}'></a> <a href='/s'>Share</a> <a href='/{n}'>Read more</a></li>",
        "<li><span class='c'>Section {n}</span><a href='/{n}'></a></li>",
        "<li><b>Sponsored</b> <a href='/{n}'>These shoes have changed the way we walk</a></li>",
    ],
)
def test_items_without_headlines_are_no_single_headline(item: str) -> None:
    """What stands beside headlines that a script has yet to fill in is not published in their place."""
    items = "".join(item.format(n=number) for number in range(1, 5))
    with pytest.raises(SplitError):
        find_strips(f'<div class="news-ticker"><b>Breaking</b><ul>{items}</ul></div>', "here")
