"""What the operator is working on: the host mapping and the VM selection of a site, not yet run."""

from __future__ import annotations

import msgspec

from drconsole.api.values import MatchReply, SelectionReply
from drconsole.console.inventory import Captured
from drconsole.errors import DRConsoleError, InvalidDocument, Refused
from drconsole.model.inventory import VirtualMachine
from drconsole.model.mapping import (
    GuestFlag,
    HostMapping,
    HostRole,
    ManagementRole,
    PhysicalRole,
    RoleKind,
    VmSelection,
)
from drconsole.model.plan import Verdict
from drconsole.model.target import Target
from drconsole.planning.fit import misfit, tightness, unavailable
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.placement import Placement, place
from drconsole.planning.roles import Need, needs_of


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How a target fits a role: `good`, `tight` or `none`, and why."""

    word: str
    why: str


def fit_of(need: Need, target: Target) -> Fit:
    """Returns how a target fits a role, judged by what was last probed."""
    obstacle = unavailable(target) or misfit(need, target)
    if obstacle:
        return Fit(word="none", why=obstacle)
    tight = tightness(need, target)
    parts = [part for part in (target.segment, tight) if part]
    return Fit(word="tight" if tight else "good", why="; ".join(parts))


class MappingDraft:
    """A host mapping that is being worked on. Roles are known by `KIND/PROTECTED`."""

    def __init__(self, snapshot_id: str, captured: Captured) -> None:
        self.snapshot_id = snapshot_id
        self.captured = captured
        self.needs = {f"{need.role}/{need.protected}": need for need in needs_of(captured.snapshot)}
        self.targets = dict.fromkeys(self.needs, "")
        self.deployed = dict.fromkeys(self.needs, True)
        self.unsaved = 0
        self.touched = False
        self._reasons: dict[tuple[str, str], str] = {}

    def take(self, reply: MatchReply) -> None:
        """Takes a match in, with its reasons."""
        self._load(reply.mapping)
        for match in reply.matches:
            self._reasons[f"{match.role}/{match.protected}", match.target] = match.reason

    def read(self, mapping: HostMapping, targets: tuple[Target, ...]) -> None:
        """Takes a document in. Raises what `check_mapping` raises, and leaves all as it was then."""
        check_mapping(mapping, self.captured.snapshot, targets, partial=True)
        self._load(mapping)
        self.touched, self.unsaved = True, 0

    def _load(self, mapping: HostMapping) -> None:
        for key, need in self.needs.items():
            entry = _entry(mapping, need.role, need.protected)
            self.targets[key] = entry.target if entry else ""
            deploy = isinstance(entry, ManagementRole) or (entry.deploy if entry else need.role == "host")
            self.deployed[key] = deploy

    def bare(self) -> list[str]:
        """Returns the names of deployed roles that have no target yet."""
        return [n.name for key, n in self.needs.items() if self.deployed[key] and not self.targets[key]]

    def mapping(self, *, flags_only: bool = False) -> HostMapping:
        """Returns the mapping as it stands; with `flags_only` without any target.

        A management server without a target is left out: no document and no request may name it so.
        """
        roles = {need.key: "" if flags_only else self.targets[key] for key, need in self.needs.items()}
        on = {need.key: self.deployed[key] for key, need in self.needs.items()}
        snapshot, server = self.captured.snapshot, self.captured.snapshot.management_server
        management = roles.get(("management", server.name)) if server else None
        return HostMapping(
            site=snapshot.site,
            snapshot=self.snapshot_id,
            management_server=ManagementRole(protected=server.name, target=management)
            if server and management
            else None,
            hosts=tuple(
                HostRole(
                    protected=host.id,
                    name=host.name,
                    target=roles["host", host.id],
                    deploy=on["host", host.id],
                )
                for host in snapshot.hosts
            ),
            physical_servers=tuple(
                PhysicalRole(
                    protected=one.name,
                    target=roles["physical", one.name],
                    deploy=on["physical", one.name],
                )
                for one in snapshot.physical_servers
            ),
        )

    def toggle(self, key: str) -> None:
        """Turns a role's deploy flag. Raises Refused for the management server's (R46)."""
        if self.needs[key].role == "management":
            raise Refused(
                "the management server is always deployed: nothing is recovered without it",
                about=self.needs[key].name,
            )
        self.deployed[key] = not self.deployed[key]
        self._edited()

    def assign(self, key: str, target: str) -> None:
        """Gives a role a target; a role that had it before loses it."""
        for other, taken in self.targets.items():
            if taken == target and other != key:
                self.targets[other] = ""
        self.targets[key] = target
        self._edited()

    def _edited(self) -> None:
        self.unsaved += 1
        self.touched = True

    def holder(self, target: str) -> str:
        """Returns the key of the deployed role that has a target, "" where none has."""
        return next(
            (key for key, taken in self.targets.items() if taken == target and self.deployed[key]), ""
        )

    def fit(self, key: str, targets: dict[str, Target]) -> Fit:
        """Returns how a role stands with its target now."""
        if not self.deployed[key]:
            return Fit(word="off", why="not deployed; its guests move to other hosts")
        name = self.targets[key]
        if not name:
            return Fit(word="none", why="no target yet: enter picks one, A matches all")
        if name not in targets:
            return Fit(word="none", why=f"there is no target {name}")
        found = fit_of(self.needs[key], targets[name])
        matched = self._reasons.get((key, name))
        return found if found.word == "none" or not matched else Fit(word=found.word, why=matched)

    def problem(self, targets: tuple[Target, ...]) -> str:
        """Returns what would refuse this mapping, as `check_mapping` says it; "" for nothing."""
        if bare := self.bare():
            return f"no target for {', '.join(bare)}"
        try:
            check_mapping(self.mapping(), self.captured.snapshot, targets)
        except DRConsoleError as error:
            return error.message
        return ""


def _entry(
    mapping: HostMapping, role: RoleKind, protected: str
) -> ManagementRole | HostRole | PhysicalRole | None:
    if role == "management":
        return mapping.management_server
    entries: tuple[HostRole, ...] | tuple[PhysicalRole, ...] = (
        mapping.hosts if role == "host" else mapping.physical_servers
    )
    return next((entry for entry in entries if entry.protected == protected), None)


class SelectionDraft:
    """A VM selection that is being worked on: a flag for each guest that can be recovered."""

    def __init__(self, reply: SelectionReply, captured: Captured) -> None:
        self.snapshot_id = reply.snapshot
        self.captured = captured
        self.verdicts: dict[str, Verdict] = {verdict.id: verdict for verdict in reply.verdicts}
        self.flags = {flag.id: flag.deploy for flag in reply.selection.virtual_machines}
        self.unsaved = 0
        self.touched = False
        self.version = 0

    def able(self, guest: str) -> bool:
        """Whether a guest can be recovered at all."""
        return guest in self.verdicts and self.verdicts[guest].verdict != "no"

    def set(self, guests: tuple[str, ...], deploy: bool) -> int:
        """Sets flags of those that can be recovered; returns how many changed."""
        changed = [g for g in guests if self.able(g) and self.flags.get(g, False) != deploy]
        self.flags.update(dict.fromkeys(changed, deploy))
        if changed:
            self.unsaved += len(changed)
            self.touched = True
            self.version += 1
        return len(changed)

    def read(self, selection: VmSelection) -> None:
        """Takes a document in. Raises InvalidDocument for another site's or for unknown guests."""
        snapshot = self.captured.snapshot
        if selection.site != snapshot.site:
            raise InvalidDocument(f"it is of site {selection.site}", expected=f"one of {snapshot.site}")
        strange = [flag.name for flag in selection.virtual_machines if flag.id not in self.captured.guests]
        if strange:
            raise InvalidDocument(f"the snapshot has no guest {', '.join(strange)}")
        given = {flag.id: flag.deploy for flag in selection.virtual_machines}
        unable = [self.verdicts[g].name for g, deploy in given.items() if deploy and not self.able(g)]
        if unable:
            raise InvalidDocument(f"cannot be recovered: {', '.join(unable)}", expected='deploy="false"')
        self.flags = {guest: given.get(guest, False) for guest in self.flags}
        self.touched, self.unsaved = True, 0
        self.version += 1

    def selection(self) -> VmSelection:
        """Returns the selection as it stands, in the snapshot's order."""
        return VmSelection(
            site=self.captured.snapshot.site,
            snapshot=self.snapshot_id,
            virtual_machines=tuple(
                GuestFlag(id=guest.id, name=guest.name, deploy=self.flags[guest.id])
                for guest in self.captured.snapshot.virtual_machines
                if guest.id in self.flags
            ),
        )

    def placement(self, mapping: HostMapping) -> Placement:
        """Returns on which host each selected guest goes, and who finds none."""
        return place(self.captured.snapshot, mapping, self.selection())


def disk_gib(guest: VirtualMachine) -> float:
    """Returns the size of a guest's disks in GiB."""
    return sum(disk.capacity_kib for disk in guest.disks) / 1024**2
