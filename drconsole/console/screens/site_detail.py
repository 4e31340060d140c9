"""The detail pane of Sites: what the newest snapshot knows of an object, or how a site stands."""

from __future__ import annotations

from drconsole.api.values import SiteEntry
from drconsole.console.inventories.inventory import Inventory, Node
from drconsole.console.screens.site_known import Known
from drconsole.console.style.look import Line
from drconsole.console.widgets.drawing import wrapped
from drconsole.console.words import durations, phrases
from drconsole.model.inventory import Datastore, Disk, Host, PhysicalServer, VirtualMachine
from drconsole.model.text import safe_text


def object_lines(node: Node | None, known: Known) -> list[Line]:
    """Returns what the newest snapshot knows of an object, a line each."""
    if node is None:
        return [[("nothing here", "dim")]]
    if known.captured is None:
        return [[("no snapshot has been read: there is no more to show", "dim")]]
    if guest := known.guest(node):
        return _guest(guest, known)
    if host := known.host(node):
        return _host(host)
    if datastore := known.datastore(node):
        return _datastore(datastore, known)
    return [_pair("id", node.id)]


def _guest(guest: VirtualMachine, known: Known) -> list[Line]:
    size = f"{guest.cpus} CPU, {phrases.gib(guest.memory_mib)} GiB memory  {guest.guest_os}"
    lines: list[Line] = [_pair("size", size)]
    names = known.captured.names if known.captured else {}
    for disk in guest.disks:
        where = f"[{names.get(disk.datastore, disk.datastore)}] → {_behind(disk, known)}"
        lines.append(_pair(disk.label or str(disk.key), f"{disk.capacity_kib / 1024**2:.0f} GiB {where}"))
    for nic in guest.network_interfaces:
        network = names.get(nic.network, nic.network)
        words = f"{nic.type.lower()} {nic.mac} {network} {' '.join(nic.addresses)}"
        lines.append(_pair(nic.label or str(nic.key), words))
    waits = ", ".join(s.name for s in known.servers.values() if guest.name in s.guests)
    return [*lines, _pair(".vmx", guest.vmx_path or "–"), *([_pair("waits for", waits)] if waits else [])]


def _behind(disk: Disk, known: Known) -> str:
    """The volumes behind a disk, and whether they are replicated."""
    store = known.captured.datastores.get(disk.datastore) if known.captured else None
    if store is None:
        return "–"
    if not store.volumes:
        return "local, not replicated" if store.local else "not replicated"
    groups = sorted({known.volumes.get(volume, "") for volume in store.volumes} - {""})
    told = f"replicated in {', '.join(groups)}" if groups else "not replicated"
    return f"{', '.join(store.volumes)}, {told}"


def _host(host: Host) -> list[Line]:
    product = f"{host.product.name} {host.product.version}" if host.product else "–"
    hardware = host.hardware
    size = f"{hardware.cpu_threads} threads, {phrases.gib(hardware.memory_mib)} GiB" if hardware else "–"
    return [
        _pair("product", f"{product}  {size}"),
        *(
            _pair(
                nic.name, f"{'● link ' + phrases.speed(nic.speed_mbit) if nic.link == 'up' else '○ no link'}"
            )
            for nic in host.physical_nics
        ),
        *(
            _pair(switch.name, f"← {', '.join(switch.nics) or 'no NIC'}  mtu {switch.mtu}")
            for switch in host.virtual_switches
        ),
        *(
            _pair(nic.name, f"{nic.ip or 'dhcp'} {nic.port_group} {' '.join(nic.services)}")
            for nic in host.virtual_nics
        ),
    ]


def _datastore(datastore: Datastore, known: Known) -> list[Line]:
    hosts = known.captured.names_of(mount.host for mount in datastore.mounts) if known.captured else ""
    groups = sorted({known.volumes.get(volume, "") for volume in datastore.volumes} - {""})
    return [
        _pair("mounted by", hosts or "nobody"),
        _pair("volumes", ", ".join(datastore.volumes) or "none"),
        _pair("replicated", f"in {', '.join(groups)}" if groups else "no"),
    ]


def server_lines(server: PhysicalServer | None) -> list[Line]:
    """Returns what the configuration says of a physical server."""
    if server is None:
        return [[("nothing here", "dim")]]
    network = f"{server.network} {server.ip}".strip()
    return [
        _pair("system", f"{server.operating_system} {server.version}".strip() or "–"),
        _pair("network", network or "–"),
        _pair("guests that wait for it", ", ".join(server.guests) or "none"),
    ]


def site_lines(entry: SiteEntry, live: Inventory | None, width: int) -> list[Line]:
    """Returns how a site stands: what is wrong with it first, and what mends that."""
    error = (live.error if live else "") or entry.error
    lines: list[Line] = [[(part, "bad")] for part in wrapped(safe_text(error), width)] if error else []
    known = (("RTO", entry.rto_s), ("RPO", entry.rpo_s))
    objectives = ", ".join(f"{word} {durations.written(v)}" for word, v in known if v is not None)
    every = f"each {durations.written(entry.capture_s)}" if entry.capture_s else "by hand"
    capture = entry.capture
    when = f"{capture.state} {phrases.when(capture.ended)}, " if capture.ended else ""
    coming = f", next {phrases.clock(capture.next)}" if capture.next else ""
    lines += [
        _pair("server", f"{entry.address} {entry.platform}"),
        _pair("captured", f"{when}{every}{coming}, profile {entry.profile}"),
        _pair("objectives", objectives or "none"),
    ]
    if capture.text and capture.state in ("late", "failed"):
        lines += [[(part, "bad")] for part in wrapped(safe_text(capture.text), width)]
    if entry.snapshot is not None:
        found = entry.snapshot
        holds = f"{phrases.count(found.hosts, 'host')}, {phrases.count(found.guests, 'guest')}"
        words = "verified" if found.verified else "not verified"
        lines.append(_pair("snapshot", f"{words} {phrases.when(found.taken)}, {holds}"))
    return lines


def _pair(name: str, text: str) -> Line:
    return [(f"{name}  ", "dim"), (text, "text")]
