"""Watches what a running program depends on: the same cluster, its topics, and a leader for each partition.

No client of aiokafka reports that a topic was deleted, that another cluster answers at the address, or that a
partition has lost its leader: each waits in silence. A deleted topic or another cluster ends the program; partitions
without a leader are logged once.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

from aiokafka.errors import KafkaError

from streams.errors import FootingError
from streams.kafka.connect import Metadata, ask
from streams.kafka.topics import listed

logger: Final = logging.getLogger(__name__)

_GONE_S: Final = 8.0
"""How long brokers must miss a topic before it counts as deleted: one that has just started may not know it yet."""
_LEADERLESS_S: Final = 8.0
"""How long a partition may lack a leader before that is logged: an election takes moments if a replica is left."""
_FIRST_S: Final = 2.0
"""How long the bootstrap servers have to answer before others are asked: a host that is off refuses no connection."""


class Footing:
    """Checks a cluster and its topics each time that `look` is called.

    Args:
        options: aiokafka's connection options. If none of the bootstrap servers answers, the brokers of the last
            metadata are asked: the one bootstrap server may have been decommissioned.
        topics: The topics that the program reads and writes.
        are_there: Whether the topics are known to exist; else a topic counts as deleted only if it was seen before.
    """

    def __init__(
        self, options: Mapping[str, Any], topics: Collection[str], *, are_there: bool = False
    ) -> None:
        self._options = options
        self._topics = sorted(topics)
        self._cluster = ""
        self._servers: frozenset[str] = frozenset()
        self._met = set(topics if are_there else ())
        """Topics that have been seen."""
        self._gone_since: dict[str, float] = {}
        self._leaderless_since: float | None = None
        self._is_said = False

    async def look(self) -> None:
        """Ask the brokers.

        Raises:
            FootingError: The cluster is another one, or a topic was deleted.
            KafkaError: None of the brokers answers.
            OSError: Likewise.
        """
        try:
            async with asyncio.timeout(_FIRST_S if self._servers else None):
                told = await ask(self._options, self._topics)
        except (KafkaError, OSError):
            if not self._servers:
                raise
            others = {**self._options, "bootstrap_servers": ",".join(sorted(self._servers))}
            told = await ask(others, self._topics)
        self.judge(told, time.monotonic())

    def judge(self, told: Metadata, now: float) -> None:
        """Compare a broker's metadata with earlier metadata; `now` is in seconds of a monotonic clock.

        Raises:
            FootingError: As `look`.
        """
        if self._cluster and told.cluster != self._cluster:
            raise FootingError(
                f"another cluster answers at {self._options['bootstrap_servers']}: {told.cluster}, and it was"
                f" {self._cluster} at the start. Either it was rebuilt, and what was committed is gone, or the address"
                " leads elsewhere: see that --bootstrap-servers is right, then start again"
            )
        self._cluster, self._servers = told.cluster, told.servers
        self._judge_topics(told, now)
        self._judge_leaders(told, now)

    def _judge_topics(self, told: Metadata, now: float) -> None:
        self._met |= told.topics
        gone = self._met - told.topics
        self._gone_since = {name: self._gone_since.get(name, now) for name in gone}
        lost = sorted(name for name, since in self._gone_since.items() if now - since >= _GONE_S)
        if lost:
            raise FootingError(
                f"deleted while it was in use: {listed(lost)}. `ticker topics create` makes topics again, empty; then"
                " start again"
            )

    def _judge_leaders(self, told: Metadata, now: float) -> None:
        if not told.leaderless:
            if self._is_said:
                logger.info("every partition has a leader again")
            self._leaderless_since, self._is_said = None, False
            return
        if self._leaderless_since is None:
            self._leaderless_since = now
        if now - self._leaderless_since >= _LEADERLESS_S and not self._is_said:
            self._is_said = True
            out = ", ".join(map(str, sorted(told.out))) or "unknown"
            logger.warning(
                "%d partitions have no leader (%s): brokers that are out: %s. They stand still until one of these is"
                " back, or `kafka-reassign-partitions` gives them to others",
                len(told.leaderless),
                listed(sorted(told.leaderless)),
                out,
            )
