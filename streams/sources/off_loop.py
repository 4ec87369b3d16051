"""Long work beside the loop: a page or a robots.txt that is large is parsed in a thread, and small ones go on.

The threads are of this work alone, for in those of the loop names are resolved and the spool is written; and nobody
waits for them when a program ends, whatever a page has its parser do.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar, TypeVarTuple

LARGE: Final = 128 << 10
"""The size of a text from which on it is parsed beside the loop: below, that takes some milliseconds."""
_AT_ONCE: Final = threading.Semaphore(4)
"""A page of 4 MiB takes a hundred of memory while it is parsed."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def off_loop(size: int, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """What a function gives, or raises; in a thread where the size of what it works on is large.

    Args:
        size: Bytes or characters.
        function: Touches nothing that others change.
        arguments: Given to it.
    """
    if size < LARGE:
        return function(*arguments)
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, error = None, None
        try:
            with _AT_ONCE:
                result = function(*arguments)
        except Exception as raised:  # noqa: BLE001 (whatever it was is raised where it was asked for)
            error = raised
        # Where the loop is closed, nobody waits any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, name="parsing", daemon=True).start()
    return await done
