"""What a recovery was asked for, read from the files that an operator has: configuration and documents."""

from __future__ import annotations

import ipaddress
import tomllib
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.comparer.leaves import Dump

MAPPING = "{urn:drconsole:host-mapping:1}"
SELECTION = "{urn:drconsole:vm-selection:1}"


@dataclass(frozen=True)
class Nic:
    """A target's NIC: by the machine itself, not by the management server's word."""

    mac: str
    link: bool


@dataclass(frozen=True)
class Setting:
    """`targets` is the path of a protected host or server → target; `metal` target → NIC name → NIC.

    `vlans` is network → VLAN in this run's mode, `peers` protected array → recovery array. `guests` are
    the selected ones' paths, `hosts` the deployed ones'; None is all.
    """

    vlans: dict[str, int] = field(default_factory=dict)
    peers: dict[str, str] = field(default_factory=dict)
    replicated: frozenset[str] = frozenset()
    provisioning: tuple[str, str] = ("", "")
    targets: dict[str, str] = field(default_factory=dict)
    metal: dict[str, dict[str, Nic]] = field(default_factory=dict)
    hosts: frozenset[str] | None = None
    guests: frozenset[str] | None = None
    physical: frozenset[str] = frozenset()

    def provisions(self, address: str) -> bool:
        """Whether an address is one that provisioning gives out."""
        first, last = (ipaddress.ip_address(end) for end in self.provisioning)
        return int(first) <= int(ipaddress.ip_address(address)) <= int(last)


def read_setting(
    configuration: Path,
    mode: str,
    before: Dump,
    *,
    mapping: Path | None = None,
    selection: Path | None = None,
    metal: dict[str, dict[str, Nic]] | None = None,
    targets: dict[str, str] | None = None,
) -> Setting:
    """Returns the setting of a run; `targets` stands in for a mapping where none was given.

    Raises LookupError where a document names what the dump lacks.
    """
    found = tomllib.loads(configuration.read_text(encoding="utf-8"))
    (site,) = found["site"].values()
    place = "drill" if mode == "drill" else "real"
    hosts, physical, mapped = _roles(mapping, before)
    return Setting(
        vlans={network["name"]: network[place]["vlan"] for network in site["network"]},
        peers={array["peer"]: name for name, array in found["array"].items() if "peer" in array},
        replicated=frozenset(group["datastore"] for group in site["group"]),
        provisioning=(found["provisioning"]["first"], found["provisioning"]["last"]),
        targets=mapped or targets or {},
        metal=metal or {},
        hosts=hosts,
        guests=_guests(selection, before),
        physical=frozenset(entry["name"] for entry in site["physical"]) if physical is None else physical,
    )


def _roles(
    mapping: Path | None, before: Dump
) -> tuple[frozenset[str] | None, frozenset[str] | None, dict[str, str]]:
    if mapping is None:
        return None, None, {}
    root = ET.parse(mapping).getroot()
    entries = [entry for entry in root.iter(f"{MAPPING}host") if _deployed(entry)]
    targets = {_path(before, "host", entry.attrib["name"]): entry.attrib["target"] for entry in entries}
    servers = [entry for entry in root.iter(f"{MAPPING}physicalServer") if _deployed(entry)]
    physical = {entry.attrib["protected"]: entry.attrib["target"] for entry in servers}
    return frozenset(targets), frozenset(physical), targets | physical


def _guests(selection: Path | None, before: Dump) -> frozenset[str] | None:
    if selection is None:
        return None
    root = ET.parse(selection).getroot()
    entries = root.iter(f"{SELECTION}virtualMachine")
    return frozenset(_path(before, "virtualMachine", e.attrib["name"]) for e in entries if _deployed(e))


def _deployed(entry: Any) -> bool:
    return entry.attrib.get("deploy", "true") in ("true", "1")


def _path(before: Dump, kind: str, name: str) -> str:
    """Names are escaped in paths as the management server escapes them: `%2f`."""
    found = [item["path"] for item in before[kind] if unquote(item["name"]) == unquote(name)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} objects of kind {kind} are called {name!r}")
    return str(found[0])
