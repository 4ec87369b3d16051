"""Of an item only its headline: what stands beside it in most slots stays out, what belongs to it stays in."""

import pytest

from streams.produce.extract import find_strips

TITLES = (
    "Orchard growers ask for help after the frost",
    "Night trains return to the southern line",
    "Archive of the old theatre goes online",
    "Swimming lake stays closed until autumn",
)
SECTIONS = ("Farms", "Rail", "Stage", "Lakes")


def strip(item: str) -> list[str]:
    """The slots of a ticker whose items are all written so; {h}, {n} and {s} differ."""
    items = "".join(
        f"<li>{item.format(h=title, n=10 + number, s=SECTIONS[number])}</li>"
        for number, title in enumerate(TITLES)
    )
    return [slot.text for slot in find_strips(f'<ul class="ticker">{items}</ul>', "here")[0].split.slots]


@pytest.mark.parametrize(
    "item",
    [
        '<time>08:{n}</time><a href="/{n}">{h}</a>',
        '<a href="/{n}"><span>{n} min ago</span>{h}</a>',
        '<span class="cat">{s}</span><span>{h}</span>',
        "<span>{s}</span><span>{h}</span>",
        "<h4>{h}</h4><p>It was a long evening, and in the end all agreed on what to do about it. More tomorrow.</p>",
        '<a href="/{n}">{h}</a> <a href="#">Share</a>',
        '{h} <a href="/{n}">Read more</a>',
        '<a href="/{n}">{h}</a> by <a href="/a">Ira Wood</a>',
        '<a href="/{n}"><span class="sr-only">Story {n}: </span>{h}</a>',
        '<a href="/{n}">{h} ({n})</a>',
        '<a href="/{n}">08:{n} - {h}</a>',
        '<a href="/{n}">{h}</a><span>{n} comments</span><span>1.{n}k</span>',
        '<a href="/{n}"><img alt="x"></a><a href="/{n}">{h}</a>',
        '» <a href="/{n}">• {h}</a>',
        "<div>{h}</div><div>Hill Gazette</div>",
        "<p> -- {h} --</p>",
        '<b class="title">{h}</b><hr><div class="updated">Reported {n} h ago</div>',
        "<b>{n}:05</b>{h}",
        '{h} <a href="/{n}">Click here to read on</a>',
        '<b>08:{n}</b> : <a href="/{n}">{h}</a>',
        "<b>08:{n}</b>، {h}",
        '<span class="cat">{s}</span> / {h}',
        "<time>08:{n}</time>. {h}",
        "{h} : <time>08:{n}</time>",
        "{h}, <span>08:{n}</span>",
        "{h} ;",
        '<a href="/{n}"><b>{h}</b><span>From our night editor and the agencies, {n} March</span></a>',
    ],
)
def test_only_the_headline_is_read(item: str) -> None:
    """Clocks, ages, sections, summaries, calls, bylines, counters and the site's own name stay out."""
    assert strip(item) == list(TITLES)


@pytest.mark.parametrize(
    ("item", "slot"),
    [
        ("<b>{s}:</b> {h}", "{s}: {h}"),
        ("<em>{h}</em>", "{h}"),
        ("{h} <i>after all</i>", "{h} after all"),
        (
            '<a href="/{n}">{h}</a> says <a href="/w">a witness</a> of the whole affair on Tuesday night',
            "{h}",
        ),
        ("{h} – {n} hurt", "{h} – {n} hurt"),
        ("{n} dead: {h}", "{n} dead: {h}"),
    ],
)
def test_what_belongs_to_the_headline_stays(item: str, slot: str) -> None:
    """A word in bold that opens the headline, and numbers that are its news, are part of it."""
    assert strip(item) == [
        slot.format(h=title, n=10 + number, s=SECTIONS[number]) for number, title in enumerate(TITLES)
    ]


@pytest.mark.parametrize(
    ("sections", "item"),
    [
        (("World", "World", "World", "World"), "<b>{s}</b> {h}"),
        (("World:", "Sport:", "World:", "Sport:"), '<a href="/"><strong>{s}</strong> {h}</a>'),
        (("World", "Sport", "Arts", "Rail"), "<i>{s}</i> {h}"),
        (("World :", "Sport :", "World :", "Sport :"), "<span>{s}</span> <a>{h}</a>"),
    ],
)
def test_a_section_in_bold_is_told_by_the_others(sections: tuple[str, ...], item: str) -> None:
    """Few kinds that come again, or sentences that begin anew behind them, make sections of what is set off."""
    items = "".join(
        f"<li>{item.format(h=title, s=section)}</li><li>•</li>"
        for title, section in zip(TITLES, sections, strict=True)
    )
    page = f'<ul class="ticker">{items}</ul>'
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == list(TITLES)


