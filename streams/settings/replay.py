"""What rails a replay runs behind."""

from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

PRODUCTION: Final[Setting[frozenset[str]]] = Setting(
    name="production_clusters",
    parse=texts.cluster_ids,
    default=frozenset(),
    allowed="cluster ids, several with commas",
    help="Clusters that a replay writes to only when it is told so by name.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (PRODUCTION,)
