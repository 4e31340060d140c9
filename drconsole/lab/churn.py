"""A site at work: guests come, change, move and go, as any vSphere client could make them."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, cast

from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.dispatch import invoke
from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.objects import Endpoint, ManagedObject
from drconsole.lab.world.vim.registry import vmomi
from drconsole.lab.world.vim.tasks import Task
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.datacenters import Datacenter
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.world import World

PREFIX = "churn-"
"""Names of what churn made: only these it destroys, so that the world's own guests stay."""
MOST = 30
"""How many guests churn keeps at most."""


@dataclass
class Tally:
    """What churn did so far: operations by kind, how many the vCenter refused by a fault that the method
    declares, and how many broke in a way that no vCenter does."""

    kinds: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    errors: int = 0

    def shown(self) -> dict[str, Any]:
        """Returns it as JSON values."""
        return {
            "operations": self.kinds.total(),
            "refused": self.refused,
            "errors": self.errors,
            "kinds": dict(sorted(self.kinds.items())),
        }


async def churn(
    world: World, rate: float = 1.0, operations: int | None = None, tally: Tally | None = None
) -> None:
    """Changes the protected world `rate` times a second, for ever or `operations` times.

    Every change goes through the vCenter's own methods, with their faults: one that is refused
    counts and is no error. `tally` is told of each. Raises ValueError for a rate of 0 or less.
    """
    if rate <= 0:
        raise ValueError(f"rate {rate}: must be above 0")
    management = world.protected_management
    assert management is not None, "the default world has one"
    work = _Churn(
        cast("Endpoint", management.endpoint), management.username, management.password, tally or Tally()
    )
    for _ in itertools.count() if operations is None else range(operations):
        if not world.site_gone:
            await work.one()
        await asyncio.sleep(1 / rate)


class _Churn:
    def __init__(self, endpoint: Endpoint, user: str, password: str, tally: Tally) -> None:
        self._endpoint = endpoint
        self._tally = tally
        self._credentials = user, password
        self._random = random.Random(f"churn {endpoint.world.seed}")  # noqa: S311 - one seed, one world
        self._names = itertools.count(1)
        self._call = self._login()

    def _login(self) -> Call:
        session = self._endpoint.sessions.login(*self._credentials, "churn")
        return Call(self._endpoint, session, initiator="churn")

    async def one(self) -> None:
        """Makes one change of any kind."""
        kinds: tuple[Callable[[], Awaitable[None]], ...] = (
            self._create,
            self._create,
            self._reconfigure,
            self._migrate,
            self._migrate,
            self._rename,
            self._destroy,
            self._folder,
            self._network,
        )
        kind = self._random.choice(kinds)
        broken = len(self._endpoint.undeclared)
        try:
            await kind()
        except vmomi.GetVmodlType("vim.fault.NotAuthenticated"):
            self._call = self._login()
            self._tally.refused += 1
        except vmomi.GetVmodlType("vmodl.MethodFault"):
            # Somebody else was faster: a real administrator reads the fault and goes on.
            self._tally.refused += 1
        self._tally.kinds[kind.__name__.strip("_")] += 1
        self._tally.errors += len(self._endpoint.undeclared) - broken

    async def _do(self, target: ManagedObject, method: str, **arguments: Any) -> None:
        result = await invoke(self._call, target, method, arguments)
        if result is not None and result._moId.startswith("task-"):
            task = self._endpoint.objects.get(result._moId)
            if isinstance(task, Task):
                await task.done.wait()
                if task.props["info"].error is not None:
                    raise task.props["info"].error

    def _own(self) -> list[VirtualMachine]:
        return [guest for guest in self._endpoint.of(VirtualMachine) if guest.name.startswith(PREFIX)]

    async def _create(self) -> None:
        cluster = self._random.choice(self._endpoint.of(Cluster))
        host = self._random.choice(list(cluster.children.values()))
        mount = self._random.choice(cast("Any", host).hypervisor.storage.mounts)
        if len(self._own()) >= MOST:
            await self._destroy()
            return
        name = f"{PREFIX}{next(self._names)}"
        spec = new(
            "VirtualMachineConfigSpec",
            name=name,
            guestId="ubuntu64Guest",
            numCPUs=1,
            memoryMB=512,
            files=new("VirtualMachineFileInfo", vmPathName=f"[{mount.name}]"),
            deviceChange=[self._disk(mount.name, name)],
        )
        folder = self._endpoint.single(Datacenter).folder("vmFolder")
        await self._do(folder, "CreateVM_Task", config=spec, pool=cluster.pool.ref(), host=host.ref())

    def _disk(self, datastore: str, name: str) -> Any:
        backing = new(
            "VirtualDiskFlatVer2BackingInfo",
            fileName=f"[{datastore}] {name}/disk-0.vmdk",
            diskMode="persistent",
            thinProvisioned=True,
        )
        disk = new(
            "VirtualDisk", key=-1, controllerKey=1000, unitNumber=0, capacityInKB=1 << 20, backing=backing
        )
        return new("VirtualDeviceConfigSpec", operation="add", fileOperation="create", device=disk)

    async def _reconfigure(self) -> None:
        guest = self._random.choice(self._endpoint.of(VirtualMachine))
        note = f"changed {self._random.randrange(10_000)}"
        await self._do(guest, "ReconfigVM_Task", spec=new("VirtualMachineConfigSpec", annotation=note))

    async def _migrate(self) -> None:
        guest = self._random.choice(self._endpoint.of(VirtualMachine))
        above = guest.host.parent
        if isinstance(above, Cluster):
            target = self._random.choice(list(above.children.values()))
            arguments = {"pool": None, "host": target.ref(), "priority": "defaultPriority", "state": None}
            await self._do(guest, "MigrateVM_Task", **arguments)

    async def _rename(self) -> None:
        own = self._own()
        if own:
            guest = self._random.choice(own)
            await self._do(guest, "Rename_Task", newName=f"{PREFIX}{next(self._names)}")

    async def _destroy(self) -> None:
        own = self._own()
        if own:
            await self._do(self._random.choice(own), "Destroy_Task")

    async def _folder(self) -> None:
        folder = self._endpoint.single(Datacenter).folder("vmFolder")
        await self._do(folder, "CreateFolder", name=f"{PREFIX}folder-{next(self._names)}")

    async def _network(self) -> None:
        cluster = self._random.choice(self._endpoint.of(Cluster))
        host = cast("Any", self._random.choice(list(cluster.children.values())))
        spec = new(
            "HostPortGroupSpec",
            name=f"{PREFIX}net-{next(self._names)}",
            vlanId=11,
            vswitchName="vSwitch0",
            policy=new("HostNetworkPolicy"),
        )
        await self._do(host.managers.by_name["networkSystem"], "AddPortGroup", portgrp=spec)
