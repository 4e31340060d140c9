"""Arrays that copy data: replication on the clock, halt, promote, clones and presentations.

The semantics of docs/replication-http.md. Nothing here knows the product or a vCenter: replication
goes on with both stopped (R7, R8).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from drconsole.lab.world.fabric import Side
from drconsole.lab.world.volumes import Image, Volume

if TYPE_CHECKING:
    from drconsole.lab.world.world import World

State = Literal["source", "target", "partial", "halted", "promoted"]
Code = Literal["NOT_FOUND", "FAILED_PRECONDITION", "ABORTED", "REFUSED", "UNIMPLEMENTED"]


class ArrayError(Exception):
    """The array's answer to a verb that it does not carry out; `code` as in the REST contract."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Portal:
    """Where an array serves NFS: an address, heard on these VLANs."""

    address: str
    prefix: int
    vlans: frozenset[int]


@dataclass
class Clone:
    """A point-in-time copy of a group: writable volumes of its own."""

    handle: str
    label: str
    token: str
    point_in_time: datetime
    volumes: list[Volume]


@dataclass
class Member:
    """A volume's place in a group."""

    volume: Volume
    state: State = "target"
    synced: bool = True
    error: str = ""


@dataclass
class Group:
    """Volumes that are halted and promoted as one. `point_in_time` is the last consistent instant
    that is here in whole; `source_confirmed` whether the source said that it stopped."""

    id: str
    members: list[Member]
    point_in_time: datetime
    source_confirmed: bool = False
    clones: list[Clone] = field(default_factory=list)
    busy: bool = False

    @property
    def state(self) -> State:
        states = {member.state for member in self.members}
        return states.pop() if len(states) == 1 else "partial"


