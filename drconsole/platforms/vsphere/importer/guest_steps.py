"""Steps for guests: read what lies on storage, register, connect, start (R67, R73)."""

from __future__ import annotations

from typing import Any

from drconsole.model.inventory import Cluster, Datastore, VApp, VirtualMachine
from drconsole.model.step import step_key
from drconsole.planning import keys
from drconsole.platforms.vsphere.importer.graph import Rebuild
from drconsole.platforms.vsphere.importer.start_order import has_tools, heartbeat_key, started_before, starts
from drconsole.platforms.vsphere.protected.steps import guest_facts

_LAST_ON_GUESTS = ("vsphere.power-on", "vsphere.power-on-alone", "vsphere.connect-guest")


def add_guest_steps(rebuild: Rebuild, placement: dict[str, str]) -> None:
    """Adds the steps of every guest in scope. `placement` is guest id → host id, both captured."""
    read = {store.id: _add_reading(rebuild, store) for store in rebuild.scope.datastores}
    for guest in rebuild.scope.virtual_machines:
        _add_guest(rebuild, guest, placement[guest.id], read)
    before = started_before(rebuild.scope)
    for guest in rebuild.scope.virtual_machines:
        if starts(guest):
            _add_start(rebuild, guest, before.get(guest.id, ()))
    for vapp in rebuild.scope.vapps:
        _add_entities(rebuild, vapp)
    for cluster in rebuild.scope.clusters:
        _add_cluster_settings(rebuild, cluster)


def _add_reading(rebuild: Rebuild, store: Datastore) -> str:
    """Adds the reading of one datastore, so that another one's trouble holds nobody up."""
    prefix = f"[{store.name}] "
    own = [g for g in rebuild.plan.snapshot.virtual_machines if g.vmx_path.startswith(prefix)]
    return rebuild.add(
        step_key("guests", rebuild.label(store), "read"),
        "vsphere.read-guests",
        about=store.name,
        title="read every guest's configuration on the datastore",
        at={"datastore": store.id},
        guests=[{"name": guest.name, "path": guest.vmx_path} for guest in own],
        typical_s=2,
    )


def _add_guest(rebuild: Rebuild, guest: VirtualMachine, host: str, read: dict[str, str]) -> None:
    stores = {disk.datastore for disk in guest.disks if disk.datastore} | _home(rebuild, guest)
    at = {"folder": guest.folder, "host": host, "pool": _pool(rebuild, guest, host)}
    key = keys.registered(guest.id)
    rebuild.add(
        key,
        "vsphere.register",
        about=guest.name,
        title="register the guest",
        at=at,
        needs=(*(read[store] for store in sorted(stores) if store in read), *_off_first(rebuild, guest)),
        deadline="register",
        id=guest.id,
        name=guest.name,
        path=guest.vmx_path,
        template=guest.template,
        instance_uuid=guest.instance_uuid,
        uuid=guest.uuid,
    )
    rebuild.makes(key, guest.id)
    _add_connection(rebuild, guest)


def _off_first(rebuild: Rebuild, guest: VirtualMachine) -> tuple[str, ...]:
    """Returns the key of a planned run's shut-down: a guest that is left out there is left out here."""
    moves = rebuild.plan.mode == "planned" and not guest.template
    return (keys.shut_down(guest.id),) if moves else ()


def _add_start(rebuild: Rebuild, guest: VirtualMachine, before: tuple[str, ...]) -> None:
    """Adds the start, after whom it depends on, and the wait for a heartbeat that it had when captured.

    In a planned run the protected side still answers: it is asked before each start.
    """
    planned = rebuild.plan.mode == "planned"
    told: dict[str, Any] = {"twin": guest_facts(guest)} if planned else {}
    powered = rebuild.add(
        keys.powered(guest.id),
        "vsphere.power-on-alone" if planned else "vsphere.power-on",
        about=guest.name,
        title="start the guest",
        at={"guest": guest.id},
        needs=(step_key("guests", guest.id, "connect"),),
        # What the operator gives up holds nobody up.
        optional_needs=(*_physical(rebuild, guest), *before),
        deadline="power-on",
        typical_s=6,
        asks=planned,
        **told,
    )
    if has_tools(guest):
        rebuild.add(
            heartbeat_key(guest.id),
            "vsphere.heartbeat",
            about=guest.name,
            title="wait for the guest's heartbeat",
            at={"guest": guest.id},
            needs=(powered,),
            deadline="power-on",
            typical_s=15,
            resources=(),
        )


