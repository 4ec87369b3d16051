"""The way out to addresses of others: what is connected to is checked, at every attempt and every redirect.

The check is on the socket's address, after names were resolved: a name that points to this machine or into its
network (DNS rebinding) is refused like the number itself.
"""

import asyncio
import ipaddress
import socket
from typing import Any

from aiohttp import TCPConnector


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


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def connector(*, allow_private: bool, **options: Any) -> TCPConnector:
    """A connector of aiohttp that refuses private addresses unless they are allowed; `options` are TCPConnector's."""

    def open_socket(address: Any) -> socket.socket:
        family, kind, protocol, _, target = address
        if not allow_private and not is_public(target[0]):
            raise ForbiddenAddressError(f"{target[0]} is a private address; say that it is allowed")
        return socket.socket(family, kind, protocol)

    return TCPConnector(socket_factory=open_socket, **options)


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
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    for *_, target in found:
        if not is_public(str(target[0])):
            raise ForbiddenAddressError(f"{host} is {target[0]}, a private address; say that it is allowed")
