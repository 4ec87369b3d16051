"""What a source is asked and what its answers come to, against servers that behave like the worst of the web."""

import asyncio
import gzip
import ssl
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from random import Random

import pytest
import trustme

from streams.settings import Secret
from streams.sources import fetch
from streams.sources.answer import MAX_BODY, shown
from streams.sources.memory import Memory
from streams.sources.visit import Reading
from tests.sources.world import (
    Answering,
    Request,
    answer,
    in_turn,
    page,
    raw,
    run,
    site,
    source,
    take,
    visiting,
)

ONE = "Parliament votes on the new water law tonight"
TWO = "Storm closes the harbour for a second day"
THREE = "Teachers and ministry agree on a new timetable"
PAGE = page(ONE, TWO, THREE)


def visit_of(answering: Answering, **options: object) -> Reading:
    """The reading of one visit to a site that answers so."""

    async def main() -> Reading:
        async with site() as there:
            there.answers["/"] = answering
            one = source(there.address(), **options)
            async with visiting(one) as visitor:
                return await visitor.visit(one)

    return run(main())


def test_a_page_is_fetched_and_its_strip_read() -> None:
    """The strip, its slots and where they lead, with what the visit cost."""
    reading = visit_of(answer(200, PAGE, etag='"1"', cache_control="max-age=30"))
    visit = reading.visit
    assert (visit.outcome, visit.status, visit.kind, visit.problem) == ("changed", 200, "page", "")
    assert [slot.text for slot in reading.slots] == [ONE, TWO, THREE]
    assert (reading.slots[0].link or "").endswith(f"/story/{len(ONE)}")
    assert reading.slots[0].link == visit.answered_by.rstrip("/") + f"/story/{len(ONE)}"
    assert visit.requests == 2, "robots.txt and the page"
    assert visit.wire_bytes > visit.body_bytes == len(PAGE)
    assert visit.robots == "no robots.txt (404)"
    assert visit.validators.etag == '"1"'


def test_who_asks_says_so_and_whom_to_write_to() -> None:
    """Every request, that for robots.txt too, carries the contact."""

    async def main() -> None:
        async with site() as there:
            there.answers["/"] = answer(200, PAGE)
            async with visiting(one := source(there.address(), language="ar")) as visitor:
                await visitor.visit(one)
                chosen = {"accept-LANGUAGE": Secret("fr"), "accept": Secret("text/html")}
                await visitor.visit(source(there.address(), id="two", language="ar", headers=chosen))
            for request in there.requests:
                assert request.headers["user-agent"].startswith("headline-ticker/")
                assert request.headers["user-agent"].endswith("(+desk@newsroom.example)")
            first, second = (each.headers for each in there.asked("/"))
            assert first["accept-language"] == "ar, *;q=0.5"
            assert (second["accept-language"], second["accept"]) == ("fr", "text/html")

    run(main())


COMPRESSED = {
    "gzip": gzip.compress(PAGE.encode()),
    "deflate": zlib.compress(PAGE.encode()),
    "raw deflate": zlib.compress(PAGE.encode())[2:-4],
}


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_compressed_bodies_are_read(encoding: str) -> None:
    """Gzip, and deflate with and without its header."""
    reading = visit_of(answer(200, COMPRESSED[encoding], content_encoding=encoding.rsplit(maxsplit=1)[-1]))
    assert [slot.text for slot in reading.slots] == [ONE, TWO, THREE]
    assert reading.visit.body_bytes == len(PAGE) > len(COMPRESSED[encoding])


