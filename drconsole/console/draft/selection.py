"""The VM selection that an operator works on: a flag for each guest that can be recovered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drconsole.api.values import SelectionReply
from drconsole.console.draft.sheet import Sheet
from drconsole.console.inventories.inventory import Captured
from drconsole.errors import InvalidDocument
from drconsole.model.inventory import VirtualMachine
from drconsole.model.mapping import GuestFlag, VmSelection
from drconsole.model.plan import Verdict


class SelectionDraft(Sheet[bool]):
    """A VM selection that is being worked on. Its sums are kept up, so that one flag costs one guest."""

    def __init__(self, reply: SelectionReply, captured: Captured) -> None:
        self.snapshot_id = reply.snapshot
        self.captured = captured
        self.verdicts: dict[str, Verdict] = {verdict.id: verdict for verdict in reply.verdicts}
        known = captured.guests
        super().__init__({f.id: f.deploy for f in reply.selection.virtual_machines if f.id in known})
        self._read = False
        self.selected = self.disk_kib = self.memory_mib = 0
        self._sum()

    @property
    def flags(self) -> dict[str, bool]:
        """Guest → its deploy flag, for those that can be recovered."""
        return self.values

    @property
    def touched(self) -> bool:
        """Whether there is anything that the operator has chosen."""
        return self.edited or self._read

    def able(self, guest: str) -> bool:
        """Whether a guest can be recovered at all."""
        return guest in self.values and guest in self.verdicts and self.verdicts[guest].verdict != "no"

    def set(self, guests: Iterable[str], deploy: bool) -> int:
        """Sets flags of those that can be recovered; returns how many changed."""
        new = {guest: deploy for guest in guests if self.able(guest)}
        words = "flags of many guests"
        if len(new) == 1:
            words = f"the flag of {self.captured.guests[next(iter(new))].name}"
        return self.change(words, new)

    def carry(self, old: SelectionDraft) -> int:
        """Takes over the flags of guests that are here too; returns how many it changed."""
        kept = {guest: deploy for guest, deploy in old.values.items() if self.able(guest)}
        return self.change("the flags that were carried over", kept)

    def read(self, selection: VmSelection) -> int:
        """Takes a document in, as an edit; returns how many flags it changed.

        Raises InvalidDocument for another site's or for unknown guests.
        """
        snapshot = self.captured.snapshot
        if selection.site != snapshot.site:
            raise InvalidDocument(f"it is of site {selection.site}", expected=f"one of {snapshot.site}")
        strange = [flag.name for flag in selection.virtual_machines if flag.id not in self.captured.guests]
        if strange:
            raise InvalidDocument(f"the snapshot has no guest {', '.join(strange)}")
        given = {flag.id: flag.deploy for flag in selection.virtual_machines}
        unable = [self.captured.guests[g].name for g, deploy in given.items() if deploy and not self.able(g)]
        if unable:
            raise InvalidDocument(f"cannot be recovered: {', '.join(unable)}", expected='deploy="false"')
        new = {guest: given.get(guest, False) for guest in self.values}
        changed = self.change("the document that was read", new)
        self._read = True
        self.save()
        return changed

    def selection(self) -> VmSelection:
        """Returns the selection as it stands, in the snapshot's order."""
        return VmSelection(
            site=self.captured.snapshot.site,
            snapshot=self.snapshot_id,
            virtual_machines=tuple(
                GuestFlag(id=guest.id, name=guest.name, deploy=self.values[guest.id])
                for guest in self.captured.snapshot.virtual_machines
                if guest.id in self.values
            ),
        )

    def chosen(self) -> frozenset[str]:
        """Returns the ids of the guests that are recovered."""
        return frozenset(guest for guest, deploy in self.values.items() if deploy)

    def load(self, values: Mapping[str, bool]) -> None:
        """Begins anew; see Sheet."""
        super().load(values)
        self._sum()

    def replaced(self, key: str, old: bool, new: bool) -> None:
        """Keeps the sums up."""
        if old != new:
            self._add(self.captured.guests[key], 1 if new else -1)

    def _sum(self) -> None:
        self.selected = self.disk_kib = self.memory_mib = 0
        for guest, deploy in self.values.items():
            if deploy:
                self._add(self.captured.guests[guest], 1)

    def _add(self, guest: VirtualMachine, times: int) -> None:
        self.selected += times
        self.disk_kib += times * sum(disk.capacity_kib for disk in guest.disks)
        self.memory_mib += times * guest.memory_mib


def disk_gib(guest: VirtualMachine) -> float:
    """Returns the size of a guest's disks in GiB."""
    return sum(disk.capacity_kib for disk in guest.disks) / 1024**2
