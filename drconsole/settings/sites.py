"""Reads `[site.NAME]` and the tables under it."""

from __future__ import annotations

from pathlib import Path

from drconsole.model.inventory.storage import PhysicalServer
from drconsole.model.site import GroupEntry, NetworkMapping, NetworkPlace
from drconsole.settings import quantities
from drconsole.settings.machines import read_endpoint, read_name
from drconsole.settings.table import Table
from drconsole.settings.values import Site

PLATFORMS = ("vsphere",)
"""The platforms of this version; a new one is named here, so that a wrong word has a line."""


def read_site(name: str, table: Table, base: Path) -> Site:
    """Reads a protected site; `base` is where its relative paths start."""
    site = Site(
        name=read_name(name, table),
        platform=table.choice("platform", PLATFORMS, "vsphere"),
        endpoint=read_endpoint(table, base),
        profile=_profile(table, base),
        capture_s=_duration(table, "capture"),
        rpo_s=_duration(table, "rpo"),
        rto_s=_duration(table, "rto"),
        theme=table.form("theme", quantities.word, quantities.WORD_FORM, ""),
        networks=tuple(_network(row) for row in table.rows("network")),
        groups=tuple(_group(row) for row in table.rows("group")),
        physical_servers=tuple(_physical(row) for row in table.rows("physical")),
    )
    table.close()
    return site


def _profile(table: Table, base: Path) -> str:
    """A profile is a shipped one's name, or the path of a file."""
    profile = table.text("profile", "recovery")
    return quantities.anchored(profile, base) if "/" in profile or profile.endswith(".toml") else profile


def _duration(table: Table, key: str) -> float | None:
    """`""` and an absent key both mean: none."""
    if not table.text(key, ""):
        return None
    return table.form(key, quantities.duration, quantities.DURATION_FORM)


def _network(row: Table) -> NetworkMapping:
    mapping = NetworkMapping(
        name=row.text("name"), drill=_place(row.table("drill")), real=_place(row.table("real"))
    )
    row.close()
    return mapping


def _place(table: Table | None) -> NetworkPlace | None:
    if table is None:
        return None
    place = NetworkPlace(
        vlan=table.number("vlan", most=4095),
        subnet=table.form("subnet", quantities.subnet, "a subnet such as 10.0.10.0/24", ""),
        gateway=table.form("gateway", quantities.ipv4, "an IPv4 address", ""),
        dns=table.texts("dns", ()),
    )
    table.close()
    return place


def _group(row: Table) -> GroupEntry:
    entry = GroupEntry(
        array=row.text("array"),
        group=row.text("group"),
        volumes=row.texts("volumes"),
        datastore=row.text("datastore"),
    )
    if not entry.volumes:
        raise row.wrong("volumes", "is empty", "the array's ids of the datastore's volumes")
    row.close()
    return entry


def _physical(row: Table) -> PhysicalServer:
    """Its id in snapshots is its name: the configuration knows no other."""
    name = row.text("name")
    server = PhysicalServer(
        id=read_name(row.text("id", name), row),
        name=read_name(name, row),
        operating_system=row.text("operating_system"),
        version=row.text("version"),
        hostname=row.text("hostname", ""),
        cpu_cores=row.number("cpu_cores", 0),
        memory_mib=row.number("memory_mib", 0),
        disk_gib=row.number("disk_gib", 0),
        nics=row.number("nics", 0),
        network=row.text("network", ""),
        ip=row.form("ip", quantities.ipv4, "an IPv4 address", ""),
        netmask=row.form("netmask", quantities.netmask, "a netmask such as 255.255.255.0", ""),
        gateway=row.form("gateway", quantities.ipv4, "an IPv4 address", ""),
        guests=row.texts("guests", ()),
    )
    row.close()
    return server
