"""The tables of a site's objects: guests, hosts, networks, datastores, pools, physical servers."""

from __future__ import annotations

from collections.abc import Callable

from drconsole.console.draft import disk_gib
from drconsole.console.inventories.inventory import Inventory, Node, power_word
from drconsole.console.screens.site_known import Known
from drconsole.console.style.look import Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.words import phrases
from drconsole.model.inventory import PhysicalServer, VirtualMachine

COLUMNS: dict[str, tuple[Column, ...]] = {
    "guests": (
        Column(name="sign", title="S", width=1),
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="power", title="POWER", width=11),
        Column(name="host", title="HOST", width=10, flex=1, rank=1),
        Column(name="network", title="NETWORK", width=12, flex=1, rank=3),
        Column(name="gib", title="GiB", width=5, rank=4, right=True),
        Column(name="os", title="OS", width=10, flex=1, rank=5),
        Column(name="captured", title="CAPTURED", width=10, rank=2),
    ),
    "hosts": (
        Column(name="sign", title="S", width=1),
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="state", title="STATE", width=13),
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
        Column(name="sign", title="S", width=1),
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="state", title="STATE", width=13, rank=1),
        Column(name="type", title="TYPE", width=6, rank=2),
        Column(name="gib", title="GiB", width=7, rank=3, right=True),
        Column(name="volumes", title="VOLUMES", width=14, flex=2, rank=4),
    ),
    "pools": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="kind", title="KIND", width=6),
        Column(name="cpu", title="CPU MHz", width=11, rank=2, right=True),
        Column(name="memory", title="MEMORY MiB", width=11, rank=3, right=True),
        Column(name="guests", title="GUESTS", width=6, rank=1, right=True),
    ),
    "physical": (
        Column(name="name", title="NAME", width=16, flex=3),
        Column(name="os", title="OS", width=10, flex=1, rank=1),
        Column(name="cpu", title="CPU/GiB", width=9, rank=2, right=True),
        Column(name="ip", title="ADDRESS", width=15, rank=3),
    ),
}

Cells = tuple[Span, ...]
NOTHING: Span = ("–", "dim")


def marked(state: str, word: str = "") -> Span:
    """Returns a state's glyph and word."""
    glyph, role = mark(state)
    return f"{glyph} {word or state}", role


def guest_cells(node: Node, inventory: Inventory, known: Known) -> Cells:
    """Returns a guest's cells: what it is now, and how the snapshot has it."""
    guest, seen = known.guest(node), known.seen(node)
    power = power_word(node.facts.get("power", "")) or (guest.power if guest else "off")
    template = node.facts.get("template") == "true"
    differs = seen in ("changed", "not yet")
    glyph, role = ("!", "changed") if differs else ("○", "dim") if template else mark(power)
    return (
        (glyph, role),
        (node.name, "text"),
        ("○ template", "dim") if template else marked(power),
        (phrases.short_name(inventory.name_of(node.facts.get("host", ""))) or "–", "text"),
        (known.networks(guest), "text") if guest else NOTHING,
        (f"{disk_gib(guest):.0f}", "text") if guest else NOTHING,
        (_os(guest), "dim") if guest else NOTHING,
        (seen, "changed" if differs else "dim"),
    )


def _os(guest: VirtualMachine) -> str:
    return guest.guest_os.removesuffix("Guest").removesuffix("_64") or "–"


def host_cells(node: Node, inventory: Inventory, known: Known) -> Cells:
    """Returns a host's cells."""
    host = known.host(node)
    state = node.facts.get("connection", "connected")
    maintenance = node.facts.get("maintenance") == "true"
    glyph, role = ("!", "warn") if maintenance else mark(state)
    hardware = host.hardware if host else None
    linked = sum(nic.link == "up" for nic in host.physical_nics) if host else 0
    return (
        (glyph, role),
        (node.name, "text"),
        ("maintenance" if maintenance else state, role),
        (str(inventory.guests_on(node.id)), "text"),
        (f"{hardware.cpu_threads}/{phrases.gib(hardware.memory_mib)}", "text") if hardware else NOTHING,
        (node.facts.get("version", "–"), "dim"),
        (f"{linked}/{len(host.physical_nics)}", "text") if host else NOTHING,
    )


def network_cells(node: Node, inventory: Inventory, known: Known) -> Cells:
    """Returns a network's cells."""
    kind = "distributed" if node.kind == "distributedPortGroup" else "standard"
    if known.is_uplink(node):
        kind = "uplinks"
    return (node.name, "text"), (kind, "dim"), (known.vlan(node), "text")


def datastore_cells(node: Node, inventory: Inventory, known: Known) -> Cells:
    """Returns a datastore's cells."""
    datastore = known.datastore(node)
    up = node.facts.get("accessible", "true") == "true"
    return (
        ("●", "ok") if up else ("✗", "bad"),
        (node.name, "text"),
        ("accessible", "ok") if up else ("inaccessible", "bad"),
        ((datastore.type if datastore else "") or node.facts.get("type", "–"), "dim"),
        (phrases.gib(datastore.capacity_mib), "text") if datastore else NOTHING,
        (", ".join(datastore.volumes) or "not replicated", "text") if datastore else NOTHING,
    )


def pool_cells(node: Node, inventory: Inventory, known: Known) -> Cells:
    """Returns a pool's or a vApp's cells; shares and guests are those of the snapshot."""
    cpu, memory = known.shares(node)
    return (
        (node.name, "text"),
        ("vApp" if node.kind == "vApp" else "pool", "dim"),
        (cpu, "text"),
        (memory, "text"),
        (str(len(known.in_pools(inventory.pools_below(node.id)))) if known.captured else "–", "text"),
    )


CELLS: dict[str, Callable[[Node, Inventory, Known], Cells]] = {
    "guests": guest_cells,
    "hosts": host_cells,
    "networks": network_cells,
    "datastores": datastore_cells,
    "pools": pool_cells,
}


def physical_cells(server: PhysicalServer | None) -> Cells:
    """Returns the cells of a physical server, which only the configuration knows."""
    if server is None:
        return (NOTHING, NOTHING, NOTHING, NOTHING)
    return (
        (server.name, "text"),
        (f"{server.operating_system} {server.version}".strip() or "–", "dim"),
        (f"{server.cpu_cores}/{phrases.gib(server.memory_mib)}", "text"),
        (server.ip or "–", "text"),
    )
