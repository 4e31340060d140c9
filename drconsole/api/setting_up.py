"""Setting up a site where there is no configuration yet: what a console asks of whoever opened it.

A console reads no configuration and opens no connection but the service's. Where there is neither
configuration nor service, the command that opened it does both for it, behind this protocol.
"""

from __future__ import annotations

from typing import Protocol

import msgspec


class NewSite(msgspec.Struct, frozen=True, kw_only=True):
    """A site as an operator types it. `address` is HOST:PORT, `password` a reference such as
    `env:NAME` or `file:PATH` and never the secret, `pin` the certificate's `sha256:` and 64 digits."""

    name: str
    address: str
    username: str
    password: str
    pin: str
    platform: str = "vsphere"


class SiteSetup(Protocol):
    """Adds a site to the operator's configuration file. Nothing is written before `add`."""

    @property
    def path(self) -> str:
        """The file that a site is added to; it may not exist yet."""
        ...

    def trouble(self, field: str, text: str) -> str:
        """Returns what is wrong with one field of a NewSite as it stands, "" where it is right.

        Looks at nothing but the text: it may be called at every key.
        """
        ...

    async def shown_pin(self, address: str) -> str:
        """Returns the fingerprint of the certificate that HOST:PORT shows now, and sends it nothing.

        It proves nothing: an operator compares it with the one that the management server's console
        shows before it is pinned. Raises Unreachable, DeadlinePassed, InvalidConfiguration.
        """
        ...

    async def add(self, site: NewSite) -> str:
        """Appends the site and returns the file's path: a service of that configuration knows it.

        Raises Refused where a site of that name is there, InvalidConfiguration for what is wrong with
        the file, or with the file with this site in it; nothing is written then.
        """
        ...
