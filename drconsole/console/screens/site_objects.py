"""The tables of a site's objects: guests, hosts, networks, datastores, physical servers."""

from __future__ import annotations

from collections.abc import Callable

from drconsole.console import phrases
from drconsole.console.draft import disk_gib
from drconsole.console.inventory import Captured, Inventory, Node, power_word
from drconsole.console.look import mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Line, Span

COLUMNS: dict[str, tuple[Column, ...]] = {
    "guests": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="power", title="POWER", width=11),
        Column(name="host", title="HOST", width=10, flex=1, rank=1),
        Column(name="network", title="NETWORK", width=12, flex=1, rank=3),
        Column(name="gib", title="GiB", width=5, rank=4, right=True),
        Column(name="os", title="OS", width=10, flex=1, rank=5),
        Column(name="captured", title="CAPTURED", width=9, rank=2),
    ),
    "hosts": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="state", title="STATE", width=15),
        Column(name="guests", title="GUESTS", width=6, rank=1, right=True),
        Column(name="cpu", title="CPU/GiB", width=9, rank=3, right=True),
        Column(name="version", title="VERSION", width=8, rank=2),
        Column(name="nics", title="NICS link/all", width=13, rank=4),
    ),
    "networks": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="kind", title="KIND", width=12, flex=1),
        Column(name="vlan", title="VLAN", width=6, rank=1, right=True),
    ),
    "datastores": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="state", title="STATE", width=15, rank=1),
        Column(name="type", title="TYPE", width=6, rank=2),
        Column(name="gib", title="GiB", width=7, rank=3, right=True),
        Column(name="volumes", title="VOLUMES", width=14, flex=2, rank=4),
    ),
    "physical": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="os", title="OS", width=10, flex=1, rank=1),
        Column(name="cpu", title="CPU/GiB", width=9, rank=2, right=True),
        Column(name="ip", title="ADDRESS", width=15, rank=3),
    ),
}

Cells = tuple[Span, ...]


def _marked(state: str, word: str = "") -> Span:
    glyph, role = mark(state)
    return f"{glyph} {word or state}", role


def _guest(node: Node, inventory: Inventory, captured: Captured | None) -> Cells:
    guest = captured.guests.get(node.id) if captured else None
    power = power_word(node.facts.get("power", "")) or (guest.power if guest else "off")
    template = node.facts.get("template") == "true"
    seen = "–"
    if captured is not None:
        taken = phrases.clock(captured.snapshot.taken)
        seen = "not yet" if guest is None else "changed" if captured.changed(node) else taken
    networks = (
        captured.names_of(nic.network for nic in guest.network_interfaces) if guest and captured else "–"
    )
    return (
        (node.name, "text"),
        ("○ template", "dim") if template else _marked(power),
        (phrases.short_name(inventory.name_of(node.facts.get("host", ""))) or "–", "text"),
        (networks, "text"),
        (f"{disk_gib(guest):.0f}" if guest else "–", "text"),
        ((guest.guest_os.removesuffix("Guest") or "–") if guest else "–", "dim"),
        (seen, "changed" if seen in ("changed", "not yet") else "dim"),
    )


def _host(node: Node, inventory: Inventory, captured: Captured | None) -> Cells:
    host = captured.hosts.get(node.id) if captured else None
    state = node.facts.get("connection", "connected")
    maintenance = node.facts.get("maintenance") == "true"
    guests = sum(
        g.facts.get("host") == node.id for g in inventory.nodes.values() if g.kind == "virtualMachine"
    )
    hardware = host.hardware if host else None
    linked = sum(nic.link == "up" for nic in host.physical_nics) if host else 0
    return (
        (node.name, "text"),
        ("! maintenance", "warn") if maintenance else _marked(state),
        (str(guests), "text"),
        (f"{hardware.cpu_threads}/{phrases.gib(hardware.memory_mib)}" if hardware else "–", "text"),
        (node.facts.get("version", "–"), "dim"),
        (f"{linked}/{len(host.physical_nics)}" if host else "–", "text"),
    )


