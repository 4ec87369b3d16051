"""Finding strips in pages: text and HTML in the shapes that sites use, hostile ones too."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.errors import InputError, SplitError
from streams.produce.extract import MAX_DEPTH, Found, find_strips, looks_like, resplit

SEED_PAGE = Path(__file__).parents[3] / "shared" / "seed" / "maghress_page.txt"

A = "افتتاح محطة جديدة لتحلية مياه البحر بأكادير"
B = "مجلس المدينة يصادق على ميزانية النقل العمومي"
C = "Le port de pêche rouvre après trois mois de travaux"
D = "Sea museum welcomes its millionth visitor"
GAP = "&nbsp;" * 4
PROSE = (
    "Le conseil s'est réuni hier soir dans la grande salle de la mairie. Les élus - dont trois nouveaux - "
    "ont débattu du budget, de l'eau et des transports pendant plus de quatre heures, sans parvenir à un "
    "accord sur la question du port, qui reviendra à l'ordre du jour de la prochaine séance."
)


def texts(found: Found) -> list[str]:
    """The slots' texts."""
    return [slot.text for slot in found.split.slots]


def first(page: str, **options: str) -> list[str]:
    """The slots of the first strip of a page; what it carries gives them again."""
    found = find_strips(page, "here", **options)[0]  # type: ignore[arg-type]
    assert resplit(found.text, found.format, found.split.separator).slots == found.split.slots
    return texts(found)


HTML = {
    "list in a ticker": (
        f'<div class="news-ticker"><b>عاجل</b><ul><li><a href="/1">{A}</a></li><li><a>{B}</a></ul></div>',
        [A, B],
    ),
    "links in a marquee, bars between": (
        f"<marquee><a>{A}</a> | <a>{B}</a> | <a>{C}</a></marquee>",
        [A, B, C],
    ),
    "text in a marquee": (f"<marquee>{A} | {B} | {C}</marquee>", [A, B, C]),
    "no-break spaces in an element without a name": (
        f"<div>{A}{GAP}{B}{GAP}{GAP}{C}{GAP}</div><p>{PROSE}</p>",
        [A, B, "", C],
    ),
    "spans": (f'<div id="breaking"><span>{A}</span><span>{B}</span></div>', [A, B]),
    "slides with a time": (
        f'<section class="flash-info"><p><time>12:30</time> <a>{C}</a></p><p><i>12:45</i> <a>{D}</a></p>',
        [C, D],
    ),
    "Arabic id": (f'<div id="شريط"><p>{A}</p><p>{B}</p></div>', [A, B]),
    "markup inside items": (
        f'<ul class="ticker"><li><a><b>{A[:10]}</b>{A[10:]}</a><li>{B} <em>&amp; «خبر»</em></ul>',
        [A, f"{B} & «خبر»"],
    ),
    "an empty item": (f'<ul class="ticker"><li>{A}</li><li></li><li>{B}</li></ul>', [A, "", B]),
    "unclosed items": (f'<ul class="ticker"><li>{A}<li>{B}<li>{C}', [A, B, C]),
    "a bar inside an item": (
        f'<ul class="ticker"><li>كشك | {A}</li><li>كشك | {B}</li></ul>',
        [f"كشك | {A}", f"كشك | {B}"],
    ),
    "a hidden copy of the list": (
        f'<div class="ticker"><ul><li>{A}<li>{B}</ul><ul aria-hidden="true"><li>{A}<li>{B}</ul></div>',
        [A, B],
    ),
    "items repeated for endless scrolling": (
        f'<div class="ticker">{f"<span>{A}</span><span>{B}</span><span>{C}</span>" * 3}</div>',
        [A, B, C],
    ),
    "cloned slides at both ends": (
        f'<div class="ticker"><p class="a-cloned">{C}<p>{A}<p>{B}<p>{C}<p class="a-cloned">{A}</div>',
        [A, B, C],
    ),
    "hidden slides that are no copies": (
        f'<div class="ticker"><p>{A}</p><p aria-hidden="true">{B}</p><p aria-hidden="true">{C}</p></div>',
        [A, B, C],
    ),
    "the same headline in every slot": (f'<ul class="ticker"><li>{A}</li><li>{A}</li></ul>', [A, A]),
    "the same headline twice": (f'<ul class="ticker"><li>{A}</li><li>{B}</li><li>{A}</li></ul>', [A, B, A]),
    "scripts, styles and comments": (
        f'<p class="ticker"><script>"<a>{D}</a>"</script><a>{A}</a><!-- {C} --><a>{B}</a></p>',
        [A, B],
    ),
    "a page whose body is named like a ticker": (
        f'<body class="has-ticker"><p>{PROSE}</p><ul class="ticker"><li>{A}<li>{B}</ul><p>{PROSE}</p>',
        [A, B],
    ),
    "a list alone": (f"<ol><li>{A}</li><li>{B}</li><li>{C}</li></ol>", [A, B, C]),
    "lines broken by br": (f'<div class="ticker">{A}<br>{B}<br>{C}</div>', [A, B, C]),
}


