"""Server-sent events, over real connections: each reader gets each wanted headline once, in order."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from streams.serve.position import write_position
from streams.serve.readers import MAX_WAITING_BYTES, Readers
from streams.serve.window import Window
from tests.serve.serve_support import IDENTITY, Listener, filled, get, headline, listening_to, serving


async def text(listener: Listener) -> str:
    """The text of the next headline."""
    _, event, data = await listener.next()
    assert event == "headline"
    return str(json.loads(data)["text"])


def test_a_reader_gets_what_comes_from_now_on() -> None:
    """Without a position, the past is the API's."""

    async def run() -> None:
        async with serving(filled(headline(1, "Old"))) as server, listening_to(server.address) as listener:
            await _readers(server.readers, 1)
            server.publish(headline(2, "New"))
            assert await text(listener) == "New"

    asyncio.run(run())


def test_a_reader_goes_on_exactly_where_it_was() -> None:
    """Last-Event-ID: nothing is lost, nothing repeated, also on another instance that read in another order."""

    async def run() -> None:
        window = Window(100, 2, lambda: 0.0)
        async with serving(window) as server, listening_to(server.address) as listener:
            await _readers(server.readers, 1)
            for number, partition in enumerate((0, 1, 0, 1)):
                server.publish(headline(number, f"Headline {number}"), partition)
            assert [await text(listener) for _ in range(3)] == ["Headline 0", "Headline 1", "Headline 2"]
        other = Window(100, 2, lambda: 0.0)
        async with serving(other) as server:
            for number, partition in ((1, 1), (3, 1), (0, 0), (2, 0), (4, 0)):
                server.publish(headline(number, f"Headline {number}"), partition)
            async with listening_to(server.address, last_event_id=listener.last_id) as listener:
                assert [await text(listener) for _ in range(2)] == ["Headline 3", "Headline 4"]

    asyncio.run(run())


def test_an_instance_that_lags_repeats_nothing() -> None:
    """A reader that is further than the instance is given only what it has not had."""

    async def run() -> None:
        async with serving(Window(100, 1, lambda: 0.0)) as server:
            after = write_position(IDENTITY, (2,))
            async with listening_to(server.address, f"?after={after}") as listener:
                await _readers(server.readers, 1)
                for number in range(4):
                    server.publish(headline(number, f"Headline {number}"))
                assert [await text(listener) for _ in range(2)] == ["Headline 2", "Headline 3"]

    asyncio.run(run())


def test_a_position_that_is_not_kept_is_told_and_all_that_is_there_follows() -> None:
    """A gap is never silent."""

    async def run() -> None:
        window = filled(*(headline(number, f"Headline {number}") for number in range(5)), size=2)
        for unknown in (write_position(IDENTITY, (0,)), write_position("ffffffff", (5,)), "rubbish"):
            async with (
                serving(window) as server,
                listening_to(server.address, f"?after={unknown}") as listener,
            ):
                _, event, _ = await listener.next()
                assert event == "reset"
                assert [await text(listener) for _ in range(2)] == ["Headline 3", "Headline 4"]

    asyncio.run(run())


def test_a_reader_gets_only_what_it_wants_and_its_position_moves_all_the_same() -> None:
    """Who waits for Arabic does not fall out of the window while English comes."""

    async def run() -> None:
        async with (
            serving(Window(100, 1, lambda: 0.0)) as server,
            listening_to(server.address, "?language=ar") as listener,
        ):
            await _readers(server.readers, 1)
            for number in range(3):
                server.publish(headline(number))
            server.readers.beat()
            server.publish(headline(3, "الرجاء يفوز بالكأس", language="ar"))
            assert await text(listener) == "الرجاء يفوز بالكأس"
            assert listener.last_id == write_position(IDENTITY, (4,))

    asyncio.run(run())


