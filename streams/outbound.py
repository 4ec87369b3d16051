"""Outgoing HTTP connections that refuse private addresses (SSRF protection), at every attempt and every redirect.

The check is on the address of the socket, after the name was resolved. A public name that resolves to this machine or
its network (DNS rebinding) is therefore refused like the address itself.
"""

import asyncio
import ipaddress
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any, Final

from aiohttp import ClientConnectorError, ClientSSLError, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.errors import described, in_words

_NAMES_AT_ONCE: Final = 16
_HOW_ALLOWED: Final = "allow it with --allow-private, or with allow_private = true in its entry"


class ForbiddenAddressError(OSError):
    """A connection into a private network, to this machine or to a cloud's metadata service was refused."""


def unconnected(error: ClientConnectorError) -> str:
    """The message for a connection that could not be made; aiohttp's own shows its settings (`ssl:default`)."""
    if isinstance(error, ClientSSLError):
        return described(error)
    return f"no connection to {error.host}:{error.port}: {in_words(error.os_error)}"


def is_public(host: str) -> bool:
    """Whether a numeric address is on the public internet: not private, loopback, link-local or reserved."""
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
    """The threads that resolve names, and do nothing else.

    A name server that does not answer occupies a thread for half a minute. In the event loop's default executor, other
    work would wait behind it.
    """
    return ThreadPoolExecutor(_NAMES_AT_ONCE, "names")


async def _look_up(host: str, port: int | None, family: int) -> list[tuple[int, int, Any]]:
    """The family, protocol and socket address of each address of a host.

    Raises:
        OSError: The name cannot be resolved, or no host can have it (a label of more than 63 characters).
    """
    ask = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_name_threads(), ask)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, "not a name of a host") from error
    return [(kind, protocol, target) for kind, _, protocol, _, target in found]


class _Names(AbstractResolver):
    """Resolves names in threads of their own (`_name_threads`)."""

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
    """An aiohttp connector that refuses private addresses unless they are allowed; `options` are TCPConnector's."""

    def open_socket(address: Any) -> socket.socket:
        family, kind, protocol, _, target = address
        if not allow_private and not is_public(target[0]):
            raise ForbiddenAddressError(f"{target[0]} is a private address; {_HOW_ALLOWED}")
        return socket.socket(family, kind, protocol)

    return TCPConnector(socket_factory=open_socket, resolver=_Names(), **options)


def through_proxy(proxy: str, **options: Any) -> TCPConnector:
    """A connector through a SOCKS proxy (`socks4://`, `socks5://`), which resolves the names."""
    from aiohttp_socks import ProxyConnector  # noqa: PLC0415 (few have such a proxy)

    made: TCPConnector = ProxyConnector.from_url(proxy, **options)
    return made


async def check_named(host: str) -> None:
    """Check that a host neither is nor resolves to a private address, before a proxy is asked to connect to it.

    A name that this machine cannot resolve is left to the proxy.

    Raises:
        ForbiddenAddressError: The host has a private address.
    """
    try:
        found = await _look_up(host, None, socket.AF_UNSPEC)
    except OSError:
        return
    for _, _, target in found:
        if not is_public(str(target[0])):
            raise ForbiddenAddressError(f"{host} is {target[0]}, a private address; {_HOW_ALLOWED}")
