"""How fast a drill of a lab's world could be at best: its plan's graph over the lab's own durations.

Each step counts with what the lab cannot do faster, from the table in drconsole/lab/timing.toml: an install
as long as its kind's, a handler of `_LEAST` the sum of its entries, any other no time at all. The
bound is the longer of the longest way through the graph and, over all resources, the work that needs
one ÷ its capacity.
"""

from __future__ import annotations

from dataclasses import dataclass

from drconsole.lab.world.timing import Timing
from drconsole.model.mapping import HostMapping
from drconsole.model.plan import Plan
from drconsole.planning.graph import join, waits_for
from drconsole.recovery.schedule import capacity_of

_LEAST: dict[str, tuple[str, ...]] = {
    "replication.halt": ("replication.clone",),
    "replication.present": ("replication.present",),
    "provision.boot": ("machine.power-on", "machine.post", "machine.netboot-link"),
    "provision.ready": ("machine.post", "machine.disk-boot"),
    "vsphere.distributed-switch": ("vcenter.create",),
    "vsphere.distributed-port-group": ("vcenter.create",),
    "vsphere.add-host": ("vcenter.add-host",),
    "vsphere.rescan": ("host.rescan", "host.rescan"),
    "vsphere.switches": ("host.network-change",),
    "vsphere.port-groups": ("host.network-change",),
    "vsphere.vmkernel": ("host.network-change",),
    "vsphere.join-switch": ("vcenter.reconfigure",),
    "vsphere.mount-vmfs": ("host.resignature",),
    "vsphere.mount-nfs": ("host.mount",),
    "vsphere.register": ("vcenter.register-guest",),
    "vsphere.connect-guest": ("vcenter.reconfigure",),
    "vsphere.power-on": ("vcenter.power-on",),
    "vsphere.heartbeat": ("vcenter.tools-heartbeat",),
    "vsphere.cluster-settings": ("vcenter.reconfigure",),
}


@dataclass(frozen=True)
class Bound:
    """Simulated seconds: the longest way, and the most occupied resource's work ÷ capacity."""

    path: float
    work: float
    resource: str

    @property
    def seconds(self) -> float:
        """The bound: no schedule is shorter."""
        return max(self.path, self.work)


def bound_of(plan: Plan) -> Bound:
    """Returns the bound of a plan at the lab's durations, in simulated seconds."""
    timing = Timing.shipped()
    kinds = _kinds(plan.mapping)
    finish: dict[str, float] = {}
    work: dict[str, float] = {}
    for step in join(plan.steps):
        own = (f"install.{kinds[step.machine]}",) if step.handler == "provision.install" else ()
        least = sum(timing[name] for name in (*own, *_LEAST.get(step.handler, ())))
        finish[step.key] = max((finish[need] for need in waits_for(step)), default=0.0) + least
        for resource in step.resources:
            work[resource] = work.get(resource, 0.0) + least
    shares = {resource: seconds / capacity_of(resource) for resource, seconds in work.items()}
    busiest = max(shares, key=lambda name: shares[name], default="")
    return Bound(max(finish.values(), default=0.0), shares.get(busiest, 0.0), busiest)


def _kinds(mapping: HostMapping) -> dict[str, str]:
    """Returns target → what is installed on it."""
    server = mapping.management_server
    return {
        **{role.target: "hypervisor" for role in mapping.hosts},
        **{role.target: "linux" for role in mapping.physical_servers},
        **({server.target: "management"} if server is not None else {}),
    }
