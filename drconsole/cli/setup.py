"""What a console that has no configuration is given to set up a site with (api.setting_up)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from drconsole.api.setting_up import NewSite
from drconsole.errors import InvalidConfiguration

_PIN_S = 10.0
_UNATTENDED = "prompt: asks somebody at a terminal, and the service has nobody to ask"


class FileSetup:
    """Adds sites to one configuration file, which may not exist yet."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def path(self) -> str:
        return str(self._file)

    def trouble(self, field: str, text: str) -> str:
        """What would be right instead, in the configuration's own words."""
        check, right = _forms().get(field, (_not_empty, "something"))
        if not text.strip():
            return f"expected {right}"
        if field == "password" and text.startswith("prompt:"):
            return _UNATTENDED
        try:
            check(text)
        except ValueError:
            return f"expected {right}"
        return ""

    async def shown_pin(self, address: str) -> str:
        from drconsole.wire.tls import fetch_pin

        if wrong := self.trouble("address", address):
            raise InvalidConfiguration(wrong, about=address, expected="HOST:PORT")
        host, _, port = address.rpartition(":")
        return await fetch_pin(host.strip("[]"), int(port), _PIN_S)

    async def add(self, site: NewSite) -> str:
        from drconsole.settings.append import append_site
        from drconsole.settings.values import Endpoint

        for field in ("name", "address", "username", "password", "pin"):
            if wrong := self.trouble(field, getattr(site, field)):
                raise InvalidConfiguration(f"{field}: {wrong}", about=f"site {site.name}")
        endpoint = Endpoint(
            address=site.address, username=site.username, password=site.password, pin=site.pin
        )
        await asyncio.to_thread(append_site, self._file, site.name, endpoint, platform=site.platform)
        return self.path


def _forms() -> dict[str, tuple[Callable[[str], object], str]]:
    from drconsole.settings import quantities
    from drconsole.settings.sites import PLATFORMS

    def platform(text: str) -> None:
        if text not in PLATFORMS:
            raise ValueError(text)

    def reference(text: str) -> None:
        if quantities.scheme(text) in quantities.LATER_SCHEMES:
            raise ValueError("not in this version")

    return {
        "name": (quantities.name, "letters, digits, spaces, '.', '_' and '-'"),
        "address": (quantities.address, quantities.ADDRESS_FORM),
        "username": (_not_empty, "the account that DRConsole logs in with"),
        "password": (reference, quantities.REFERENCE_FORM),
        "pin": (quantities.pin, quantities.PIN_FORM),
        "platform": (platform, " or ".join(PLATFORMS)),
    }


def _not_empty(text: str) -> None:
    """Anything will do; the emptiness is asked for before."""
