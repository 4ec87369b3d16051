"""The way into the spool: strips that arrive together share one write (group commit), and a duplicate is kept once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from streams.produce.outgoing import Outgoing, pack
from streams.produce.spool import Spool, SpoolFullError

_LOOK_AGAIN_S: Final = 0.5
"""Seconds between tries of a caller that can wait for room."""

_Arrived = tuple[bytes, tuple[bytes, asyncio.Future[None]]]
"""A strip's key, its bytes, and a future that is done once it is kept."""


class Intake:
    """Takes strips from several tasks while `run` runs.

    Args:
        spool: Where they are kept.
        dropped: Called for each strip that was not kept because there was no room.
    """

    def __init__(self, spool: Spool, *, dropped: Callable[[], None] = lambda: None) -> None:
        self._spool = spool
        self._dropped = dropped
        self._arrived: dict[bytes, tuple[bytes, asyncio.Future[None]]] = {}
        self._being_kept: dict[bytes, tuple[bytes, asyncio.Future[None]]] = {}
        self._has_arrived = asyncio.Event()
        self.kept = asyncio.Event()
        """Set when something was kept; `HandOver` clears it."""

    async def take(self, outgoing: Outgoing, packed: bytes | None = None) -> None:
        """Return once a strip is on disk, where no crash loses it. A known strip is not kept again.

        Args:
            outgoing: The strip.
            packed: Its bytes (`pack`), if they were made already.

        Raises:
            SpoolFullError: There is no room.
            ValueError: It cannot be encoded: for example, its text has lone surrogates.
        """
        try:
            await asyncio.shield(self._add(outgoing, packed))
        except SpoolFullError:
            self._dropped()
            raise

    async def take_all(self, strips: Sequence[Outgoing]) -> None:
        """Keep several strips in order, waiting for room as long as it takes."""
        while True:
            kept = await asyncio.gather(*map(self._add, strips), return_exceptions=True)
            if not any(isinstance(each, SpoolFullError) for each in kept):
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _add(self, outgoing: Outgoing, packed: bytes | None = None) -> asyncio.Future[None]:
        """A future that is done once a strip is kept."""
        key = bytes.fromhex(outgoing.strip.id)
        known = self._arrived.get(key) or self._being_kept.get(key)
        if known is not None:
            return known[1]
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._spool.number_of(key) is not None:
            future.set_result(None)
        else:
            self._arrived[key] = (pack(outgoing) if packed is None else packed, future)
            self._has_arrived.set()
        return future

    async def run(self) -> None:
        """Write arriving strips to the spool, until cancelled."""
        while True:
            await self._has_arrived.wait()
            self._has_arrived.clear()
            self._being_kept, self._arrived = self._arrived, {}
            await self._keep_all()
            self._being_kept = {}

    async def _keep_all(self) -> None:
        """Keep all with one write; if there is no room for all, keep the first ones."""
        arrived = list(self._being_kept.items())
        try:
            await self._append(arrived)
        except SpoolFullError as error:
            refusal: SpoolFullError | None = None if len(arrived) > 1 else error
            for each in arrived:
                try:
                    if refusal is None:
                        await self._append([each])
                except SpoolFullError as full:
                    refusal = full
                if refusal is not None and not each[1][1].done():
                    each[1][1].set_exception(refusal)
                    each[1][
                        1
                    ].exception()  # whoever waited may have gone; asyncio would tell that nobody asked

    async def _append(self, arrived: Sequence[_Arrived]) -> None:
        await asyncio.to_thread(self._spool.append, [(key, body) for key, (body, _) in arrived])
        self.kept.set()
        for _, (_, future) in arrived:
            if not future.done():
                future.set_result(None)
