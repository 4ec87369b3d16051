"""The turns of a host: the distances that its origins ask for."""

from streams.sources.hosts import Hosts
from tests.sources.world import run


def test_the_longest_distance_that_an_origin_of_a_host_asks_for_counts() -> None:
    """A robots.txt of http that asks for nothing does not shorten what that of https asks for, nor the other way."""

    async def turns() -> list[float | None]:
        hosts = Hosts(2.0)
        found = []
        for address, seconds in [
            ("https://site.example/", 30.0),
            ("http://site.example/", 0.0),
            ("http://site.example:8080/", 5.0),
            ("https://site.example/", 10.0),
            ("https://site.example/", 0.0),
        ]:
            hosts.keep_distance(address, seconds)
            async with hosts.turn(address) as since:
                found.append(since)
        return found

    assert [since and round(since) for since in run(turns())] == [None, 30, 30, 10, 5]