def test_a_reader_that_does_not_take_what_is_sent_is_dropped_and_holds_up_nobody() -> None:
    """Others get theirs, the drop is counted."""

    async def run() -> None:
        registry = CollectorRegistry()
        async with serving(Window(10_000, 1, lambda: 0.0), registry=registry) as server:
            host, port = server.address.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
            writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readline()
            async with listening_to(server.address, "?language=fr") as listener:
                await _readers(server.readers, 2)
                number = 0
                while len(server.readers) == 2:
                    server.publish(headline(number, "A long one " * 150))
                    number += 1
                    assert number * 1650 < 40 * MAX_WAITING_BYTES
                    await asyncio.sleep(0)
                server.publish(headline(number, "Le match", language="fr"))
                assert await text(listener) == "Le match"
            writer.close()
        assert registry.get_sample_value("ticker_serve_dropped_readers_total") == 1

    asyncio.run(run())


def test_who_leaves_is_forgotten() -> None:
    """Readers come and go for days."""

    async def run() -> None:
        async with serving(Window(100, 1, lambda: 0.0)) as server:
            for _ in range(3):
                async with listening_to(server.address):
                    await _readers(server.readers, 1)
                while len(server.readers):
                    server.readers.beat()
                    await asyncio.sleep(0.01)

    asyncio.run(run())


def test_who_goes_before_the_answer_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """Clients that hang up at once are told to nobody, and leave nothing behind."""

    async def run() -> None:
        async with serving(Window(100, 1, lambda: 0.0)) as server:
            host, port = server.address.removeprefix("http://").split(":")
            for _ in range(50):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.write(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
                writer.transport.abort()
            async with listening_to(server.address):
                server.readers.beat()
                await _readers(server.readers, 1)

    asyncio.run(run())
    assert "fault of ours" not in caplog.text


def test_more_readers_than_may_be_are_told_to_come_again() -> None:
    """The number of readers is bounded."""

    async def run() -> None:
        async with serving(Window(100, 1, lambda: 0.0), most=1) as server, listening_to(server.address):
            await _readers(server.readers, 1)
            status, headers, body = await get(server.address, "/events")
            assert (status, headers["Retry-After"]) == (503, "5")
            assert "as many readers" in body

    asyncio.run(run())


def test_one_address_cannot_take_every_place() -> None:
    """Its own limit is told like the other; whoever leaves makes room."""

    async def run() -> None:
        async with serving(Window(100, 1, lambda: 0.0), most_of_address=1) as server:
            async with listening_to(server.address):
                await _readers(server.readers, 1)
                assert not server.readers.is_full("192.0.2.1")
                assert (await get(server.address, "/events"))[0] == 503
            while len(server.readers):
                server.readers.beat()
                await asyncio.sleep(0.01)
            async with listening_to(server.address):
                await _readers(server.readers, 1)

    asyncio.run(run())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    partitions=st.lists(st.integers(0, 2), min_size=1, max_size=30),
    breaks=st.lists(st.integers(1, 8), max_size=5),
)
def test_however_often_a_reader_comes_again_it_gets_each_headline_once(
    partitions: list[int], breaks: list[int]
) -> None:
    """The law of events: what was given, joined over all connections, is what was published."""

    async def run() -> None:
        async with serving(Window(100, 3, lambda: 0.0)) as server:
            given_texts: list[str] = []
            last_id = write_position(IDENTITY, (0, 0, 0))
            for number, partition in enumerate(partitions):
                server.publish(headline(number, f"Headline {number}"), partition)
            for count in [*breaks, len(partitions)]:
                wanted = min(count, len(partitions) - len(given_texts))
                async with listening_to(server.address, last_event_id=last_id) as listener:
                    given_texts += [await text(listener) for _ in range(wanted)]
                    last_id = listener.last_id or last_id
            assert given_texts == [f"Headline {number}" for number in range(len(partitions))]

    asyncio.run(run())


async def _readers(readers: Readers, count: int) -> None:
    async with asyncio.timeout(10):
        while len(readers) != count:  # noqa: ASYNC110 (what is waited for happens in the server)
            await asyncio.sleep(0.005)