@pytest.mark.parametrize("shape", HTML)
def test_html_shape_gives_its_slots(shape: str) -> None:
    """Each shape of HTML ticker gives exactly its slots, and so does what the strip carries."""
    page, slots = HTML[shape]
    assert looks_like(page) == "html"
    assert first(page) == slots


def test_several_strips_the_surest_first() -> None:
    """A page can show several strips; an element called ticker comes before one called latest."""
    page = (
        f'<ul class="latest"><li>{C}</li><li>{D}</li></ul>'
        f'<div class="ticker-wrap"><ul class="ticker"><li>{A}</li><li>{B}</li></ul></div>'
    )
    assert [texts(found) for found in find_strips(page, "here")] == [[A, B], [C, D]]


def test_selector_of_the_strip_or_of_its_items() -> None:
    """A selector that matches once is the strip, one that matches more is its items."""
    page = f'<div class="x"><p>{A}</p><p>{B}</p></div><ul class="ticker"><li>{C}</li><li>{D}</li></ul>'
    assert first(page, selector=".x") == [A, B]
    assert first(page, selector=".x p") == [A, B]


def test_selector_with_a_separator() -> None:
    """Text inside a selected element is split at a pinned separator."""
    page = f'<div class="x">{A} ; {B}</div>'
    assert first(page, selector=".x", separator=" ; ") == [A, B]


@pytest.mark.parametrize(("selector", "problem"), [("[[", "not CSS"), (".missing", "matches")])
def test_wrong_selector_is_named(selector: str, problem: str) -> None:
    """A selector that is no CSS or matches nothing is an error that quotes it."""
    with pytest.raises(InputError, match=problem):
        find_strips("<div>x</div>", "here", selector=selector)


def test_selector_needs_html() -> None:
    """A selector on plain text is refused."""
    with pytest.raises(InputError, match="selector"):
        find_strips(f"{A} | {B} | {C}", "here", selector="li")


@pytest.mark.parametrize("before", ["", f"{PROSE}\n\n", "عنوان الصفحة\n\n\n"])
@pytest.mark.parametrize("separator", ["\xa0" * 4, " | ", "   ", " • "])
def test_text_page_with_a_strip_in_one_line(before: str, separator: str) -> None:
    """The strip's line is found before, after or between an article's paragraphs."""
    page = f"{before}{separator.join([A, B, C, D])}\n\n\nUn titre\n{PROSE}\n{PROSE}\n"
    assert first(page) == [A, B, C, D]


def test_text_page_with_a_block_of_lines() -> None:
    """A block of headlines, one a line, is found among paragraphs."""
    page = f"{PROSE}\n\n{A}\n{B}\n{C}\n{D}\n\n{PROSE}\n{PROSE}\n"
    assert first(page) == [A, B, C, D]


def test_text_page_with_a_pinned_separator() -> None:
    """A pinned separator picks the line in which it stands."""
    assert first(f"{PROSE}\n\n{A} ; {B}\n", separator=" ; ") == [A, B]