class Array:
    """One array. `peer` is the array that a recovery array copies."""

    def __init__(self, world: World, name: str, side: Side, *, peer: str = "") -> None:
        self.world = world
        self.name = name
        self.side = side
        self.peer = peer
        self.volumes: dict[str, Volume] = {}
        self.groups: dict[str, Group] = {}
        self.portals: tuple[Portal, ...] = ()
        self._serial = 0

    @property
    def alive(self) -> bool:
        """Whether it has power and a network."""
        return self.side == "recovery" or not self.world.site_gone

    def group(self, id: str) -> Group:
        """Returns a group. Raises ArrayError NOT_FOUND."""
        try:
            return self.groups[id]
        except KeyError:
            raise ArrayError("NOT_FOUND", f"no group {id}") from None

    def volume(self, id: str) -> Volume:
        """Returns a volume, of a clone too. Raises ArrayError NOT_FOUND."""
        try:
            return self.volumes[id]
        except KeyError:
            raise ArrayError("NOT_FOUND", f"no volume {id}") from None

    def owner(self, volume: Volume) -> Group | Clone | None:
        """Returns the group or the clone that a volume belongs to."""
        for group in self.groups.values():
            if any(member.volume is volume for member in group.members):
                return group
            for clone in group.clones:
                if volume in clone.volumes:
                    return clone
        return None

    async def halt(self, id: str, *, token: str, planned: bool = False) -> Group:
        """Breaks the replication of a group; volumes that refuse leave it `partial`."""
        group = self.group(id)
        if group.state == "source":
            raise ArrayError("FAILED_PRECONDITION", f"group {id} is the source")
        if group.state in {"halted", "promoted"}:
            return group
        async with self._operation(group, "halt"):
            if planned and self._source_answers():
                self.receive(group)
            await self.world.take("replication.halt")
            for member in group.members:
                self._halt(member)
            group.source_confirmed = self._source_answers()
            if group.state == "halted":
                self._write("halt", f"{self.name}/{id}", token)
        return group

    async def sync(self, id: str, *, token: str) -> Group:
        """Copies what the source holds now, so that the group's point in time is no earlier than the call."""
        group = self.group(id)
        if group.state != "target":
            raise ArrayError("FAILED_PRECONDITION", f"group {id} is {group.state}: it receives nothing")
        async with self._operation(group, "sync"):
            await self.world.take("replication.sync")
            if not self._source_answers():
                raise ArrayError("FAILED_PRECONDITION", f"the source of group {id} does not answer")
            self.receive(group)
            self._write("sync", f"{self.name}/{id}", token)
        return group

    async def fence(self, id: str, volumes: Iterable[str], *, token: str) -> Group:
        """Makes volumes of a source read-only for every host, for good."""
        return await self._fenced(id, volumes, token, fenced=True)

    async def lift_fence(self, id: str, volumes: Iterable[str], *, token: str) -> Group:
        """Lets hosts write to volumes of a source again."""
        return await self._fenced(id, volumes, token, fenced=False)

    async def _fenced(self, id: str, volumes: Iterable[str], token: str, *, fenced: bool) -> Group:
        group, named = self.group(id), frozenset(volumes)
        if group.state != "source":
            raise ArrayError("FAILED_PRECONDITION", f"group {id} is {group.state}, not the source")
        async with self._operation(group, "fence" if fenced else "lift-fence"):
            await self.world.take("replication.fence")
            for member in group.members:
                if member.volume.id in named and member.volume.fenced != fenced:
                    member.volume.fenced, member.volume.writable = fenced, not fenced
                    effect = "fence" if fenced else "lift-fence"
                    self._write(effect, member.volume.path, token)
        return group

    async def promote(self, id: str, *, token: str) -> Group:
        """Makes a halted group writable."""
        group = self.group(id)
        if group.state == "promoted":
            return group
        if group.state != "halted" or not all(member.synced for member in group.members):
            raise ArrayError("FAILED_PRECONDITION", f"group {id} is {group.state}, not halted")
        async with self._operation(group, "promote"):
            await self.world.take("replication.promote")
            for member in group.members:
                member.state, member.volume.writable = "promoted", True
            self._write("promote", f"{self.name}/{id}", token)
        return group

    async def clone(self, id: str, *, token: str, label: str) -> Clone:
        """Copies the last consistent point in time of a group, whose replication goes on."""
        group = self.group(id)
        known = next((clone for clone in group.clones if clone.token == token), None)
        if known is not None:
            return known
        if not all(member.synced for member in group.members):
            raise ArrayError("FAILED_PRECONDITION", f"group {id} is not synchronised")
        async with self._operation(group, "clone"):
            # The images are taken before the wait: one instant, whatever arrives meanwhile.
            taken, images = group.point_in_time, [member.volume.image() for member in group.members]
            await self.world.take("replication.clone")
            clone = self._cloned(group, token, label, taken, images)
            self._write("clone", f"{self.name}/{id}", token)
        return clone

    def drop_clone(self, id: str, handle: str) -> None:
        """Deletes a clone and its presentations; one that is gone is gone."""
        group = self.group(id)
        for clone in [clone for clone in group.clones if clone.handle == handle]:
            for volume in clone.volumes:
                self._remove(volume, list(volume.initiators))
                del self.volumes[volume.id]
            group.clones.remove(clone)
            self._write("drop-clone", f"{self.name}/{id}", clone.token)

    async def present(self, id: str, initiators: Iterable[str]) -> Volume:
        """Lets initiators at a volume; refused while it receives replication."""
        volume = self.volume(id)
        owner = self.owner(volume)
        if isinstance(owner, Group) and owner.state != "promoted":
            raise ArrayError("FAILED_PRECONDITION", f"volume {id} is {owner.state}: it is not presented")
        self._refuse("present", volume.id)
        await self.world.take("replication.present")
        for initiator in initiators:
            if initiator not in volume.initiators:
                volume.initiators.append(initiator)
                self.world.ledger.write(self.name, "present", volume.path, initiator=initiator)
        if volume.lun is None and volume.naa:
            used = {other.lun for other in self.volumes.values()}
            volume.lun = next(lun for lun in range(256) if lun not in used)
        return volume

    async def unpresent(self, id: str, initiators: Iterable[str]) -> Volume:
        """Takes a volume from initiators, from all where none is named."""
        volume = self.volume(id)
        self._refuse("unpresent", volume.id)
        self._remove(volume, list(initiators) or list(volume.initiators))
        return volume

    def receive(self, group: Group) -> None:
        """Takes over what the source holds now: all volumes of the group at one instant.

        Where nothing was written since, nothing arrives.
        """
        source = self.world.arrays[self.peer]
        arriving = [member for member in group.members if member.state == "target"]
        for member in arriving:
            origin = source.volumes[member.volume.source]
            if member.synced and member.volume.holds(origin):
                continue
            member.volume.load(origin.image())
            member.synced = True
            self.world.ledger.write(
                source.name, "write-volume", member.volume.path, source=origin.path, block=origin.block
            )
        if len(arriving) == len(group.members):
            group.point_in_time = self.world.clock.now()

    async def replicate(self, group: Group) -> None:
        """Copies for ever, an interval apart, while the source is there and the group is a target."""
        while True:
            await self.world.take("replication.interval")
            if self._source_answers() and group.state in {"target", "partial"}:
                for member in group.members:
                    # What runs writes all the time: this is what tells a lost or late write.
                    self.world.arrays[self.peer].volumes[member.volume.source].worked_on()
                self.receive(group)

    def _source_answers(self) -> bool:
        return bool(self.peer) and self.world.arrays[self.peer].alive

    def _halt(self, member: Member) -> None:
        if member.state != "target":
            return
        try:
            self._refuse("halt", member.volume.id)
        except ArrayError as refused:
            member.error = str(refused)
        else:
            member.state, member.error = "halted", ""

    def _cloned(self, group: Group, token: str, label: str, taken: datetime, images: list[Image]) -> Clone:
        self._serial += 1
        handle = f"{group.id}-clone-{self._serial}"
        volumes = []
        for member, image in zip(group.members, images, strict=True):
            origin = member.volume
            volume = Volume(
                self.name,
                f"{origin.id}.{handle}",
                origin.size_bytes,
                naa=self._naa() if origin.naa else "",
                export=f"{origin.export}.{handle}" if origin.export else "",
                server=origin.server,
                source=origin.source,
            )
            volume.load(image)
            self.volumes[volume.id] = volume
            volumes.append(volume)
        clone = Clone(handle, label, token, taken, volumes)
        group.clones.append(clone)
        return clone

    def _naa(self) -> str:
        return f"naa.6{self.world.random.getrandbits(124):031x}"

    def _remove(self, volume: Volume, initiators: list[str]) -> None:
        for initiator in initiators:
            if initiator in volume.initiators:
                volume.initiators.remove(initiator)
                self.world.ledger.write(self.name, "unpresent", volume.path, initiator=initiator)

    def _refuse(self, verb: str, volume: str = "") -> None:
        fault = self.world.faults.bite("array-refuses", array=self.name, verb=verb, volume=volume)
        if fault is not None:
            code: Code = "ABORTED" if fault.where.get("code") == "ABORTED" else "REFUSED"
            raise ArrayError(code, f"{self.name} refuses to {verb} {volume}".rstrip())

    def _write(self, effect: str, object: str, token: str) -> None:
        self.world.ledger.write(self.name, effect, object, run=token.partition("/")[0], token=token)

    @asynccontextmanager
    async def _operation(self, group: Group, verb: str) -> AsyncIterator[None]:
        if group.busy:
            raise ArrayError("ABORTED", f"another operation on group {group.id} is pending")
        self._refuse(verb)
        if verb != "halt":
            for member in group.members:
                self._refuse(verb, member.volume.id)
        group.busy = True
        try:
            yield
        finally:
            group.busy = False