def _pool(rebuild: Rebuild, guest: VirtualMachine, host: str) -> str:
    """Returns the guest's pool where that is one of its host's, else the root pool of the host.

    A template has none, and a guest that was placed on another cluster's host cannot keep its own.
    """
    owner = next(item for item in rebuild.scope.hosts if item.id == host)
    roots = {cluster.id: cluster.resource_pool for cluster in rebuild.scope.clusters}
    root = roots.get(owner.parent) or next(
        (pool.id for pool in rebuild.scope.resource_pools if pool.parent == owner.id), ""
    )
    above = guest.resource_pool
    while above and above != root and rebuild.has(above):
        above = str(getattr(rebuild.object(above), "parent", ""))
    return guest.resource_pool if above and above == root else root


def _home(rebuild: Rebuild, guest: VirtualMachine) -> set[str]:
    """Returns the datastore that the guest's configuration file lies on."""
    name = guest.vmx_path.partition("]")[0].removeprefix("[")
    return {store.id for store in rebuild.scope.datastores if store.name == name}


def _add_connection(rebuild: Rebuild, guest: VirtualMachine) -> str:
    """Adds the step that connects the NICs to the recovered networks: a port group that was made
    anew has another id than the configuration file says."""
    groups, names = _reachable_networks(rebuild)
    used = sorted({nic.network for nic in guest.network_interfaces} & groups)
    return rebuild.add(
        step_key("guests", guest.id, "connect"),
        "vsphere.connect-guest",
        about=guest.name,
        title="connect the guest's interfaces to the recovered networks",
        at={"guest": guest.id} | {f"group:{group}": group for group in used},
        interfaces=[
            {"key": nic.key, "network": nic.network, "name": names.get(nic.network, ""), "mac": nic.mac}
            for nic in guest.network_interfaces
        ],
        template=guest.template,
    )


def _reachable_networks(rebuild: Rebuild) -> tuple[set[str], dict[str, str]]:
    """Returns the distributed port groups (ids) and the standard networks (id → name) that guests may be
    connected to: in a drill only those that are mapped to an isolated place."""
    drill = rebuild.plan.mode == "drill"

    def allowed(name: str) -> bool:
        return not drill or rebuild.network_place(name) is not None

    scope = rebuild.scope
    return (
        {group.id for group in scope.distributed_port_groups if allowed(group.name)},
        {network.id: network.name for network in scope.networks if allowed(network.name)},
    )


def _physical(rebuild: Rebuild, guest: VirtualMachine) -> tuple[str, ...]:
    """Returns the keys of the deployed physical servers that the guest waits for (R50)."""
    deployed = {role.protected for role in rebuild.plan.mapping.physical_servers if role.deploy}
    return tuple(
        keys.ready(server.name)
        for server in rebuild.scope.physical_servers
        if server.name in deployed and guest.name in server.guests
    )


def _add_entities(rebuild: Rebuild, vapp: VApp) -> None:
    members = {entity.member for entity in vapp.entities if rebuild.has(entity.member)}
    if not members:
        return
    rebuild.add(
        step_key("guests", rebuild.label(vapp), "start-order"),
        "vsphere.vapp-order",
        about=vapp.name,
        title="set the vApp's start order",
        at={"vapp": vapp.id},
        optional_needs=tuple(rebuild.place(member)[0] for member in sorted(members)),
        members={member: rebuild.place(member)[0] for member in sorted(members)},
        nested=[item.id for item in rebuild.scope.vapps if item.id in members],
        entities=[entity for entity in vapp.entities if entity.member in members],
    )


def _add_cluster_settings(rebuild: Rebuild, cluster: Cluster) -> None:
    """The captured settings come last: HA and DRS would act on a cluster that is being rebuilt."""
    members = {id for group in cluster.groups for id in group.members}
    members |= {id for rule in cluster.rules for id in rule.guests}
    present = sorted(id for id in members if rebuild.has(id))
    hosts = {host.id for host in rebuild.scope.hosts if host.parent == cluster.id}
    started = {step.key for step in rebuild.steps if step.handler in _LAST_ON_GUESTS}
    rebuild.add(
        rebuild.key(cluster, "settings", stage="guests"),
        "vsphere.cluster-settings",
        about=cluster.name,
        title="set HA, DRS, groups and rules as captured",
        at={"cluster": cluster.id},
        optional_needs=tuple(
            dict.fromkeys(
                (
                    *(rebuild.place(id)[0] for id in (*present, *sorted(hosts))),
                    *sorted(started),
                )
            )
        ),
        members={id: rebuild.place(id)[0] for id in present},
        cluster=cluster,
    )