def test_a_file_that_is_packed_by_itself_is_unpacked() -> None:
    """As `sitemap.xml.gz` is, without a word about it in the headers."""
    reading = visit_of(answer(200, COMPRESSED["gzip"], content_type="application/gzip"))
    assert [slot.text for slot in reading.slots] == [ONE, TWO, THREE]


ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
BOMB = gzip.compress(bytes(64 << 20))
MISBEHAVING: dict[str, tuple[Answering, str]] = {
    "a gzip bomb": (answer(200, BOMB, content_encoding="gzip"), f"more than {MAX_BODY:,} bytes"),
    "a bomb that is packed by itself": (answer(200, BOMB), f"more than {MAX_BODY:,} bytes"),
    "gzip that is cut off": (
        answer(200, COMPRESSED["gzip"][:-20], content_encoding="gzip"),
        "ends too early",
    ),
    "gzip that is none": (answer(200, b"no gzip at all", content_encoding="gzip"), "damaged"),
    "an encoding nobody asked for": (answer(200, b"x", content_encoding="br"), "encoding 'br'"),
    "an endless body": (raw(ENDLESS, *[b"<p>" * 30_000] * 200), f"more than {MAX_BODY:,} bytes"),
    "a body that trickles": (raw(ENDLESS, *[b"<"] * 100, pause=1.0), "no whole answer within 30 s"),
    "no answer at all": (raw(b"", pause=100.0), "no whole answer within 30 s"),
    "a length that is too long": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + PAGE.encode()),
        "the body was cut off",
    ),
    "two lengths": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        "",
    ),
    "chunks that are none": (
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello"),
        "",
    ),
    "a header without end": (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"), ""),
    "headers without end": (raw(b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 50_000 + b"\r\n"), ""),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), ""),
    "a connection that is closed": (raw(b""), "closed without an answer"),
    "500": (answer(500), "answers 500"),
    "a picture": (answer(200, b"\x89PNG\r\n\x1a\n0000"), "a PNG image"),
    "304 without cause": (answer(304), "named nothing to compare with"),
    "a redirect to nowhere": (answer(302), "does not say where to"),
    "a redirect to a file": (answer(302, location="file:///etc/passwd"), "redirects to what is no address"),
    "a redirect in a circle": (answer(302, location="/"), "in a circle"),
}


MISBEHAVING |= {
    "a redirect to half an address": (answer(302, location="http://[x"), "redirects to what is no address"),
    "a redirect to a host without letters": (answer(302, location="http://\xff/"), ""),
    "a redirect to no port": (answer(302, location="http://x:99999/"), "redirects to what is no address"),
}


@pytest.mark.parametrize("case", MISBEHAVING)
def test_an_answer_of_no_use_is_a_visit_that_failed(case: str) -> None:
    """Nothing is raised, nothing is published, and the problem is told in words."""
    answering, told = MISBEHAVING[case]
    reading = visit_of(answering)
    assert reading.visit.outcome == "failed"
    assert reading.strip is None
    assert reading.visit.problem
    assert told in reading.visit.problem
    assert reading.visit.problem.isprintable()


def test_a_site_that_refuses_connections_is_told_in_words_of_its_own() -> None:
    """The host, the port and the system's reason, and nothing of the client's settings."""

    async def main() -> Reading:
        async with site() as there:
            one = source(there.address())
        async with visiting(one) as visitor:
            return await visitor.visit(one)

    problem = run(main()).visit.problem
    assert "no connection to 127.0.0." in problem
    assert "it refused the connection" in problem
    assert "ssl" not in problem


def test_what_a_site_says_reaches_no_terminal_as_control_characters() -> None:
    """A location with an escape sequence in it is told without it."""
    reading = visit_of(raw(b"HTTP/1.1 302 Found\r\nLocation: ftp://x/\x1b[2J\r\n\r\n"))
    assert reading.visit.outcome == "failed"
    assert "\x1b" not in reading.visit.problem


@pytest.mark.parametrize("written", ["/été?à".encode(), "/été?à".encode("latin-1")])
def test_a_redirect_that_is_not_ascii_is_followed(written: bytes) -> None:
    """With its bytes percent-encoded, whatever their encoding, in the page's rules and links too."""

    async def main() -> None:
        async with site() as there:
            path = "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in written)
            there.answers["/robots.txt"] = answer(200, "User-agent: *\nDisallow: /private")
            there.answers["/"] = raw(
                b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + written + b"\r\n\r\n"
            )
            there.answers[path] = answer(200, PAGE)
            async with visiting(one := source(there.address())) as visitor:
                reading = await visitor.visit(one)
            assert reading.visit.outcome == "changed", reading.visit.problem
            assert reading.visit.answered_by == there.address(path)

    run(main())


def test_a_page_in_another_encoding_is_read_as_its_server_says() -> None:
    """A charset in the header counts where the page itself says nothing."""
    arabic = page("البرلمان يصوت الليلة على قانون الماء", "العاصفة تغلق الميناء", "اتفاق جديد مع الأساتذة")
    reading = visit_of(answer(200, arabic.encode("cp1256"), content_type="text/html; charset=windows-1256"))
    assert reading.slots[0].text == "البرلمان يصوت الليلة على قانون الماء"


