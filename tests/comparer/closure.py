"""What a recovery sends to the recovered management server, from the protected side's dump.

Whole recovery (every host deployed, every recoverable guest selected): everything but guests that are
not selected and datastores that no group replicates. Partial: hosts H; the clusters above them; the
datastores of the selected guests G; standard networks of H; distributed switches with a member in H
and a port group that G or H uses, with these groups and the uplinks'; pools and vApps of G up to the
root, and the root pools of H; folders and datacenters above all that, with the datacenters' roots.
References are narrowed to what is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.comparer.leaves import Dump, Object
from tests.comparer.setting import Setting

ARRAYS = ("storageArray", "volume")
"""Kinds of the recovery site's own equipment: used by a recovery, not sent to anybody."""
ROOTS = ("vm", "host", "datastore", "network")


class Expected:
    """The dump that a recovery has to bring about: `objects` in the dump's own shape."""

    def __init__(self, before: Dump, setting: Setting) -> None:
        self._before = before
        self._index = {item["path"]: (kind, item) for kind, items in before.items() for item in items}
        self.hosts = frozenset(self._paths("host") if setting.hosts is None else setting.hosts)
        self.recoverable = frozenset(_recoverable(before, setting))
        self.guests = self.recoverable if setting.guests is None else setting.guests
        self.whole = self.hosts == self._paths("host") and self.guests >= self.recoverable
        taken = self._everything(setting) if self.whole else self._part()
        taken |= setting.physical | {item["path"] for item in before["managementServer"]}
        self._taken = frozenset(taken)
        self.objects: Dump = {
            kind: [self._narrowed(kind, item) for item in items if item["path"] in taken]
            for kind, items in before.items()
            if kind not in ARRAYS
        }

    def able(self, guest: Object) -> frozenset[str]:
        """Returns the deployed hosts that reach all datastores and networks of a guest."""
        needed = [self._index[path][1] for path in (*self._stores(guest), *_networks(guest))]
        reach = [self._reachable_from(item) for item in needed]
        return self.hosts.intersection(*reach) if reach else self.hosts

    def _paths(self, kind: str) -> frozenset[str]:
        return frozenset(item["path"] for item in self._before[kind])

    def _of(self, kind: str) -> list[Object]:
        return self._before[kind]

    def _everything(self, setting: Setting) -> set[str]:
        kinds = [kind for kind in self._before if kind not in (*ARRAYS, "physicalServer", "virtualMachine")]
        taken = {item["path"] for kind in kinds for item in self._of(kind)}
        lost = {item["path"] for item in self._of("datastore") if item["name"] not in setting.replicated}
        return (taken - lost) | self.guests

    def _part(self) -> set[str]:
        guests = [item for item in self._of("virtualMachine") if item["path"] in self.guests]
        hosts = [item for item in self._of("host") if item["path"] in self.hosts]
        taken = {item["path"] for item in (*guests, *hosts)}
        clusters = {host["parent"] for host in hosts} & self._paths("cluster")
        taken |= clusters
        taken |= {store for guest in guests for store in self._stores(guest)}
        taken |= {net["path"] for net in self._of("network") if self.hosts.intersection(net["hosts"])}
        taken |= self._distributed(guests, hosts)
        taken |= self._pools(guests, clusters | self.hosts)
        return taken | self._tree(taken)

    def _distributed(self, guests: list[Object], hosts: list[Object]) -> set[str]:
        used = {network for guest in guests for network in _networks(guest)}
        used |= {nic["distributedPortGroup"] for host in hosts for nic in host["virtualNics"]}
        members = {
            switch["path"]
            for switch in self._of("distributedSwitch")
            if self.hosts.intersection(member["host"] for member in switch["members"])
        }
        groups = self._of("distributedPortGroup")
        switches = {group["switch"] for group in groups if group["path"] in used} & members
        inside = [group for group in groups if group["switch"] in switches]
        return switches | {group["path"] for group in inside if group["uplink"] or group["path"] in used}

    def _pools(self, guests: list[Object], owners: frozenset[str] | set[str]) -> set[str]:
        pools = {item["path"]: item["parent"] for item in (*self._of("resourcePool"), *self._of("vApp"))}
        taken = {path for path, parent in pools.items() if parent in owners}
        for guest in guests:
            chain = list(_above(guest["resourcePool"], pools))
            if chain and pools[chain[-1]] in owners:
                taken.update(chain)
        return taken

    def _tree(self, taken: set[str]) -> set[str]:
        tree = {item["path"]: item["parent"] for item in self._of("folder")}
        tree |= {item["path"]: item["path"].rpartition("/")[0] for item in self._of("datacenter")}
        found: set[str] = set()
        for path in taken:
            kind, item = self._index[path]
            start = item.get("folder") if kind in ("virtualMachine", "vApp") else item.get("parent")
            found.update(_above(start or "", tree))
        centres = found & self._paths("datacenter")
        return found | {f"{centre}/{root}" for centre in centres for root in ROOTS}

    def _stores(self, guest: Object) -> set[str]:
        names = {item["name"]: item["path"] for item in self._of("datastore")}
        home = guest["vmxPath"].partition("] ")[0].removeprefix("[")
        return {names[home], *(disk["datastore"] for disk in guest["disks"])} - {""}

    def _reachable_from(self, item: Object) -> frozenset[str]:
        if "switch" in item:
            switch = self._index[item["switch"]][1]
            return frozenset(member["host"] for member in switch["members"])
        return frozenset(item["hosts"])

    def _narrowed(self, kind: str, item: Object) -> Object:
        match kind:
            case "datastore" | "network":
                return {**item, "hosts": self._only(item["hosts"])}
            case "host":
                return {**item, "datastores": self._mounted(item["datastores"])}
            case "distributedSwitch":
                return {**item, "members": [m for m in item["members"] if m["host"] in self.hosts]}
            case "distributedPortGroup" if item["uplink"]:
                return {**item, "ports": self._uplink_ports(item)}
            case "vApp":
                return {**item, "entities": [e for e in item["entities"] if e["member"] in self._taken]}
            case "cluster":
                return self._cluster(item)
            case "virtualMachine":
                return self._guest(item)
        return item

    def _uplink_ports(self, group: Object) -> int:
        """The server keeps a port for each uplink of each member; it is no setting of anybody's."""
        switch = self._index[group["switch"]][1]
        members = [member for member in switch["members"] if member["host"] in self.hosts]
        return len(switch["uplinks"]) * len(members)

    def _only(self, paths: list[str]) -> list[str]:
        return [path for path in paths if path in self._taken]

    def _mounted(self, names: list[str]) -> list[str]:
        taken = {item["name"] for item in self._of("datastore") if item["path"] in self._taken}
        return [name for name in names if name in taken]

    def _guest(self, guest: Object) -> Object:
        pool = guest["resourcePool"]
        if not pool or pool in self._taken:
            return guest
        roots = {i["parent"]: i["path"] for i in self._of("resourcePool") if i["path"] in self._taken}
        homes = {self._index[host][1]["parent"] for host in self.able(guest)}
        return {**guest, "resourcePool": next(iter(sorted(roots[home] for home in homes)))}

    def _cluster(self, cluster: Object) -> Object:
        groups = [{**group, "members": self._only(group["members"])} for group in cluster["groups"]]
        pairs = zip(cluster["groups"], groups, strict=True)
        kept = [new for old, new in pairs if new["members"] or not old["members"]]
        names = {group["name"] for group in kept}
        rules = [{**rule, "guests": self._only(rule["guests"])} for rule in cluster["rules"]]
        both = zip(cluster["rules"], rules, strict=True)
        return {**cluster, "groups": kept, "rules": [new for old, new in both if _holds(old, new, names)]}


def _recoverable(before: Dump, setting: Setting) -> Iterator[str]:
    """Guests of the protected side that may be registered: replicated, no agent, not the server itself."""
    stores = {item["path"] for item in before["datastore"] if item["name"] in setting.replicated}
    servers = {address["mac"] for server in before["managementServer"] for address in server["interfaces"]}
    for guest in before["virtualMachine"]:
        own = any(nic["mac"] in servers for nic in guest["networkInterfaces"])
        home = guest["vmxPath"].partition("] ")[0].removeprefix("[")
        lost = {disk["datastore"] for disk in guest["disks"]} - stores
        if not own and not guest["managedBy"] and not lost and home in setting.replicated:
            yield guest["path"]


def _holds(old: dict[str, Any], new: dict[str, Any], groups: set[str]) -> bool:
    named = {new["vmGroup"], new["affineHostGroup"], new["antiAffineHostGroup"]} - {""}
    return named <= groups and len(new["guests"]) >= min(len(old["guests"]), 2)


def _networks(guest: Object) -> set[str]:
    return {nic["network"] for nic in guest["networkInterfaces"]} - {""}


def _above(start: str, parents: dict[str, str]) -> Iterator[str]:
    while start in parents:
        yield start
        start = parents[start]
