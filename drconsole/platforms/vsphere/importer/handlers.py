"""The handlers that the steps name, bound to one recovered site."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drconsole.model.step import Handler, Handlers
from drconsole.platforms.vsphere.importer import (
    barrier,
    captured_settings,
    cleanup,
    connect,
    datastores,
    distributed,
    guests,
    host_network,
    host_settings,
    join,
    membership,
    network_place,
    ports,
    power,
    reaching,
    storage,
    tree,
    uplinks,
    vmkernel,
)
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite

_KINDS: Mapping[str, Callable[[RecoveredSite], Handler]] = {
    "vsphere.datacenters": tree.Datacenters,
    "vsphere.folder": tree.FolderHandler,
    "vsphere.cluster": tree.ClusterHandler,
    "vsphere.pool": tree.PoolHandler,
    "vsphere.vapp": tree.VAppHandler,
    "vsphere.distributed-switch": distributed.DistributedSwitchHandler,
    "vsphere.distributed-port-group": distributed.DistributedPortGroupHandler,
    "vsphere.join-switch": membership.JoinSwitch,
    "vsphere.read-host": ports.ReadHost,
    "vsphere.plan-uplinks": ports.PlanUplinks,
    "vsphere.try-uplinks": uplinks.TryUplinks,
    "vsphere.apply-uplinks": uplinks.ApplyUplinks,
    "vsphere.prove-uplinks": reaching.ProveUplinks,
    "vsphere.barrier": barrier.Barrier,
    "vsphere.add-host": join.AddHost,
    "vsphere.switches": host_network.Switches,
    "vsphere.port-groups": host_network.PortGroups,
    "vsphere.place-network": network_place.PlaceNetwork,
    "vsphere.vmkernel": vmkernel.VmKernel,
    "vsphere.settings": host_settings.HostSettings,
    "vsphere.rescan": storage.Rescan,
    "vsphere.mount-vmfs": datastores.MountVmfs,
    "vsphere.mount-nfs": datastores.MountNfs,
    "vsphere.read-guests": guests.ReadGuests,
    "vsphere.register": guests.Register,
    "vsphere.connect-guest": connect.ConnectGuest,
    "vsphere.power-on": power.PowerOn,
    "vsphere.heartbeat": power.Heartbeat,
    "vsphere.cluster-settings": captured_settings.ClusterSettings,
    "vsphere.vapp-order": captured_settings.VAppOrder,
    "vsphere.power-off": cleanup.PowerOff,
    "vsphere.unregister": cleanup.Unregister,
}
"""Every handler's class by the name that steps call it."""


def bound(site: RecoveredSite) -> Handlers:
    """Returns every handler by its name; they share the sessions of `site`."""
    return {name: kind(site) for name, kind in _KINDS.items()}
