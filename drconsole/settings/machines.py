"""Reads what the recovery site consists of: arrays, the pool's machines, the provisioning network."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

from drconsole.model.site import ArrayPlace, Provisioning
from drconsole.settings import quantities
from drconsole.settings.table import Table
from drconsole.settings.values import Array, Endpoint, PoolMachine, ProvisioningSettings

DRIVERS = ("http",)
"""The replication drivers of this version; a new one is named here, so that a wrong word has a line."""


def read_endpoint(table: Table, base: Path) -> Endpoint:
    """Reads address, username, password and pin. A password that is no reference is never repeated."""
    return Endpoint(
        address=table.form("address", quantities.address, quantities.ADDRESS_FORM),
        username=table.text("username"),
        password=read_reference(table, base),
        pin=table.form("pin", quantities.pin, quantities.PIN_FORM),
    )


def read_reference(table: Table, base: Path, key: str = "password") -> str:
    """Reads `password` or its like, a reference; paths in it are made absolute."""
    reference = table.text(key)
    try:
        kind = quantities.scheme(reference)
    except ValueError:
        # From None: the chain of causes must not carry what may be a password.
        raise table.wrong(key, "is not a reference", quantities.REFERENCE_FORM) from None
    if kind in quantities.LATER_SCHEMES:
        raise table.wrong(key, f"{kind}: not yet in this version", quantities.REFERENCE_FORM)
    return quantities.anchored_reference(reference, base)


def read_name(name: str, table: Table) -> str:
    """Returns the NAME of `[site.NAME]` and its like, refused where it cannot stand in a key."""
    try:
        return quantities.name(name)
    except ValueError:
        raise table.source.error(
            table.place, f"{name!r} cannot be a name", "letters, digits, spaces, '.', '_' and '-'"
        ) from None


def read_array(name: str, table: Table, base: Path) -> Array:
    """Reads `[array.NAME]`. A recovery array says whose copies it holds."""
    side = cast("Literal['protected', 'recovery']", table.choice("side", ("protected", "recovery")))
    array = Array(
        place=ArrayPlace(
            name=read_name(name, table),
            driver=table.choice("driver", DRIVERS),
            side=side,
            peer=table.text("peer", None if side == "recovery" else ""),
        ),
        endpoint=read_endpoint(table, base),
    )
    table.close()
    return array


def read_machine(name: str, table: Table, base: Path) -> PoolMachine:
    """Reads `[pool.NAME]`, a machine's BMC and segment."""
    machine = PoolMachine(
        name=read_name(name, table),
        bmc=read_endpoint(table, base),
        segment=table.text("segment"),
        may_wipe=table.flag("may_wipe", False),
    )
    table.close()
    return machine


def read_provisioning(table: Table | None, base: Path) -> ProvisioningSettings | None:
    """Reads `[provisioning]`, None where the file has none."""
    if table is None:
        return None
    settings = ProvisioningSettings(
        network=Provisioning(
            address=_ipv4(table, "address"),
            netmask=table.form("netmask", quantities.netmask, "a netmask such as 255.255.255.0"),
            first=_ipv4(table, "first"),
            last=_ipv4(table, "last"),
            gateway=_ipv4(table, "gateway") if table.text("gateway", "") else "",
            interface=table.text("interface", ""),
            https_port=table.number("https_port", 443, least=1, most=65535),
            ssh_port=table.number("ssh_port", 22, least=1, most=65535),
            segments=table.texts("segments", ()),
            images=quantities.anchored(table.text("images", "images"), base),
        ),
        password=read_reference(table, base),
    )
    table.close()
    return settings


def _ipv4(table: Table, key: str) -> str:
    return table.form(key, quantities.ipv4, "an IPv4 address")
