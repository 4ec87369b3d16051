"""Kafka's jars: pinned one by one, fetched once, and only what was tested."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from msgspec.structs import replace

import streams.dev.jars
from streams.dev.jars import BROKER, KAFKA_VERSION, STREAMS, Bundle, default_cache, install
from streams.errors import SettingsError, TickerError

COORDINATE = "org.example:headlines:1.0"
CONTENT = b"no jar, but it need not be run"


def pin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sha256: str) -> None:
    """Pin one jar only, which lies where Maven keeps what it has fetched."""
    (tmp_path / "jars.lock").write_text(f"{COORDINATE} {sha256}\n")
    monkeypatch.setattr(streams.dev.jars, "BROKER", replace(BROKER, lock=tmp_path / "jars.lock"))
    jar = tmp_path / "maven" / "org" / "example" / "headlines" / "1.0" / "headlines-1.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(CONTENT)
    monkeypatch.setenv("M2_REPO", str(tmp_path / "maven"))


@pytest.mark.parametrize("bundle", [BROKER, STREAMS])
def test_every_jar_is_pinned_to_one_version_and_one_content(bundle: Bundle) -> None:
    """Full coordinates, distinct files, whole SHA-256 digests."""
    jars = bundle.jars()
    assert len({jar.filename for jar in jars}) == len(jars)
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in jars)


def test_kafka_streams_needs_nothing_twice() -> None:
    """Its lock has what the broker's has not, or has in another version."""
    assert not set(STREAMS.jars()) & set(BROKER.jars())
    assert f"kafka-streams-{KAFKA_VERSION}.jar" in {jar.filename for jar in STREAMS.jars()}


def test_starts_at_the_same_time_fetch_once(
    kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others wait and find it there."""
    del kafka  # where the extra is missing, that fixture has said so
    pin(monkeypatch, tmp_path, hashlib.sha256(CONTENT).hexdigest())
    fetched: list[str] = []
    with ThreadPoolExecutor(4) as pool:
        starts = [pool.submit(install, tmp_path, lambda *step: fetched.append(str(step))) for _ in range(4)]
    folders = {start.result().folder for start in starts}
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [["headlines-1.0.jar"]]
    assert len(fetched) == 2  # begun and done, once


def test_another_content_is_refused(kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A jar that is not the one that was tested never gets into the cache."""
    del kafka
    pin(monkeypatch, tmp_path, "0" * 64)
    with pytest.raises(TickerError, match=f"{COORDINATE}: SHA-256 .* is not {'0' * 64}"):
        install(tmp_path)
    assert not [path for path in tmp_path.glob("kafka-*") if path.suffix != ".partial"]


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The setting that moves it is named."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"cannot write the cache folder .*TICKER_CACHE"):
        install(tmp_path / "file" / "cache")


@pytest.mark.parametrize("told", ["variable", "file"])
def test_whoever_has_no_flag_for_the_cache_obeys_the_setting(
    told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ticker bench` and its contenders use the Kafka that `ticker broker` fetched, not another."""
    monkeypatch.chdir(tmp_path)
    if told == "variable":
        monkeypatch.setenv("TICKER_CACHE", str(tmp_path / "jars"))
    else:
        Path("ticker.toml").write_text(f'cache = "{tmp_path / "jars"}"\n')
    assert default_cache() == tmp_path / "jars"