def test_a_headline_drawn_word_by_word_is_one() -> None:
    """Words in elements of their own are a sentence, and a number among them is no counter."""
    items = "".join(
        "<p>" + " ".join(f"<span>{word}</span>" for word in f"{title}, 12 say".split()) + "</p>"
        for title in TITLES
    )
    page = f'<div class="ticker">{items}</div>'
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == [
        f"{t}, 12 say" for t in TITLES
    ]


def test_a_title_over_two_lines_is_one() -> None:
    """Its first words are no section: they are some each time, never the same, in an element like that of the rest."""
    broken = [(" ".join(title.split()[:2]), " ".join(title.split()[2:])) for title in TITLES]
    items = "".join(
        f'<li><a href="/{first[:3]}"><span>{first}</span><br><span>{rest}</span></a></li>'
        for first, rest in broken
    )
    found, *_ = find_strips(f'<ul class="ticker">{items}</ul>', "here")
    assert [slot.text for slot in found.split.slots] == list(TITLES)


def test_first_words_in_bold_are_no_sections() -> None:
    """A headline goes on behind its first word, in whatever script it is written."""
    for titles in (
        TITLES,
        ("عمال المناجم يطالبون بزيادة", "قطار الليل يعود إلى الجنوب", "بحيرة السباحة مغلقة حتى الخريف"),
    ):
        split = [title.split(" ", 1) for title in titles]
        items = "".join(f"<li><b>{word}</b> {rest}</li>" for word, rest in split)
        page = f'<ul class="ticker">{items}</ul>'
        assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == list(titles)


def test_neighbouring_elements_are_never_glued() -> None:
    """Texts of elements side by side are separate words, parts of a word in bold are one."""
    page = (
        '<ul class="ticker"><li><span>Rail strike</span><span>ends after talks in the capital</span>'
        "<li><b>Fer</b>ry sinks off the north coast at night"
    )
    texts = [slot.text for slot in find_strips(page, "here")[0].split.slots]
    assert texts == [
        "Rail strike ends after talks in the capital",
        "Ferry sinks off the north coast at night",
    ]


@pytest.mark.parametrize(
    "bar",
    [
        '<div class="breaking-news"><span>Breaking</span><a href="/1">{h}</a></div>',
        '<div class="breaking-news"><p>{h}</p><time>10:02</time><button>Close</button></div>',
        "<marquee>{h}</marquee>",
        '<div id="urgent">Breaking: {h}</div>',
        "<breaking-bar><b>عاجل</b><span>{h}</span></breaking-bar>",
    ],
)
def test_one_headline_is_a_strip_where_its_element_says_so(bar: str) -> None:
    """One headline in an element with a ticker's name is a strip of one, without its label."""
    (found,) = find_strips(bar.format(h=TITLES[0]) + "<p>It rained. Nobody came.</p>", "here")
    assert [slot.text for slot in found.split.slots] == [TITLES[0]]


def test_pictures_part_headlines_but_emoji_do_not() -> None:
    """Old tickers put a picture between headlines; a picture of a character is part of one."""
    texts = [title.replace(" ", ' <img class="emoji"> ', 1) for title in TITLES]
    (found,) = find_strips(f"<marquee>{'<img src=dot.gif>'.join(texts)}</marquee>", "here")
    assert [slot.text for slot in found.split.slots] == list(TITLES)


def test_headlines_between_links_are_items_too() -> None:
    """A ticker may link some of its headlines only; a summary after each link is another matter."""
    links = [f'<a href="/{n}">{title}</a>' for n, title in enumerate(TITLES)]
    words = [f"<span>{title}</span>" for title in TITLES]
    turns = "".join((links[0], words[1], links[2], words[3]))
    found = find_strips(f'<div class="ticker">{turns}</div>', "here")[0]
    assert [slot.text for slot in found.split.slots] == list(TITLES)
    summary = "<span>It was a long evening, and in the end all agreed. More tomorrow morning.</span>"
    found = find_strips(f'<div class="ticker">{summary.join(links)}{summary}</div>', "here")[0]
    assert [slot.text for slot in found.split.slots] == list(TITLES)


