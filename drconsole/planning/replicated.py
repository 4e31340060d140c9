"""Which replication groups carry a datastore: the link from guests to what arrays halt and promote."""

from __future__ import annotations

import re

from drconsole.model.inventory import Datastore, Snapshot, VirtualMachine
from drconsole.model.site import SitePlan

_DATASTORE = re.compile(r"\[(.+?)\] ?")


class Replication:
    """Answers, for one site and snapshot, where datastores are replicated to.

    The configuration decides, by the datastore's name: it is what the arrays are asked for now,
    whatever a snapshot of last week says.
    """

    def __init__(self, site: SitePlan, snapshot: Snapshot) -> None:
        self._groups: dict[str, frozenset[str]] = {}
        for entry in site.groups:
            known = self._groups.get(entry.datastore, frozenset())
            self._groups[entry.datastore] = known | {entry.id}
        self._arrays = {entry.id: entry.array for entry in site.groups}
        self._peers = {array.peer for array in site.arrays if array.side == "recovery"}
        self._by_id = {datastore.id: datastore for datastore in snapshot.datastores}
        self._by_name = {datastore.name: datastore for datastore in snapshot.datastores}

    def groups_of(self, datastore: str) -> frozenset[str]:
        """Returns the ids (`array/group`) of the groups behind a datastore's id; empty for none."""
        found = self._by_id.get(datastore)
        return self._groups.get(found.name, frozenset()) if found else frozenset()

    def refusal(self, datastore: str) -> str:
        """Returns why what lies on this datastore cannot come back, "" where it can."""
        groups = self.groups_of(datastore)
        name = self.name_of(datastore)
        if not groups:
            local = "is local to its host and " if self._is_local(datastore) else ""
            return f"datastore {name} {local}is in no replication group"
        lonely = sorted(group for group in groups if self._arrays[group] not in self._peers)
        return f"no recovery array has a copy of group {lonely[0]} under datastore {name}" if lonely else ""

    def name_of(self, datastore: str) -> str:
        """Returns a datastore's name, or its id where the snapshot has none of that id."""
        return self._by_id[datastore].name if datastore in self._by_id else datastore

    def datastores_of(self, guest: VirtualMachine) -> frozenset[str]:
        """Returns the ids of the datastores that hold a guest's .vmx and disks.

        A name in a path that the snapshot does not know stands for itself, so that it is refused.
        """
        found = {disk.datastore or self._id_in(disk.path) for disk in guest.disks}
        return frozenset((found | {self._id_in(guest.vmx_path)}) - {""})

    def _id_in(self, path: str) -> str:
        match = _DATASTORE.match(path)
        if match is None:
            return ""
        found = self._by_name.get(match.group(1))
        return found.id if found else match.group(1)

    def _is_local(self, datastore: str) -> bool:
        found: Datastore | None = self._by_id.get(datastore)
        return found is not None and found.local