def test_an_unchanged_page_is_told_by_its_validators_or_its_bytes() -> None:
    """The second visit sends both validators; a 304, or the same bytes again, shows the last strip as of now."""

    async def main() -> None:
        async with site() as there, site("127.0.0.2") as same:
            dated = {"etag": '"a"', "last_modified": "Wed, 11 Mar 2026 08:00:00 GMT"}
            there.answers["/"] = in_turn(answer(200, PAGE, **dated), answer(304))
            same.answers["/"] = answer(200, PAGE)
            first, second = source(there.address(), id="first"), source(same.address(), id="second")
            async with visiting(first, second) as visitor:
                readings = await take(visitor, 4)
            asked = there.asked("/")[1].headers
            assert asked["if-none-match"] == '"a"'
            assert asked["if-modified-since"] == "Wed, 11 Mar 2026 08:00:00 GMT"
            assert "if-none-match" not in there.asked("/")[0].headers
            assert "if-none-match" not in same.asked("/")[1].headers
            for name in ("first", "second"):
                before, after = (each for each in readings if each.visit.source == name)
                assert (before.visit.outcome, after.visit.outcome) == ("changed", "unchanged")
                assert after.is_same
                assert after.visit.body is None
                assert before.strip is not None
                assert after.strip is not None
                assert after.slots == before.slots
                assert after.strip.observed_at > before.strip.observed_at
                assert after.strip.id != before.strip.id

    run(main())


def test_a_304_is_believed_for_an_hour_at_most() -> None:
    """A site that answers 304 whatever happens is asked for all of its page once an hour."""

    async def main() -> None:
        async with site() as there:
            whole = in_turn(answer(200, PAGE, etag='"a"'), answer(200, page(THREE, ONE, TWO), etag='"a"'))

            async def stuck(request: Request, writer: asyncio.StreamWriter) -> None:
                await (answer(304) if "if-none-match" in request.headers else whole)(request, writer)

            there.answers["/"] = stuck
            async with visiting(source(there.address(), shortest=60.0, longest=60.0)) as visitor:
                readings = await take(visitor, 130)
            changes = [each.visit.at for each in readings if not each.is_same]
            assert len(changes) == 2
            assert 3_600_000 <= changes[1] - changes[0] <= 3_660_000

    run(main())


def test_credentials_go_to_the_origin_of_the_source_and_nowhere_else() -> None:
    """A redirect to another host or port gets neither the headers of the source nor its validators."""

    async def main() -> None:
        async with site() as there, site() as elsewhere:
            there.answers["/"] = answer(302, location=elsewhere.address("/news"))
            elsewhere.answers["/news"] = answer(200, PAGE)
            secret = {"Authorization": Secret("Bearer sesame"), "Cookie": Secret("session=sesame")}
            async with visiting(one := source(there.address(), headers=secret)) as visitor:
                reading = await visitor.visit(one)
            assert reading.visit.outcome == "changed"
            assert reading.visit.redirects == 1
            assert reading.visit.answered_by == elsewhere.address("/news")
            assert there.asked("/")[0].headers["authorization"] == "Bearer sesame"
            assert "sesame" not in str(elsewhere.requests)
            assert "sesame" not in str([each for each in there.requests if each.path == "/robots.txt"])

    run(main())


def test_addresses_of_a_private_network_are_refused() -> None:
    """A source may be on loopback only where its entry says so, and even then only on its own host."""

    async def main() -> None:
        async with site() as there, site("127.0.0.2") as inside:
            there.answers["/"] = answer(302, location=inside.address("/"))
            there.answers["/page"] = inside.answers["/"] = answer(200, PAGE)
            async with visiting() as visitor:
                forbidden = await visitor.visit(source(there.address("/page"), allow_private=False))
                redirected = await visitor.visit(source(there.address("/")))
            assert forbidden.visit.outcome == redirected.visit.outcome == "failed"
            assert "127.0.0.1 is a private address" in forbidden.visit.problem
            assert "127.0.0.2 is a private address" in redirected.visit.problem
            assert not inside.requests

    run(main())


