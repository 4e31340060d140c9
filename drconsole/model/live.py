"""What a live site says of itself: values that platforms give and consoles show."""

from __future__ import annotations

from typing import Literal

import msgspec


class SiteCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What a site's management server said of itself. `skew_s` is its clock minus ours."""

    site: str
    product: str
    version: str
    build: str
    api_version: str
    instance_uuid: str
    hosts: int
    guests: int
    skew_s: float


class HostListing(msgspec.Struct, frozen=True, kw_only=True):
    """A host found under the management server's control (R19), with its path of names."""

    id: str
    name: str
    path: str
    cluster: str
    guests: int
    connection: str


class InventoryChange(msgspec.Struct, frozen=True, kw_only=True):
    """One object of a live inventory that appeared, changed or left. `facts` are display values."""

    id: str
    kind: str
    change: Literal["upsert", "leave"]
    name: str = ""
    parent: str = ""
    facts: dict[str, str] = {}
