"""What no single key can get wrong: keys of a configuration that contradict each other."""

from __future__ import annotations

import ipaddress
from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from drconsole.model.site import NetworkPlace, Provisioning
from drconsole.settings.source import Place, Source
from drconsole.settings.step_checks import check_steps
from drconsole.settings.values import Settings, Site

K = TypeVar("K")
V = TypeVar("V", bound=Hashable)


def check_whole(settings: Settings, source: Source) -> None:
    """Raises InvalidConfiguration at the first contradiction, with the line of its key."""
    for site in settings.sites.values():
        _check_groups(site, settings, source)
        _check_networks(site, source)
        _check_physical(site, source)
    _check_peers(settings, source)
    _check_machines(settings, source)
    check_steps(settings, source)
    if settings.provisioning is not None:
        _check_range(settings.provisioning.network, source)
        _check_segments(settings, settings.provisioning.network.segments, source)


def _check_groups(site: Site, settings: Settings, source: Source) -> None:
    known = sorted(array.place.name for array in settings.arrays.values() if array.place.side == "protected")
    for position, entry in enumerate(site.groups):
        if entry.array not in known:
            raise source.error(
                ("site", site.name, "group", position, "array"),
                f"{entry.array!r} is no protected array",
                f"one of {', '.join(known)}" if known else f'[array.{entry.array}] with side = "protected"',
            )
    volumes = ((n, (e.array, volume)) for n, e in enumerate(site.groups) for volume in e.volumes)
    for position, (array, volume) in _repeated(volumes):
        raise source.error(
            ("site", site.name, "group", position, "volumes"),
            f"volume {volume!r} of {array} stands in two groups or twice in one",
            "each volume once",
        )


def _check_networks(site: Site, source: Source) -> None:
    for position, name in _repeated(enumerate(network.name for network in site.networks)):
        raise source.error(
            ("site", site.name, "network", position, "name"),
            f"{name!r} is mapped twice",
            "one place a network",
        )
    for position, network in enumerate(site.networks):
        for key, place in (("drill", network.drill), ("real", network.real)):
            if place is not None:
                _check_place(place, ("site", site.name, "network", position, key), source)


def _check_place(place: NetworkPlace, where: Place, source: Source) -> None:
    if not place.gateway or not place.subnet:
        return
    if ipaddress.ip_address(place.gateway) not in ipaddress.ip_network(place.subnet):
        raise source.error(
            (*where, "gateway"), f"{place.gateway} is not in {place.subnet}", "a gateway inside the subnet"
        )


def _check_physical(site: Site, source: Source) -> None:
    for position, name in _repeated(enumerate(server.name for server in site.physical_servers)):
        raise source.error(
            ("site", site.name, "physical", position, "name"), f"{name!r} stands twice", "one table a server"
        )


def _check_peers(settings: Settings, source: Source) -> None:
    sides = {array.place.name: array.place.side for array in settings.arrays.values()}
    protected = [name for name, side in sides.items() if side == "protected"]
    for name, array in settings.arrays.items():
        place = array.place
        if place.side == "recovery" and place.peer not in protected:
            raise source.error(
                ("array", name, "peer"),
                f"{place.peer!r} is no protected array",
                f"one of {', '.join(sorted(protected))}" if protected else "a protected array of this file",
            )
        if place.side == "protected" and place.peer:
            raise source.error(
                ("array", name, "peer"), "a protected array has no peer", "peer at the recovery array alone"
            )
    peers = ((name, array.place.peer) for name, array in settings.arrays.items() if array.place.peer)
    for name, peer in _repeated(peers):
        raise source.error(
            ("array", name, "peer"), f"{peer} has two recovery arrays", "one recovery array a protected array"
        )


def _check_machines(settings: Settings, source: Source) -> None:
    """A machine under two names would belong to two runs at once."""
    for name, address in _repeated((name, machine.bmc.address) for name, machine in settings.pool.items()):
        raise source.error(
            ("pool", name, "address"), f"{address} is another target's BMC already", "one name a machine"
        )


def _check_range(network: Provisioning, source: Source) -> None:
    first, last = ipaddress.IPv4Address(network.first), ipaddress.IPv4Address(network.last)
    if last < first:
        raise source.error(
            ("provisioning", "last"), f"{last} comes before first, {first}", "a range from first to last"
        )
    subnet = ipaddress.IPv4Network(f"{first}/{network.netmask}", strict=False)
    if last not in subnet:
        raise source.error(
            ("provisioning", "last"), f"{last} is outside {subnet}", "first and last in one subnet of netmask"
        )
    if network.gateway and ipaddress.IPv4Address(network.gateway) not in subnet:
        raise source.error(
            ("provisioning", "gateway"), f"{network.gateway} is outside {subnet}", f"an address of {subnet}"
        )


def _check_segments(settings: Settings, segments: tuple[str, ...], source: Source) -> None:
    """A file that lists no segments leaves them open."""
    for name, machine in settings.pool.items():
        if segments and machine.segment not in segments:
            raise source.error(
                ("pool", name, "segment"),
                f"{machine.segment!r} is no segment of [provisioning]",
                f"one of {', '.join(segments)}",
            )


def _repeated(pairs: Iterable[tuple[K, V]]) -> Iterator[tuple[K, V]]:
    """Yields the pairs whose second half has been seen before."""
    seen: set[V] = set()
    for key, value in pairs:
        if value in seen:
            yield key, value
        seen.add(value)