def test_a_certificate_that_nobody_vouches_for_ends_the_visit() -> None:
    """TLS is verified, and the problem says that it is the certificate."""

    async def main() -> Reading:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        asked: list[bytes] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.read())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
        one = source(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
        async with visiting(one) as visitor:
            reading = await visitor.visit(one)
        server.close()
        assert not any(asked)
        return reading

    reading = run(main())
    assert reading.visit.outcome == "forbidden"
    assert "its certificate is not trusted" in reading.visit.robots


def test_rules_are_remembered_of_so_many_origins_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that leads to another host every time costs us no more memory each time; what is needed stays."""
    monkeypatch.setattr(fetch, "MAX_ORIGINS", 3)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            sites = [await stack.enter_async_context(site()) for _ in range(6)]
            memory = Memory()
            visitor = await stack.enter_async_context(visiting(memory=memory))
            for each in sites:
                sites[0].answers["/"] = answer(302, location=each.address("/page"))
                each.answers["/page"] = answer(200, PAGE)
                await visitor.visit(source(sites[0].address()))
            assert {origin.rpartition(":")[2] for origin in memory.rules} == {
                str(sites[number].port) for number in (0, 4, 5)
            }
            assert not visitor._fetcher._asking

    run(main())


def test_rules_are_remembered_of_so_many_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few origins they are of."""
    monkeypatch.setattr(fetch, "MAX_RULES", 10_000)
    noise = Random(1)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            sites = [await stack.enter_async_context(site()) for _ in range(4)]
            memory = Memory()
            visitor = await stack.enter_async_context(visiting(memory=memory))
            for each in sites:
                rules = "".join(f"Disallow: /{noise.getrandbits(200):x}\n" for _ in range(100))
                each.answers["/robots.txt"] = answer(200, f"User-agent: *\n{rules}")
                await visitor.visit(source(each.address()))
            assert sum(each.size for each in memory.rules.values()) <= 10_000
            assert 1 <= len(memory.rules) < 4

    run(main())


def test_whoever_is_refused_leaves_nothing_behind() -> None:
    """A robots.txt that may not be asked for is asked for by nobody any more, and its lock is gone."""

    async def main() -> None:
        async with site() as there, visiting() as visitor:
            readings = await asyncio.gather(
                *(
                    visitor.visit(source(there.address(f"/{number}"), id=f"s{number}", allow_private=False))
                    for number in range(3)
                )
            )
            assert {each.visit.outcome for each in readings} == {"failed"}
            assert not visitor._fetcher._asking

    run(main())


def test_a_header_that_is_not_utf_8_is_told_in_what_is() -> None:
    """Its bytes come as lone surrogates, which neither a database nor Kafka could take."""
    reading = visit_of(raw(b"HTTP/1.1 200 OK\r\nCache-Control: max-age=\xff\r\nContent-Length: 0\r\n\r\n"))
    assert reading.visit.cache_control == "max-age=?"
    assert shown("\ud800") == "?"


def test_a_large_robots_txt_is_read_beside_the_loop() -> None:
    """It counts as any other does, and others go on while it is parsed."""
    paths = "".join(f"Disallow: /private/{number}\n" for number in range(12_000))

    async def main() -> None:
        async with site() as there:
            there.answers["/robots.txt"] = answer(200, f"User-agent: *\n{paths}")
            there.answers["/private/9"] = answer(200, PAGE)
            async with visiting() as visitor:
                reading = await visitor.visit(source(there.address("/private/9")))
            assert reading.visit.outcome == "forbidden"
            assert not there.asked()

    run(main())


def test_a_name_is_resolved_in_no_thread_that_others_wait_for() -> None:
    """Where all threads of the loop are busy, names are resolved all the same, and the other way round."""

    async def main() -> Reading:
        async with site() as there, visiting() as visitor:
            there.answers["/"] = answer(200, PAGE)
            busy, loop = threading.Event(), asyncio.get_running_loop()
            with ThreadPoolExecutor(1) as threads:
                loop.set_default_executor(threads)
                loop.run_in_executor(None, busy.wait)
                reading = await visitor.visit(source(f"http://localhost:{there.port}/"))
                busy.set()
            return reading

    assert asyncio.run(main()).visit.outcome == "changed"