def _network(node: Node, inventory: Inventory, captured: Captured | None) -> Cells:
    groups = captured.snapshot.distributed_port_groups if captured else ()
    group = next((group for group in groups if group.id == node.id), None)
    vlan = str(group.vlan) if group and group.vlan is not None else "–"
    if captured and group is None:
        found = {g.vlan for h in captured.snapshot.hosts for g in h.port_groups if g.name == node.name}
        vlan = ",".join(map(str, sorted(found))) or "–"
    kind = "distributed" if node.kind == "distributedPortGroup" else "standard"
    return (node.name, "text"), ("uplinks" if group and group.uplink else kind, "dim"), (vlan, "text")


def _datastore(node: Node, inventory: Inventory, captured: Captured | None) -> Cells:
    datastore = captured.datastores.get(node.id) if captured else None
    up = node.facts.get("accessible", "true") == "true"
    return (
        (node.name, "text"),
        ("● accessible", "ok") if up else ("✗ inaccessible", "bad"),
        ((datastore.type if datastore else "") or node.facts.get("type", "–"), "dim"),
        (phrases.gib(datastore.capacity_mib) if datastore else "–", "text"),
        ((", ".join(datastore.volumes) or "not replicated") if datastore else "–", "text"),
    )


CELLS: dict[str, Callable[[Node, Inventory, Captured | None], Cells]] = {
    "guests": _guest,
    "hosts": _host,
    "networks": _network,
    "datastores": _datastore,
}


def physical_cells(name: str, captured: Captured | None) -> Cells:
    """Returns the cells of a physical server, which only the configuration knows."""
    servers = captured.snapshot.physical_servers if captured else ()
    server = next((one for one in servers if one.name == name), None)
    if server is None:
        return ((name, "text"), ("–", "dim"), ("–", "dim"), ("–", "dim"))
    return (
        (server.name, "text"),
        (f"{server.operating_system} {server.version}".strip() or "–", "dim"),
        (f"{server.cpu_cores}/{phrases.gib(server.memory_mib)}", "text"),
        (server.ip or "–", "text"),
    )


def detail(node: Node | None, captured: Captured | None) -> list[Line]:
    """Returns what the newest snapshot knows of an object, a line each."""
    if node is None:
        return [[("nothing here", "dim")]]
    if captured is None:
        return [[("no snapshot has been read: there is no more to show", "dim")]]
    if guest := captured.guests.get(node.id):
        return _guest_detail(captured, guest.id)
    if host := captured.hosts.get(node.id):
        return [
            _pair("product", f"{host.product.name} {host.product.version}" if host.product else "–"),
            *(
                _pair(switch.name, f"← {', '.join(switch.nics) or 'no NIC'}  mtu {switch.mtu}")
                for switch in host.virtual_switches
            ),
            *(
                _pair(nic.name, f"{nic.ip or 'dhcp'} {nic.port_group} {' '.join(nic.services)}")
                for nic in host.virtual_nics
            ),
        ]
    if datastore := captured.datastores.get(node.id):
        hosts = captured.names_of(mount.host for mount in datastore.mounts)
        return [
            _pair("mounted by", hosts or "nobody"),
            _pair("volumes", ", ".join(datastore.volumes) or "none"),
        ]
    return [_pair("id", node.id)]


def _guest_detail(captured: Captured, identity: str) -> list[Line]:
    guest = captured.guests[identity]
    volumes = {
        store.id: ", ".join(store.volumes) or "not replicated" for store in captured.datastores.values()
    }
    lines: list[Line] = [
        _pair("size", f"{guest.cpus} CPU, {phrases.gib(guest.memory_mib)} GiB memory  {guest.guest_os}")
    ]
    for disk in guest.disks:
        size = f"{disk.capacity_kib / 1024**2:.0f} GiB"
        where = f"[{captured.names.get(disk.datastore, disk.datastore)}] → {volumes.get(disk.datastore, '–')}"
        lines.append(_pair(disk.label or str(disk.key), f"{size} {where}"))
    for nic in guest.network_interfaces:
        network = captured.names.get(nic.network, nic.network)
        lines.append(
            _pair(nic.label or str(nic.key), f"{nic.type} {nic.mac} {network} {' '.join(nic.addresses)}")
        )
    return [*lines, _pair(".vmx", guest.vmx_path or "–")]


def _pair(name: str, text: str) -> Line:
    return [(f"{name}  ", "dim"), (text, "text")]
