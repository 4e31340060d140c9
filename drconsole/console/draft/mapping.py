"""The host mapping that an operator works on: a target and a deploy flag for each role."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from drconsole.api.values import MatchReply
from drconsole.console.draft.fit import LEFT_OUT, OFF, OPEN, Fit, fit_of
from drconsole.console.draft.sheet import Sheet
from drconsole.console.inventories.inventory import Captured
from drconsole.console.words.phrases import short_name
from drconsole.errors import DRConsoleError, Refused
from drconsole.model.mapping import HostMapping, HostRole, ManagementRole, PhysicalRole, RoleKind
from drconsole.model.target import Target
from drconsole.planning.mapping_check import check_mapping
from drconsole.planning.roles import Need, needs_of

_NAMED = 6
"""Roles that a line names."""


class Chosen(msgspec.Struct, frozen=True):
    """What is chosen for a role: its target ("" for none yet), and whether it is deployed."""

    target: str = ""
    deploy: bool = True


class MappingDraft(Sheet[Chosen]):
    """A host mapping that is being worked on. Roles are known by `KIND/PROTECTED`."""

    def __init__(self, snapshot_id: str, captured: Captured) -> None:
        self.snapshot_id = snapshot_id
        self.captured = captured
        self.needs = {f"{need.role}/{need.protected}": need for need in needs_of(captured.snapshot)}
        super().__init__(dict.fromkeys(self.needs, Chosen()))
        self.matched_with: int | None = None
        """How many targets were free when it was matched last; None where nobody knew."""
        self._read = False
        self._reasons: dict[tuple[str, str], str] = {}
        self._fits: dict[str, tuple[Chosen, Target | None, Fit]] = {}
        self._problem: tuple[int, tuple[Target, ...], str] | None = None
        self._hosts: tuple[int, frozenset[str]] = (-1, frozenset())

    @property
    def touched(self) -> bool:
        """Whether there is anything that the operator has chosen: what is only matched is done anew."""
        return self.edited or self._read

    @property
    def targets(self) -> dict[str, str]:
        """Role → target, "" for none."""
        return {key: chosen.target for key, chosen in self.values.items()}

    @property
    def deployed(self) -> dict[str, bool]:
        """Role → its deploy flag."""
        return {key: chosen.deploy for key, chosen in self.values.items()}

    # -- taking in ----------------------------------------------------------------------------------

    def take(self, reply: MatchReply, words: str = "") -> int:
        """Takes a match in, with its reasons: as the beginning, or with `words` as an edit.

        Returns how many roles it changed. A match that comes after the first edit changes nothing that
        was chosen: it fills roles that have no target.
        """
        for match in reply.matches:
            self._reasons[f"{match.role}/{match.protected}", match.target] = match.reason
        self._fits.clear()
        found = self._of(reply.mapping)
        if not words and not self.edited:
            self.load(found)
            return len(found)
        if not words:
            taken = set(self.targets.values())
            found = {
                key: Chosen(found[key].target, chosen.deploy)
                for key, chosen in self.values.items()
                if chosen.deploy and not chosen.target and found[key].target not in taken
            }
        return self.change(words or "targets that were matched", found)

    def read(self, mapping: HostMapping, targets: tuple[Target, ...]) -> int:
        """Takes a document in, as an edit. Returns how many roles it changed.

        Raises what `check_mapping` raises, and leaves all as it was then.
        """
        check_mapping(mapping, self.captured.snapshot, targets, partial=True)
        changed = self.change("the document that was read", self._of(mapping))
        self._read = True
        self.save()
        return changed

    def carry(self, old: MappingDraft) -> int:
        """Takes over what was chosen for roles that are here too; returns how many it changed."""
        kept = {key: chosen for key, chosen in old.values.items() if key in self.values}
        return self.change("what was carried over", kept)

    def _of(self, mapping: HostMapping) -> dict[str, Chosen]:
        entries: dict[tuple[str, str], ManagementRole | HostRole | PhysicalRole] = {}
        if mapping.management_server:
            entries["management", mapping.management_server.protected] = mapping.management_server
        entries |= {("host", role.protected): role for role in mapping.hosts}
        entries |= {("physical", role.protected): role for role in mapping.physical_servers}
        found: dict[str, Chosen] = {}
        for key, need in self.needs.items():
            entry = entries.get(need.key)
            if entry is None:
                found[key] = Chosen("", need.role != "physical")
            else:
                found[key] = Chosen(entry.target, isinstance(entry, ManagementRole) or entry.deploy)
        return found

    # -- editing ------------------------------------------------------------------------------------

    def toggle(self, key: str) -> None:
        """Turns a role's deploy flag. Raises Refused for the management server's (R46)."""
        need, chosen = self.needs[key], self.values[key]
        if need.role == "management":
            raise Refused(
                "the management server is always deployed: nothing is recovered without it", about=need.name
            )
        self.change(f"the flag of {need.name}", {key: Chosen(chosen.target, not chosen.deploy)})

    def assign(self, key: str, target: str) -> None:
        """Gives a role a target; a role that had it before loses it."""
        others = {
            other: Chosen("", chosen.deploy)
            for other, chosen in self.values.items()
            if chosen.target == target and other != key
        }
        words = f"{target} for {self.needs[key].name}"
        self.change(words, {**others, key: Chosen(target, self.values[key].deploy)})

    # -- what it amounts to -------------------------------------------------------------------------

    def bare(self) -> list[str]:
        """Returns the names of deployed roles that have no target yet."""
        return [self.needs[key].name for key, c in self.values.items() if c.deploy and not c.target]

    def holder(self, target: str) -> str:
        """Returns the key of the deployed role that has a target, "" where none has."""
        return next((key for key, c in self.values.items() if c.target == target and c.deploy), "")

    def deployed_hosts(self) -> frozenset[str]:
        """Returns the ids of the hosts that are recovered."""
        if self._hosts[0] != self.version:
            hosts = (need.protected for key, need in self.needs.items() if _is_on(need, self.values[key]))
            self._hosts = (self.version, frozenset(hosts))
        return self._hosts[1]

    def mapping(self, *, flags_only: bool = False) -> HostMapping:
        """Returns the mapping as it stands; with `flags_only` without any target.

        A management server without a target is left out: no document and no request may name it so.
        """
        roles: dict[tuple[RoleKind, str], Chosen] = {
            need.key: Chosen("" if flags_only else self.values[key].target, self.values[key].deploy)
            for key, need in self.needs.items()
        }
        snapshot, server = self.captured.snapshot, self.captured.snapshot.management_server
        management = roles.get(("management", server.name)) if server else None
        return HostMapping(
            site=snapshot.site,
            snapshot=self.snapshot_id,
            management_server=ManagementRole(protected=server.name, target=management.target)
            if server and management and management.target
            else None,
            hosts=tuple(
                HostRole(protected=host.id, name=host.name, target=role.target, deploy=role.deploy)
                for host in snapshot.hosts
                for role in [roles["host", host.id]]
            ),
            physical_servers=tuple(
                PhysicalRole(protected=one.name, target=role.target, deploy=role.deploy)
                for one in snapshot.physical_servers
                for role in [roles["physical", one.name]]
            ),
        )

    def fit(self, key: str, targets: Mapping[str, Target]) -> Fit:
        """Returns how a role stands with its target now."""
        chosen = self.values[key]
        target = targets.get(chosen.target)
        known = self._fits.get(key)
        if known is None or known[:2] != (chosen, target):
            known = self._fits[key] = (chosen, target, self._fit(key, chosen, target))
        return known[2]

    def _fit(self, key: str, chosen: Chosen, target: Target | None) -> Fit:
        if not chosen.deploy:
            return LEFT_OUT if self.needs[key].role == "physical" else OFF
        if not chosen.target:
            return OPEN
        if target is None:
            return Fit(word="none", why=f"there is no target {chosen.target}")
        found = fit_of(self.needs[key], target)
        matched = self._reasons.get((key, chosen.target))
        return found if found.word == "none" or not matched else Fit(word=found.word, why=matched)

    def problem(self, targets: tuple[Target, ...]) -> str:
        """Returns what would refuse this mapping, as `check_mapping` says it; "" for nothing."""
        if self._problem is None or self._problem[:2] != (self.version, targets):
            self._problem = (self.version, targets, self._checked(targets))
        return self._problem[2]

    def _checked(self, targets: tuple[Target, ...]) -> str:
        if bare := [short_name(name) for name in self.bare()]:
            more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
            return f"no target for {', '.join(bare[:_NAMED])}{more}"
        try:
            needs = tuple(self.needs.values())
            check_mapping(self.mapping(), self.captured.snapshot, targets, needs=needs)
        except DRConsoleError as error:
            return error.message
        return ""


def _is_on(need: Need, chosen: Chosen) -> bool:
    return need.role == "host" and chosen.deploy
