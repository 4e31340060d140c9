"""Credentials that a device refused, remembered while this process lives: accounts lock.

Whoever opens another connection to the same device with the same password learns it from here, not from
the device. Another password is another try. Until a device has said what it thinks of a password, one
call at a time carries it: two at once would be two refusals.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from drconsole.settings.secrets import Secret

_KEY = secrets.token_bytes(32)
_accepted: set[bytes] = set()
_refused: set[bytes] = set()
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[bytes, asyncio.Lock]] = WeakKeyDictionary()


class Login:
    """One user's password at one address under one pin."""

    def __init__(self, address: str, pin: str, username: str, password: Secret) -> None:
        words = (address, pin, username, password.reveal(address=address, pin=pin))
        self._mark = hmac.digest(_KEY, "\0".join(words).encode(), "sha256")

    @property
    def refused(self) -> bool:
        """Whether the device refused it before: ask within `in_turn`."""
        return self._mark in _refused

    def note(self, *, accepted: bool) -> None:
        """The device has answered."""
        known, other = (_accepted, _refused) if accepted else (_refused, _accepted)
        known.add(self._mark)
        other.discard(self._mark)

    @asynccontextmanager
    async def in_turn(self) -> AsyncIterator[None]:
        """Waits for calls of this loop that carry the same password, as long as none was answered."""
        if self._mark in _accepted:
            yield
            return
        turns = _turns.setdefault(asyncio.get_running_loop(), {})
        async with turns.setdefault(self._mark, asyncio.Lock()):
            yield