def test_two_lines_with_pinned_line_breaks() -> None:
    """Pinned line breaks split even two lines."""
    assert first(f"{A}\n{B}\n", separator="\n") == [A, B]


def test_article_alone_is_no_strip() -> None:
    """Paragraphs, with asides between dashes, are not taken for headlines, as text or as HTML."""
    for page in (f"Un titre\n\n{PROSE}\n\n{PROSE}\n", f"<h1>Un titre</h1><p>{PROSE}</p><p>{PROSE}</p>"):
        with pytest.raises(SplitError, match=r"^here: .*--se"):
            find_strips(page, "here")


@pytest.mark.parametrize(
    "line",
    [
        "Owners must, under § 12 of the act, trim the hedge; § 14 says who pays, and § 15 of the same when that is",
        "target = socket() # open it # send some data to the host # receive what came back # close the socket again",
        "The report « of the harbour » names the pilot « of the second boat » and asks for more « without delay »",
        "© Hill Gazette | 12 Quay Street, Hill Town | +44 1632 960 001 | Designed by Wood | Hosted by Ira Wood",
        "At 18 ° C the bees stay in the hive, at 20 ° C they look out and at 24 ° C or so they leave it for the day",
        "A boat • and three crew • were towed into harbour at dusk, said a witness who saw it all from the old pier",
    ],
)
def test_a_line_of_an_article_is_no_strip(line: str) -> None:
    """Symbols cut sentences, code, references and small print as well: pieces of those do not begin anew."""
    with pytest.raises(SplitError):
        find_strips(f"<main><article><h1>A day out</h1><p>{line}</p><p>{PROSE}</p></article></main>", "here")


def test_lines_that_are_no_headlines_are_no_strip() -> None:
    """A letter or a recipe has short lines, too."""
    with pytest.raises(SplitError):
        find_strips("$a = [ 'title' => 'One' ];\n$b = open('x') | count($a) | print($b);\n", "here")
    with pytest.raises(SplitError):
        find_strips("Dear readers,\n\nWe passed your letter on. Thank you.\n\nYours,\nIra Wood\n", "here")


def test_a_table_in_text_is_no_strip() -> None:
    """The rows of a file of comma-separated values are no headlines; a comma in each headline makes no rows of them."""
    rows = "\n".join(f"{number},{title},2026-03-11" for number, title in enumerate((B, C, D)))
    with pytest.raises(SplitError):
        find_strips(f"id,title,date\n{rows}\n", "here")
    assert first(f"{C}, enfin, dit-on\n{D}, it says, again\n{A}\n")


@pytest.mark.skipif(not SEED_PAGE.exists(), reason="the page is not part of the checkout")
def test_real_page_shows_one_strip() -> None:
    """The Maghress page: the strip in its first line, and none in the article."""
    (found,) = find_strips(SEED_PAGE.read_text(encoding="utf-8"), "here")
    assert sum(map(bool, texts(found))) == 54


def test_deep_nesting_is_refused_at_once() -> None:
    """Nesting beyond the limit is refused before a parser spends minutes on it."""
    for opened in ("<div>", "<div/>", '<div title="<">', "<svg><p><path/>"):
        with pytest.raises(InputError, match=f"{MAX_DEPTH:,}"):
            find_strips(opened * 100_000, "here")


@pytest.mark.parametrize(
    "piece", ["<a ", "<a '", '<a "', "<", "</div>", "<!--", "&nbsp;", "<li class=ticker>", "<p>"]
)
def test_broken_markup_in_a_row_is_refused_at_once(piece: str) -> None:
    """A hundred thousand broken tags take no time and give no strip."""
    with pytest.raises(InputError):
        find_strips("<p>" + piece * 100_000, "here")


