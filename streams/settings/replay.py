"""The protection of production clusters from replays, and the replay's HTTP endpoint."""

from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

PRODUCTION: Final[Setting[frozenset[str]]] = Setting(
    name="production_clusters",
    parse=texts.cluster_ids,
    default=frozenset(),
    allowed="cluster ids, several with commas",
    help="Clusters that a replay writes to only when it is told so by name.",
    standing=True,
)

REPLAY_LISTEN: Final[Setting[str | None]] = Setting(
    name="replay.listen",
    parse=texts.listener,
    default=None,
    allowed="HOST:PORT, or none",
    help="Where `replay try` and `replay apply` serve /metrics; they end when their result was scraped, or after 60 s.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (PRODUCTION, REPLAY_LISTEN)
