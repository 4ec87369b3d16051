"""The errors that users see. Each says what is wrong, where, and what to do; libraries' errors in plain words."""

import errno
import re
import socket
from typing import Final


class TickerError(Exception):
    """Any expected failure. Exit code 1 on the command line."""


class SettingsError(TickerError):
    """A setting that cannot be used: the program does not start. Exit code 2 on the command line."""


class FootingError(TickerError):
    """The cluster, or a topic, was deleted or replaced while a program used it."""


class InputError(TickerError):
    """A file, page or record that cannot be read.

    `place` is a path, a path and line, or topic/partition/offset.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class SplitError(InputError):
    """A text in which no strip or no separator is found without guessing."""


class RecordError(TickerError):
    """A record that cannot be processed: it goes to the dead letters with this reason."""


_SOCKET: Final = {
    errno.ECONNREFUSED: "it refused the connection",
    errno.ECONNRESET: "it broke off the connection",
    errno.EPIPE: "it broke off the connection",
    errno.ETIMEDOUT: "it did not answer in time",
    errno.EHOSTUNREACH: "no network leads to it",
    errno.ENETUNREACH: "no network leads to it",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
    errno.EACCES: "the system does not permit it",
    socket.EAI_NONAME: "no host has that name",
    socket.EAI_AGAIN: "no name server answers",
}
"""What errors of sockets and of names mean, by their numbers."""
_SILENT: Final = {
    TimeoutError: errno.ETIMEDOUT,
    ConnectionRefusedError: errno.ECONNREFUSED,
    ConnectionError: errno.ECONNRESET,
}
"""The numbers of errors that are raised without number and text, by class."""
_NUMBERED: Final = re.compile(r"\[Errno (-?\d+)\] ([^\[\],:(<>]*(?:\([^()]*\)(?:: [^\[\],;:]*)?)?)")
_SEVERAL: Final = re.compile(r"Multiple exceptions: (.+)", re.DOTALL)
_NO_TLS: Final = re.compile(r"\[SSL: (?:WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE)\][^()]*")
_TLS: Final = re.compile(r"\[(?:SSL|X509)(?:: \w+)?\] ?")
_PLACE: Final = re.compile(r" ?\(_ssl\.c:\d+\)|\[Error -?\d+\] (?=\w)|: <AIOKafkaConnection[^>]*>")
"""A line of Python's source, and what aiokafka puts around the name of a broker's error: a number, an object."""


def plain(text: str) -> str:
    """A library's message without the numbers and places in code that only its authors need.

    `[Errno 111] Connect call failed ('127.0.0.1', 9092)` becomes `it refused the connection`. The errors of a host with
    several addresses, which asyncio joins, are said once if they are the same.
    """
    text = _NUMBERED.sub(lambda found: _meaning(int(found[1]), found[2]), text)
    if several := _SEVERAL.fullmatch(text):
        text = ", ".join(dict.fromkeys(several[1].split(", ")))
    return _PLACE.sub("", _TLS.sub("", _NO_TLS.sub("it does not speak TLS", text)))


def _meaning(number: int, said: str) -> str:
    return _SOCKET.get(number) or said[:1].lower() + said[1:]


def in_words(error: BaseException) -> str:
    """An error's message in plain words, or its class where it has none, as with some of aiokafka's and aiohttp's."""
    said = plain(str(error))
    if not said and isinstance(error, OSError):
        said = next((_SOCKET[number] for kind, number in _SILENT.items() if isinstance(error, kind)), "")
    return said or type(error).__name__


def described(error: BaseException) -> str:
    """An error's class and message, of one that may be a fault of ours; of the system's errors the meaning alone."""
    if not str(error) or (isinstance(error, OSError) and error.errno is not None):
        return in_words(error)
    return f"{type(error).__name__}: {in_words(error)}"
