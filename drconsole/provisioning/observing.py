"""What an installed Linux server says of itself over SSH: the proof of what was brought back.

Commands are those of every distribution that iproute2 and util-linux are part of. What a server does not
tell stays empty: a comparison then shows it as lost, and never as brought back.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from drconsole.model.step import Facts
from drconsole.model.text import safe_text
from drconsole.wire.ssh import SshResult

COMMANDS = (
    "cat /etc/os-release",
    "ip -j -d address show",
    "ip -j route show default",
    "lscpu -p=CORE,SOCKET",
    "cat /proc/meminfo",
    "lsblk -b -d -n -o SIZE,TYPE",
)
Item = TypeVar("Item")
_MIB, _GIB = 2**20, 2**30


class _LinkData(msgspec.Struct, frozen=True):
    id: int = 0


class _LinkInfo(msgspec.Struct, frozen=True):
    info_kind: str = ""
    info_data: _LinkData = _LinkData()


class _Address(msgspec.Struct, frozen=True):
    family: str = ""
    local: str = ""
    prefixlen: int = 0


class _Link(msgspec.Struct, frozen=True):
    ifname: str
    link_type: str = ""
    linkinfo: _LinkInfo | None = None
    addr_info: tuple[_Address, ...] = ()


class _Route(msgspec.Struct, frozen=True):
    gateway: str = ""
    metric: int = 0


def observed(told: Sequence[SshResult]) -> Facts:
    """Returns what the answers to COMMANDS, in their order, say.

    `os_id`, `os_name`, `os_version` as in os-release; `interfaces`: list of {name, vlan, ip, prefix} with
    vlan 0 for untagged; `gateway`; `nics` (physical ones); `cpu_cores`, `memory_mib` (as the kernel counts
    it), `disk_gib` (the largest disk).
    """
    release, links, routes, cpus, memory, disks = (r.output if r.status == 0 else "" for r in told)
    names, devices = _release(release), _decoded(links, tuple[_Link, ...])
    ways = sorted(_decoded(routes, tuple[_Route, ...]), key=lambda route: route.metric)
    return {
        "os_id": names.get("ID", ""),
        "os_name": names.get("NAME", ""),
        "os_version": names.get("VERSION_ID", ""),
        "interfaces": [interface for device in devices for interface in _interfaces(device)],
        "gateway": safe_text(ways[0].gateway) if ways else "",
        "nics": sum(device.link_type == "ether" and device.linkinfo is None for device in devices),
        "cpu_cores": len({line for line in cpus.splitlines() if line and not line.startswith("#")}),
        "memory_mib": _memory_mib(memory),
        "disk_gib": _largest_disk_gib(disks),
    }


def _release(text: str) -> dict[str, str]:
    """os-release is shell assignments: values may stand in quotes."""
    pairs = (line.partition("=")[::2] for line in text.splitlines() if "=" in line)
    return {key: safe_text(_unquoted(value)) for key, value in pairs}


def _unquoted(value: str) -> str:
    try:
        return " ".join(shlex.split(value))
    except ValueError:
        return value


def _decoded(text: str, kind: type[tuple[Item, ...]]) -> tuple[Item, ...]:
    """Returns what a command printed as JSON; nothing where it printed something else."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError:
        return ()


def _interfaces(device: _Link) -> list[Facts]:
    vlan = device.linkinfo.info_data.id if device.linkinfo and device.linkinfo.info_kind == "vlan" else 0
    return [
        {"name": safe_text(device.ifname), "vlan": vlan, "ip": safe_text(a.local), "prefix": a.prefixlen}
        for a in device.addr_info
        if a.family == "inet" and device.link_type != "loopback"
    ]


def _memory_mib(text: str) -> int:
    for line in text.splitlines():
        name, _, amount = line.partition(":")
        number = amount.split()[:1]
        if name == "MemTotal" and number and number[0].isdigit():
            return int(number[0]) * 1024 // _MIB
    return 0


def _largest_disk_gib(text: str) -> int:
    rows = (line.split() for line in text.splitlines())
    sizes = (int(row[0]) for row in rows if len(row) == 2 and row[1] == "disk" and row[0].isdigit())
    return max(sizes, default=0) // _GIB