def test_an_item_that_opens_the_list_is_its_label() -> None:
    """A word or two with a colon at the end say what follows, whatever they are."""
    items = "".join(f"<li>{text}</li>" for text in ("On watch:", *TITLES))
    found = find_strips(f'<ul class="ticker">{items}</ul>', "here")[0]
    assert [slot.text for slot in found.split.slots] == ["", *TITLES]


def test_slides_with_several_headlines_are_no_items() -> None:
    """Where a slide holds several headlines alike, these are the items, not the slide."""
    first, second, third, fourth = (f"<a>{title}</a>" for title in TITLES)
    page = f'<div class="ticker"><div>{first}{second}</div><div>{third}{fourth}</div></div>'
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == list(TITLES)


def test_full_stops_make_no_paragraphs_of_headlines() -> None:
    """Where a ticker ends its headlines with full stops they are headlines all the same, stops and all."""
    texts = [f"{title}, and nobody knows yet what comes after that." for title in TITLES]
    page = f'<div class="news-ticker">{"".join(f"<p>{text}</p>" for text in texts)}</div>'
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == texts


def test_a_label_before_text_between_bars_is_no_part_of_the_first_headline() -> None:
    """A label in an element of its own stays out of text that is split by bars."""
    page = f'<div class="ticker"><span>Breaking</span> <span>{" | ".join(TITLES)}</span></div>'
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == list(TITLES)


@pytest.mark.parametrize(
    "item",
    [
        '<a href="/{n}" title="{h}">{cut}…</a>',
        '<a href="/{n}" aria-label="{h}">{cut}...</a>',
        '<a href="/{n}"><span title="{h}">{cut} [...]</span></a>',
        '<a href="/{n}" title="Rail"><b title="{h}">{cut} …</b></a>',
        '<a href="/{n}" title="Permanent link to {h}">{cut}…</a>',
        '<a href="/{n}" data-full-title="{h}">{cut}…</a>',
    ],
)
def test_a_headline_cut_short_is_read_in_full_where_the_page_has_it(item: str) -> None:
    """What a link or item says in `title` or `aria-label` is the headline where it goes on as what is shown does."""
    items = "".join(f"<li>{item.format(n=n, h=h, cut=h[:-9])}</li>" for n, h in enumerate(TITLES))
    slots = find_strips(f'<ul class="ticker">{items}</ul>', "here")[0].split.slots
    assert [slot.text for slot in slots] == list(TITLES)
    assert not any(slot.truncated for slot in slots)


@pytest.mark.parametrize("said", ["Open in a new tab", "{h} and what came of it", "Archive"])
def test_what_is_shown_in_full_stays_as_shown(said: str) -> None:
    """A `title` is read for a headline that is cut, and only where it goes on as that begins."""
    shown = [f'<li><a title="{said.format(h=h)}">{h}</a></li>' for h in TITLES]
    cut = [f'<li><a title="Open in a new tab">{h[:-3]}…</a></li>' for h in TITLES]
    for items, end in ((shown, None), (cut, "…")):
        slots = find_strips(f'<ul class="ticker">{"".join(items)}</ul>', "here")[0].split.slots
        assert [slot.text for slot in slots] == [h[:-3] + end if end else h for h in TITLES]


@pytest.mark.parametrize(
    "short",
    ["Tram strike, day 12", "Tram strike, Monday", "Procès du maire, le 12 mars", "سباق القوارب، الأحد"],
)
def test_a_short_headline_in_a_column_of_headlines_is_one(short: str) -> None:
    """What reads as a name and a day is one where the others at its place are, and a note beside each of them."""
    titles = (*TITLES[:2], short, *TITLES[2:])
    items = "".join(
        f'<li><a class="topic" href="/c">Rail</a><a href="/{number}">{title}</a><i>Ira Wood, Monday</i></li>'
        for number, title in enumerate(titles)
    )
    found = find_strips(f'<ul class="ticker">{items}</ul>', "here")[0].split.slots
    assert [slot.text for slot in found] == list(titles)
