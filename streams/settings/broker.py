"""The development Kafka on this machine (`ticker broker`, `ticker dev`)."""

from pathlib import Path
from typing import Any, Final

from streams.settings import texts
from streams.settings.setting import Setting

BROKER_DATA: Final = Setting(
    name="broker.data",
    parse=texts.folder,
    default=Path(".ticker/broker"),
    allowed="a folder",
    help="Where the broker of this machine keeps its data and its log.",
)
BROKER_PORT: Final = Setting(
    name="broker.port",
    parse=texts.whole(texts.PORTS),
    default=9092,
    allowed="1 to 65535",
    help="Where the broker of this machine listens, on 127.0.0.1; further nodes on the next ports.",
)
BROKER_NODES: Final = Setting(
    name="broker.nodes",
    parse=texts.whole((1, 3)),
    default=1,
    allowed="1 or 3",
    help="Nodes of the cluster on this machine: 3 replicate and survive the loss of one.",
)
CACHE: Final[Setting[Path | None]] = Setting(
    name="cache",
    parse=texts.folder,
    default=None,
    allowed="a folder",
    help="Where Kafka is kept once fetched; without it `headline-ticker` in the user's cache folder.",
)

SETTINGS: Final[tuple[Setting[Any], ...]] = (BROKER_DATA, BROKER_PORT, BROKER_NODES, CACHE)
