"""Parses large pages and robots.txt files in threads, so that they do not block the event loop.

It has threads of its own: the loop's default executor resolves names and writes the spool, which must not wait for a
parser. They are daemons, so that a page on which a parser never ends does not keep the program from exiting.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeVar, TypeVarTuple

LARGE: Final = 128 << 10
"""The size from which a text is parsed in a thread; a smaller one takes a few milliseconds at most."""
_AT_ONCE: Final = threading.Semaphore(4)
"""The most parsers at once: a page of 4 MiB needs about 100 MiB of memory while it is parsed."""

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def off_loop(size: int, function: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """Call a function, in a thread if its input is large; gives what it returns and raises what it raises.

    Args:
        size: The size of its input, in bytes or characters.
        function: Shares no mutable state.
        arguments: The function's arguments.
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
        except Exception as raised:  # noqa: BLE001 (raised again in the loop)
            error = raised
        # The loop may be closed by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(tell, result, error)

    threading.Thread(target=work, name="parsing", daemon=True).start()
    return await done
