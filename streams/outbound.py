"""The way out to addresses of others: what is connected to is checked, at every attempt and every redirect.

The check is on the socket's address, after names were resolved: a name that points to this machine or into its
network (DNS rebinding) is refused like the number itself.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, Final

from aiohttp import TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

_NAMES_AT_ONCE: Final = 16
_HOW_ALLOWED: Final = "allow it with --allow-private, or with allow_private = true in its entry"


class ForbiddenAddressError(OSError):
    """A connection into a private network, to this machine or to a cloud's metadata service was refused."""


def is_public(host: str) -> bool:
    """Whether a numeric address is one of the open internet's: not private, loopback, link-local or reserved."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
        if inner:
            return inner.is_global and not inner.is_multicast
        if address in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)))
    return address.is_global and not address.is_multicast


@cache
def _name_threads() -> ThreadPoolExecutor:
    """The threads in which names are resolved, and nothing else is done.

    A name server that does not answer keeps one for half a minute: in those of the loop everybody's work would wait.
    """
    return ThreadPoolExecutor(_NAMES_AT_ONCE, "names")


async def _look_up(host: str, port: int | None, family: int) -> list[tuple[int, int, Any]]:
    """The family, protocol and address of all that a name stands for.

    Raises:
        OSError: It cannot be resolved.
        UnicodeError: It is no name, such as one with a label of more than 63 characters.
    """
    ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    found = await asyncio.get_running_loop().run_in_executor(_name_threads(), ask)
    return [(kind, protocol, target) for kind, _, protocol, _, target in found]


class _Names(AbstractResolver):
    """Resolves names for connections."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(target[0]),
                port=int(target[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, protocol, target in await _look_up(host, port, family)
        ]

    async def close(self) -> None:
        return


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def connector(*, allow_private: bool, **options: Any) -> TCPConnector:
    """A connector of aiohttp that refuses private addresses unless they are allowed; `options` are TCPConnector's."""

    def open_socket(address: Any) -> socket.socket:
        family, kind, protocol, _, target = address
        if not allow_private and not is_public(target[0]):
            raise ForbiddenAddressError(f"{target[0]} is a private address; {_HOW_ALLOWED}")
        return socket.socket(family, kind, protocol)

    return TCPConnector(socket_factory=open_socket, resolver=_Names(), **options)


def through_proxy(proxy: str, **options: Any) -> TCPConnector:
    """A connector that reaches everything through a SOCKS proxy (`socks4://`, `socks5://`), which resolves names."""
    from aiohttp_socks import ProxyConnector  # noqa: PLC0415 (few have such a proxy)

    made: TCPConnector = ProxyConnector.from_url(proxy, **options)
    return made


async def check_named(host: str) -> None:
    """See that a host is not a private address, nor a name of one: for a proxy that connects in our place.

    A name that this machine cannot resolve is left to the proxy.

    Raises:
        ForbiddenAddressError: It is one.
    """
    try:
        found = await _look_up(host, None, socket.AF_UNSPEC)
    except (OSError, UnicodeError):
        return
    for _, _, target in found:
        if not is_public(str(target[0])):
            raise ForbiddenAddressError(f"{host} is {target[0]}, a private address; {_HOW_ALLOWED}")
