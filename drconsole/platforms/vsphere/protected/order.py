"""In which order guests are shut down: the reverse of the order in which they start. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from drconsole.model.inventory import Snapshot, VirtualMachine
from drconsole.planning import keys
from drconsole.platforms.vsphere.importer.start_order import heartbeat_key, started_before


def off_before(snapshot: Snapshot, guests: Iterable[VirtualMachine]) -> dict[str, tuple[str, ...]]:
    """Returns guest → the guests (ids) that have to be off before it is told to shut down.

    What a vApp starts after a guest goes before it. Guests that serve the site itself, as its name or
    time server, go after all others, in their own order.
    """
    moving = {guest.id: guest for guest in guests}
    started = _started(snapshot)
    later: dict[str, set[str]] = {guest: set() for guest in moving}
    for guest, earlier in started.items():
        for other in earlier & moving.keys():
            if guest in moving:
                later[other].add(guest)
    asked = _asked(snapshot)
    last = {guest.id for guest in moving.values() if _serves(guest, asked)}
    above = _reaching(later)
    # What must itself wait for one of them cannot be waited for by any: that would be a circle.
    free = {guest for guest in moving.keys() - last if above[guest].isdisjoint(last)}
    for guest in last:
        later[guest] |= free
    return {guest: tuple(sorted(found - {guest})) for guest, found in later.items()}


def _started(snapshot: Snapshot) -> dict[str, set[str]]:
    """Guest → the guests whose start its vApps put before it."""
    ids = {keys.powered(guest.id): guest.id for guest in snapshot.virtual_machines}
    ids |= {heartbeat_key(guest.id): guest.id for guest in snapshot.virtual_machines}
    return {guest: {ids[key] for key in earlier} for guest, earlier in started_before(snapshot).items()}


def _serves(guest: VirtualMachine, asked: set[str]) -> bool:
    own = {address for nic in guest.network_interfaces for address in nic.addresses} | {guest.hostname}
    return not own.isdisjoint(asked)


def _asked(snapshot: Snapshot) -> set[str]:
    """Addresses and names that the hosts and the management server ask for names and time."""
    found = {server for host in snapshot.hosts for server in host.ntp_servers}
    found |= {server for host in snapshot.hosts if host.dns for server in host.dns.servers}
    if snapshot.management_server is not None:
        found |= set(snapshot.management_server.dns_servers)
    return found - {""}


def _reaching(later: dict[str, set[str]]) -> dict[str, set[str]]:
    """Guest → all that it waits for, directly or not."""
    found: dict[str, set[str]] = {}
    for guest, others in later.items():
        seen: set[str] = set()
        pending = list(others)
        while pending:
            item = pending.pop()
            if item not in seen:
                seen.add(item)
                pending += later.get(item, ())
        found[guest] = seen
    return found