@given(
    st.lists(
        st.sampled_from(
            [
                "<div class=ticker>",
                "</div>",
                "<ul>",
                "<li>",
                "</li>",
                "<a>",
                "</a>",
                "<td>",
                "<table>",
                A,
                B,
                " | ",
                "<p",
            ]
        ),
        max_size=40,
    )
)
@example(["<li>", "<li>", "<table>", A, "<li>"])
def test_any_markup_is_found_or_refused(pieces: list[str]) -> None:
    """Arbitrary markup raises nothing but InputError, and what is found splits again."""
    try:
        strips = find_strips("".join(pieces), "here", format="html")
    except InputError:
        return
    for found in strips:
        assert resplit(found.text, found.format, found.split.separator).slots == found.split.slots


def test_a_line_that_begins_with_its_separator_is_the_strip_of_a_text() -> None:
    """A closing quotation mark that closes none parts headlines, and the page below is not the last of them."""
    titles = [
        "Old mill burns down in the night",
        "Bakers ask for cheaper flour",
        "Choir sings on the frozen lake",
    ]
    page = f"» {' » '.join([*titles, 'Ferry is back after the storm'])}\n\nHome\n\nThe mill stood by the river.\n"
    found, *_ = find_strips(page, "here")
    assert [slot.text for slot in found.split.slots] == [*titles, "Ferry is back after the storm"]


NEWS = [
    "Old mill burns down in the night",
    "Bakers ask for cheaper flour",
    "Choir sings on the frozen lake",
    "Ferry is back after the storm",
]
BELOW = "\n\nHome\nSport\n\nAbout us\nContact\n"


@pytest.mark.parametrize(
    "strip",
    [
        f"{' • '.join(NEWS[:2])} •\n{' • '.join(NEWS[2:])}",
        f"Latest: {' ### '.join(NEWS)}",
        f"Breaking\n{' | '.join(NEWS)}",
    ],
)
def test_a_strip_of_a_text_in_lines(strip: str) -> None:
    """A line that ends with its sign goes on in the next, a tripled sign is none of prose, a label has its own line."""
    found, *_ = find_strips(strip + BELOW, "here")
    assert [slot.text for slot in found.split.slots if slot.text] == NEWS


def test_rows_of_a_table_are_not_joined() -> None:
    """They begin with the sign that the row before ends with."""
    table = "".join(f"| {number} | {title} | {title[:9]} |\n" for number, title in enumerate(NEWS))
    with pytest.raises(SplitError):
        find_strips(f"The mill\n\n{table}{BELOW}", "here")


LISTED = (
    "Glass works on the river to close in May",
    "Night bus returns to the upper villages",
    "Beekeepers count their losses after the frost",
    "Library lends seeds to every garden",
)


@pytest.mark.parametrize("bullet", ["", "* ", "- ", "• ", "· ", "» ", "> ", "► ", "▪ ", "‣ ", "*  "])
@pytest.mark.parametrize("indent", ["", "   "])
@pytest.mark.parametrize("count", [3, 4])
def test_a_list_in_text_is_a_strip(count: int, indent: str, bullet: str) -> None:
    """A bullet before each line parts nothing and goes, and lines around the list are none of its headlines."""
    listed = "\n".join(f"{indent}{bullet}{title}" for title in LISTED[:count])
    for page in (listed, f"The valley paper\n\n{listed}\n\nWrite to us by post\n"):
        assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == list(LISTED[:count])


def test_the_numbers_of_links_in_a_dumped_page_are_no_part_of_headlines() -> None:
    """A browser for text writes a number in brackets before each link, and goes on counting from the menu."""
    listed = "\n".join(f"   * [{number}]{title}" for number, title in enumerate(LISTED, start=6))
    page = f"   [1]Home [2]Sport [3]Letters [4]Shop [5]About\n\n{listed}\n\n   6. http://valley.example/6\n"
    assert [slot.text for slot in find_strips(page, "here")[0].split.slots] == list(LISTED)


def test_a_list_of_several_blocks_in_text_is_one_strip() -> None:
    """Where no block, or more than one, is a list by itself, the page is."""
    for page in ("\n\n".join(LISTED), "\n".join([*LISTED, "", *(f"{title} again" for title in LISTED)])):
        texts = [slot.text for slot in find_strips(page, "here")[0].split.slots if slot.text]
        assert texts == [line for line in page.split("\n") if line]
