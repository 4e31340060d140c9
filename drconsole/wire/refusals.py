"""Credentials that a device refused, remembered while this process lives: accounts lock.

Whoever opens another connection to the same device with the same password learns it from here, not from
the device. Another password is another try.
"""

from __future__ import annotations

import hmac
import secrets

from drconsole.settings.secrets import Secret

_KEY = secrets.token_bytes(32)
_known: set[bytes] = set()


class Login:
    """One user's password at one address under one pin."""

    def __init__(self, address: str, pin: str, username: str, password: Secret) -> None:
        words = (address, pin, username, password.reveal(address=address, pin=pin))
        self._mark = hmac.digest(_KEY, "\0".join(words).encode(), "sha256")

    @property
    def refused(self) -> bool:
        """Whether the device refused it before."""
        return self._mark in _known

    def note_refusal(self) -> None:
        """The device refused it now."""
        _known.add(self._mark)
