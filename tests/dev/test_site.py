"""The news site of `ticker dev`: every outlet has a strip that our own reading finds, as it would on any site."""

import urllib.request
from pathlib import Path

import pytest

from streams.dev.site import Site
from streams.produce.extract import find_strips
from streams.sources.registry import read_sources

OUTLETS = ("akhbar", "depeches", "newsline", "sahafa")


@pytest.mark.parametrize("number", range(len(OUTLETS)), ids=OUTLETS)
def test_the_strip_of_an_outlet_is_found(number: int, tmp_path: Path) -> None:
    """Six headlines each, the growing story first, at the addresses that its sources.toml names."""
    path = tmp_path / "sources.toml"
    with Site(every=3600.0) as site:
        path.write_text(site.sources(), encoding="utf-8")
        source = read_sources(path)[number]
        assert source.address is not None
        with urllib.request.urlopen(source.address) as answer:
            page = answer.read().decode()
    assert source.id == OUTLETS[number]
    texts = [slot.text for slot in find_strips(page, source.id, address=source.address)[0].split.slots]
    assert len(texts) == len(set(texts)) == 6
    assert "3" in texts[0]
