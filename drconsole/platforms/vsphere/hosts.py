"""The list of hosts under a management server's control (R19–R21)."""

from __future__ import annotations

from typing import NamedTuple

from drconsole.model.live import HostListing
from drconsole.platforms.vsphere.collect import Found, everything, over_objects, over_view, retrieve
from drconsole.platforms.vsphere.leaves import item_texts, text
from drconsole.platforms.vsphere.session import Session

_HOST = ("name", "parent", "vm", "runtime.connectionState")
_PATHS = {
    "HostSystem": _HOST,
    "ComputeResource": ("name", "parent", "host"),
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
}
_CLUSTER = "ClusterComputeResource"


class _Seen(NamedTuple):
    wsdl: str
    name: str
    parent: str
    guests: int
    connection: str
    members: tuple[str, ...]


async def list_hosts(session: Session) -> tuple[HostListing, ...]:
    """Returns every host with its path of names, sorted by path.

    A host that a cluster names but the first answer lacked is asked for, until none is missing.
    """
    seen: dict[str, _Seen] = {}

    def sink(found: Found) -> None:
        if found.props:
            seen[found.id] = _seen(found)

    async with everything(session, _PATHS) as view:
        await retrieve(session, over_view(session, view, _PATHS), sink)
    asked: set[str] = set()
    while missing := {id for entry in seen.values() for id in entry.members} - seen.keys() - asked:
        asked |= missing
        follow_up = over_objects([("HostSystem", id) for id in sorted(missing)], {"HostSystem": _HOST})
        await retrieve(session, follow_up, sink)
    listed = (_listing(id, seen) for id, entry in seen.items() if entry.wsdl == "HostSystem")
    return tuple(sorted(listed, key=lambda listing: listing.path))


def _seen(found: Found) -> _Seen:
    return _Seen(
        wsdl=found.wsdl,
        name=text(found.props.get("name")),
        parent=text(found.props.get("parent")),
        guests=len(item_texts(found.props.get("vm"))),
        connection=text(found.props.get("runtime.connectionState")),
        members=item_texts(found.props.get("host")),
    )


def _listing(id: str, seen: dict[str, _Seen]) -> HostListing:
    host = seen[id]
    around = seen.get(host.parent)
    return HostListing(
        id=id,
        name=host.name,
        path=path_of(id, seen),
        cluster=around.name if around and around.wsdl == _CLUSTER else "",
        guests=host.guests,
        connection=host.connection,
    )


def path_of(id: str, seen: dict[str, _Seen]) -> str:
    """Returns the names from the datacenter down, as the inventory writes them: `/` in names is encoded."""
    names: list[str] = []
    visited: set[str] = set()
    while id in seen and id not in visited:
        visited.add(id)
        entry = seen[id]
        names.append(entry.name)
        if entry.wsdl == "Datacenter":
            break
        id = entry.parent
    return "/".join(reversed(names))
