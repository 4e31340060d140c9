"""Names and plain connections within a deadline.

The system's resolver knows no deadline and cannot be called off: where a site is lost, its name servers
are too, and each look-up then hangs for half a minute. So look-ups are made in threads of their own that
nobody waits for at the end, and one name is asked for once at a time. They take no thread of the event
loop's pool: hung look-ups would stop everything else that is done there.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp.abc import AbstractResolver

_Found = list[tuple[int, str]]
"""(address family, numeric address) in the resolver's order."""

_asked: dict[str, Future[_Found]] = {}
_asking = threading.Lock()


async def addresses(host: str) -> _Found:
    """Returns the numeric addresses of a name; of a numeric address, itself.

    Waits as long as the resolver does: bound it with `asyncio.timeout`. Raises OSError for an unknown name.
    """
    if numeric := _numeric(host):
        return [numeric]
    return await asyncio.shield(asyncio.wrap_future(_look_up(host)))


async def connected(
    host: str, port: int, *, within_s: float, context: ssl.SSLContext | None = None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Opens a connection, its name looked up and its handshake made, all within `within_s` seconds.

    Tries a name's addresses in turn. Raises TimeoutError, OSError (also for a handshake that failed),
    and PinMismatch out of a pinned context. Close it with `writer.transport.abort()`: a peer that is
    silent holds up everything else.
    """
    name = None if context is None else host
    async with asyncio.timeout(within_s):
        *earlier, last = await addresses(host)
        for _family, address in earlier:
            try:
                return await asyncio.open_connection(address, port, ssl=context, server_hostname=name)
            except ConnectionRefusedError:
                continue
        return await asyncio.open_connection(last[1], port, ssl=context, server_hostname=name)


def resolver() -> AbstractResolver:
    """Returns a resolver for aiohttp's connectors that looks names up as `addresses` does."""
    from aiohttp.abc import AbstractResolver, ResolveResult

    class Resolver(AbstractResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = [each for each in await addresses(host) if family in (socket.AF_UNSPEC, each[0])]
            if not found:
                raise OSError(None, f"{host} has no address of this kind")
            return [_result(host, port, *each) for each in found]

        async def close(self) -> None:
            """There is nothing to close."""

    return Resolver()


def _result(host: str, port: int, family: int, address: str) -> Any:
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": flags}


def _numeric(host: str) -> tuple[int, str] | None:
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (socket.AF_INET if found.version == 4 else socket.AF_INET6, str(found))


def _look_up(host: str) -> Future[_Found]:
    """Asks for a name, or joins whoever asks for it already."""
    with _asking:
        if host in _asked:
            return _asked[host]
        answer = _asked[host] = Future()
    answer.set_running_or_notify_cancel()  # so that nobody who leaves calls it off for the others
    threading.Thread(target=_ask, args=(host, answer), name=f"look-up of {host}", daemon=True).start()
    return answer


def _ask(host: str, answer: Future[_Found]) -> None:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        found = [(int(family), str(place[0])) for family, _, _, _, place in rows]
    except (OSError, UnicodeError) as error:
        _forget(host)
        answer.set_exception(error if isinstance(error, OSError) else OSError(None, f"{host} is no name"))
    else:
        _forget(host)
        answer.set_result(found)


def _forget(host: str) -> None:
    with _asking:
        _asked.pop(host, None)
