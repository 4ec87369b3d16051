"""The board in a real browser: what a reader sees, hears and can do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from schemas.events import Change, Duplicate
from streams.serve.window import Sightings, Window
from tests.serve.conftest import Board
from tests.serve.serve_support import filled, headline

Serve = Callable[[Window], Board]

ARABIC: Final = headline(1, "الرجاء يفوز بكأس العرش أمام الوداد 2-1", language="ar", source="hesabe")
ENGLISH: Final = headline(2, "3 dead in bus crash near the harbour", category="disaster")
UPDATE: Final = headline(
    3, "17 dead in bus crash near the harbour", updates=2, category="disaster",
    changes=(Change(kind="toll", before="3", after="17"),),
)  # fmt: skip


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose every error in script or policy fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert not [error for error in errors if "ERR_" not in error]


def rows(page: Page) -> list[str]:
    """The headlines on the page, from the top."""
    return page.locator("#headlines .headline > bdi, #headlines .headline > a > bdi").all_text_contents()


def test_headlines_appear_as_they_come_newest_on_top(page: Page, serve: Serve) -> None:
    """What is there first, then what comes, without a reload."""
    board = serve(filled(ARABIC))
    page.goto(board.address)
    expect(page.locator("#state")).to_have_text("Live")
    board.publish(ENGLISH)
    expect(page.locator("#headlines li")).to_have_count(2)
    assert rows(page) == [ENGLISH.text, ARABIC.text]


def test_an_update_shows_what_changed_in_place_of_what_it_updates(page: Page, serve: Serve) -> None:
    """3 is struck out, 17 marked; the former wording stays to be read."""
    board = serve(filled(ENGLISH, ARABIC))
    page.goto(board.address)
    expect(page.locator("#state")).to_have_text("Live")
    board.publish(UPDATE)
    first = page.locator("#headlines li").first
    expect(first.locator("ins")).to_have_text("17")
    expect(first.locator("del").first).to_have_text("3")
    expect(first).to_contain_text(ENGLISH.text)
    assert rows(page) == [UPDATE.text, ARABIC.text]
    page.reload()
    expect(page.locator("#headlines li").first.locator("del").first).to_have_text("3")


def test_a_story_that_a_correction_ended_goes_from_an_open_page(page: Page, serve: Serve) -> None:
    """Without a reload; of what waits behind a pause too, and what is right of it comes as any headline does."""
    board = serve(filled(ARABIC, ENGLISH))
    page.goto(board.address)
    expect(page.locator("#headlines li")).to_have_count(2)
    expect(page.locator("#state")).to_have_text("Live")
    board.end(ENGLISH.chain)
    expect(page.locator("#headlines li")).to_have_count(1)
    assert rows(page) == [ARABIC.text]
    page.locator("#pause").click()
    board.publish(headline(8, "Bridge opens"))
    expect(page.locator("#pause")).to_contain_text("1 waiting")
    board.end(headline(8).chain)
    expect(page.locator("#pause")).to_have_text("Resume")


def test_pause_comes_first_for_the_keyboard_keeps_its_state_and_counts_what_waits(
    page: Page, serve: Serve
) -> None:
    """WCAG 2.2.2: nothing moves under a reader who does not want it, also after a reload."""
    board = serve(filled(ARABIC))
    page.goto(board.address)
    expect(page.locator("#state")).to_have_text("Live")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    pause = page.locator("#pause")
    expect(pause).to_be_focused()
    expect(pause).to_have_attribute("aria-pressed", "true")
    board.publish(ENGLISH, UPDATE)
    expect(pause).to_have_text("Resume (2 waiting)")
    assert rows(page) == [ARABIC.text]
    page.reload()
    expect(pause).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(pause).to_have_text("Pause")


def test_what_waited_appears_when_the_reader_goes_on(page: Page, serve: Serve) -> None:
    """Nothing is lost by pausing."""
    board = serve(filled(ARABIC))
    page.goto(board.address)
    expect(page.locator("#state")).to_have_text("Live")
    page.locator("#pause").click()
    board.publish(ENGLISH)
    expect(page.locator("#pause")).to_have_text("Resume (1 waiting)")
    page.locator("#pause").click()
    expect(page.locator("#headlines li")).to_have_count(2)


def test_a_filter_is_in_the_address_and_holds_for_what_comes(page: Page, serve: Serve) -> None:
    """A filtered board can be shared; the feed beside it has the same filter."""
    board = serve(filled(ARABIC, ENGLISH))
    page.goto(board.address)
    page.get_by_label("Language").select_option("ar")
    expect(page.locator("#headlines li")).to_have_count(1)
    assert page.url.endswith("/?language=ar")
    expect(page.locator("#feed")).to_have_attribute("href", "/all.atom?language=ar")
    page.goto(f"{board.address}/?topic=disaster&words=harbour")
    expect(page.locator("#headlines li")).to_have_count(1)
    expect(page.get_by_label("Topic")).to_have_value("disaster")
    expect(page.locator("#state")).to_have_text("Live")
    board.publish(headline(7, "Ferry late at the harbour", category="disaster"), headline(8, "Rain tomorrow"))
    expect(page.locator("#headlines li")).to_have_count(2)
    page.go_back()
    expect(page.locator("#headlines li")).to_have_count(1)


def test_arabic_runs_from_the_right_edge_beside_english_from_the_left(page: Page, serve: Serve) -> None:
    """Positions on the screen, not only attributes."""
    page.goto(serve(filled(ARABIC, ENGLISH)).address)
    column = page.locator("#headlines .headline")
    expect(column).to_have_count(2)
    arabic, english = column.nth(1), column.nth(0)
    words = {}
    for name, cell in (("ar", arabic), ("en", english)):
        box, text = cell.bounding_box(), cell.locator("bdi").first.bounding_box()
        assert box
        assert text
        words[name] = (text["x"] - box["x"], box["x"] + box["width"] - text["x"] - text["width"])
    assert words["ar"][1] < 2 < words["ar"][0]
    assert words["en"][0] < 2 < words["en"][1]
    assert (arabic.get_attribute("lang"), arabic.get_attribute("dir")) == ("ar", "rtl")


def test_why_opens_what_explain_says(page: Page, serve: Serve) -> None:
    """The swallowed variants and the rules, by keyboard too."""
    window = filled(ENGLISH)
    window.swallow(
        Duplicate(
            id=f"{99:020x}-0", source="courier", observed_at=ENGLISH.observed_at, slot=0, language="en",
            text="BREAKING: 3 dead in bus crash near the harbour", winner=ENGLISH.id, winner_text=ENGLISH.text,
            chain=ENGLISH.chain, rule="retagged", score=1.0,
        )
    )  # fmt: skip
    window.see(ENGLISH.id, Sightings(12, ENGLISH.observed_at, ("gazette", "courier")))
    page.goto(serve(window).address)
    expect(page.locator("#headlines .sources")).to_have_text("gazette +1 · 12×")
    button = page.get_by_role("button", name="Why: 3 dead in bus crash near the harbour")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Why")).to_contain_text(
        "Swallowed by rule retagged: BREAKING: 3 dead"
    )
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("group", name="Why")).to_have_count(0)


def test_hostile_headlines_stay_text_and_in_their_row(page: Page, serve: Serve) -> None:
    """Markup, overrides of direction, and two thousand letters without a space."""
    board = serve(
        filled(
            headline(1, "<img src=x onerror=alert(1)><script>alert(2)</script>"),
            headline(2, "A\u202etxet desrever\u202c B"),
            headline(3, "x" * 2000),
        )
    )
    page.goto(board.address)
    expect(page.locator("#headlines li")).to_have_count(3)
    assert rows(page)[2].startswith("<img src=x")
    assert "\u202e" not in rows(page)[1]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    ("size", "name"), [((390, 844), "phone"), ((1280, 800), "desk"), ((1920, 1080), "television")]
)
def test_it_fits_and_is_accessible_at_every_size(
    browser: Browser, serve: Serve, tmp_path: Path, size: tuple[int, int], name: str
) -> None:
    """Nothing to scroll sideways, nothing for axe to find, in light and dark and at 200 % zoom."""
    board = serve(
        filled(
            ARABIC,
            ENGLISH,
            UPDATE,
            headline(5, "Vigilance orange dans six provinces", language="fr", category="weather"),
        )
    )
    for scheme, zoom in (("light", 1), ("dark", 1), ("light", 2)):
        context = browser.new_context(
            viewport={"width": size[0] // zoom, "height": size[1] // zoom},
            device_scale_factor=zoom,
            color_scheme=scheme,  # type: ignore[arg-type] # the literal's name
        )
        opened = context.new_page()
        opened.goto(board.address)
        expect(opened.locator("#headlines li")).to_have_count(3)
        opened.screenshot(path=tmp_path / f"board-{name}-{scheme}-{zoom}.png")
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
        found = Axe().run(opened)
        assert found.violations_count == 0, found.generate_report()
        context.close()


def test_a_picture_of_the_board_for_the_readme(browser: Browser, serve: Serve, pictures: Path) -> None:
    """`make pictures` keeps it in docs/images; elsewhere it is only taken."""
    window = filled(
        headline(1, "الرجاء يفوز بكأس العرش أمام الوداد 2-1", language="ar", source="hesabe"),
        headline(8, "Vigilance orange dans six provinces", language="fr", source="meteo", category="weather"),
        ENGLISH,
        headline(4, "بنك المغرب يبقي سعر الفائدة دون تغيير", language="ar", source="bawaba", category="economy"),
        headline(5, "Tanger Med bat son record de conteneurs", language="fr", source="depeches", category="economy"),
        headline(6, "ورزازات: افتتاح مهرجان السينما في دورته العاشرة", language="ar", source="akhbar", category="arts"),
        UPDATE,
    )  # fmt: skip
    window.see(UPDATE.id, Sightings(31, UPDATE.observed_at, ("gazette", "courier", "herald")))
    for name, width, height in (("board", 1100, 620), ("board-phone", 390, 700)):
        context = browser.new_context(viewport={"width": width, "height": height})
        opened = context.new_page()
        opened.goto(serve(window).address)
        expect(opened.locator("#headlines li")).to_have_count(6)
        expect(opened.locator("#state")).to_have_text("Live")
        opened.screenshot(path=pictures / f"{name}.png")
        assert (pictures / f"{name}.png").stat().st_size > 10_000
        context.close()


def test_the_board_says_that_the_connection_is_lost_and_goes_on_when_it_is_back(
    page: Page, serve: Serve
) -> None:
    """A restart of the server is told, and nothing that came meanwhile is missing."""
    board = serve(filled(ARABIC))
    page.goto(board.address)
    expect(page.locator("#state")).to_have_text("Live")
    page.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    board.publish(ENGLISH)
    page.context.set_offline(False)
    expect(page.locator("#headlines li")).to_have_count(2, timeout=15_000)


def test_the_plain_strip_shows_one_headline_and_moves_only_when_asked(page: Page, serve: Serve) -> None:
    """For a television or an iframe: the same pause rule, and nobody who wants less motion is moved."""
    page.goto(f"{serve(filled(ARABIC, ENGLISH)).address}/strip")
    expect(page.locator("#pause")).to_have_text("Resume")
    expect(page.locator("#headline")).to_have_text(ENGLISH.text)
    page.locator("#next").click()
    expect(page.locator("#headline")).to_have_attribute("dir", "rtl")
    assert Axe().run(page).violations_count == 0


def test_the_page_is_small(page: Page, serve: Serve) -> None:
    """Less than 60 kB over the wire with a hundred headlines' data apart."""
    sizes: list[int] = []
    page.on(
        "response",
        lambda answer: (
            sizes.append(len(answer.body()))
            if "/api/" not in answer.url and "/events" not in answer.url
            else None
        ),
    )
    page.goto(serve(filled(ARABIC)).address)
    expect(page.locator("#state")).to_have_text("Live")
    assert 0 < sum(sizes) < 60_000
