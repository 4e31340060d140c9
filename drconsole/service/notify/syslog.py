"""Notices to a system log: RFC 5424 over UDP (RFC 5426), TCP (RFC 6587, counted), or a local socket."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

from drconsole.errors import Unreachable
from drconsole.journal import clock
from drconsole.service.notify.message import Message
from drconsole.settings.values import FACILITIES, NoticeKind, Syslog

_SEVERITIES: dict[NoticeKind, int] = {"waiting": 4, "failed": 3, "finished": 5, "pre-empted": 4}
"""RFC 5424, table 2: warning, error, notice."""

_MOST = 2048
"""Bytes that every receiver should take (RFC 5424, 6.1)."""


class SystemLog:
    """One log. Over UDP nobody says whether anything arrived."""

    def __init__(self, syslog: Syslog, within_s: float) -> None:
        self._syslog = syslog
        self._within_s = within_s

    async def send(self, message: Message) -> None:
        """Raises Unreachable."""
        record = self._record(message)
        try:
            # In a thread, bounded by the socket's own time-out: names are looked up blocking.
            await asyncio.to_thread(self._sent, record)
        except OSError as error:
            raise Unreachable(f"not told: {error}", about=self._syslog.address) from error

    def _record(self, message: Message) -> bytes:
        priority = FACILITIES[self._syslog.facility] * 8 + _SEVERITIES[message.kind]
        words = " | ".join(line.strip() for line in message.text.splitlines() if line.strip())
        host = socket.gethostname() or "-"
        head = f"<{priority}>1 {clock.now()} {host} drconsole {os.getpid()} {message.kind} - "
        return _cut(f"{head}[{message.key}] {words}".encode(), _MOST)

    def _sent(self, record: bytes) -> None:
        scheme, _, address = self._syslog.address.partition("://")
        if not address:
            _to_local(self._syslog.address, record, self._within_s)
            return
        host, _, port = address.rpartition(":")
        place = (host.strip("[]"), int(port))
        if scheme == "tcp":
            with socket.create_connection(place, self._within_s) as connection:
                connection.sendall(f"{len(record)} ".encode() + record)
            return
        family, kind, protocol, _, target = socket.getaddrinfo(*place, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as sender:
            sender.settimeout(self._within_s)
            sender.sendto(record, target)


def _to_local(path: str, record: bytes, within_s: float) -> None:
    """Most listen for datagrams; some for a stream, where a line's end ends a record."""
    for kind, ending in ((socket.SOCK_DGRAM, b""), (socket.SOCK_STREAM, b"\n")):
        with socket.socket(socket.AF_UNIX, kind) as sender:
            sender.settimeout(within_s)
            try:
                sender.connect(path)
            except OSError as error:
                # EPROTOTYPE: it is the other kind.
                if kind == socket.SOCK_DGRAM and error.errno == errno.EPROTOTYPE:
                    continue
                raise
            sender.sendall(record + ending)
            return


def _cut(text: bytes, most: int) -> bytes:
    """Cuts whole characters away."""
    return text if len(text) <= most else text[: most - 3].decode(errors="ignore").encode() + "…".encode()
