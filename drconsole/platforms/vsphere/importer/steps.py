"""All steps that the vSphere platform gives to a run, in the order in which they are derived."""

from __future__ import annotations

from drconsole.model.step import Step
from drconsole.planning import keys
from drconsole.planning.closure import Closure, closure_of
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.restrict import subset
from drconsole.platforms.vsphere.importer.graph import Rebuild
from drconsole.platforms.vsphere.importer.guest_steps import add_guest_steps
from drconsole.platforms.vsphere.importer.host_steps import add_host_steps, add_network_places
from drconsole.platforms.vsphere.importer.storage_steps import add_storage_steps
from drconsole.platforms.vsphere.importer.tree_steps import add_pool_steps, add_tree_steps
from drconsole.platforms.vsphere.importer.uplink_steps import add_uplink_steps


def rebuild_steps(plan: PlanInput) -> tuple[Step, ...]:
    """Gives the steps of uplinks, barrier, import and guests; none where only physical servers are
    recovered.

    Raises Refused for a host that could not be reached once it is recovered, UnknownName for a
    reference of the snapshot that no step can satisfy.
    """
    server = plan.mapping.management_server
    if server is None:
        return ()
    closure = closure_of(plan)
    rebuild = Rebuild(plan, subset(plan.snapshot, closure))
    roles = {role.protected: role for role in plan.mapping.hosts if role.deploy}
    add_tree_steps(rebuild, server.protected)
    for host in rebuild.scope.hosts:
        add_uplink_steps(rebuild, host, roles[host.id], server.protected)
    _add_barrier(rebuild, server.protected)
    for host in rebuild.scope.hosts:
        add_host_steps(rebuild, host, roles[host.id])
    add_network_places(rebuild)
    add_pool_steps(rebuild)
    add_storage_steps(rebuild)
    if rebuild.scope.virtual_machines:
        add_guest_steps(rebuild, closure.placed)
    return tuple(rebuild.steps)


def recovered_guests(plan: PlanInput) -> tuple[str, ...]:
    """Returns the captured ids of the guests that the run registers."""
    closure: Closure = closure_of(plan)
    return tuple(sorted(closure.objects["virtual_machines"]))


def _add_barrier(rebuild: Rebuild, management: str) -> None:
    """The barrier counts the management server and every deployed host, each with good uplinks (R65)."""
    hosts = [host.name for host in rebuild.scope.hosts]
    rebuild.add(
        keys.BARRIER,
        "vsphere.barrier",
        about=rebuild.plan.site.name,
        title="prove that nothing is connected yet",
        needs=(
            keys.ready(management),
            *(keys.ready(host) for host in hosts),
            *(keys.proved(host) for host in hosts),
        ),
    )
