"""The handlers that the steps name, bound to one recovered site."""

from __future__ import annotations

from drconsole.model.step import Handlers
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
    ports,
    power,
    reaching,
    storage,
    tree,
    uplinks,
    vmkernel,
)
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite


def bound(site: RecoveredSite) -> Handlers:
    """Returns every handler by the name that steps call it."""
    return {
        "vsphere.datacenters": tree.Datacenters(site),
        "vsphere.folder": tree.FolderHandler(site),
        "vsphere.cluster": tree.ClusterHandler(site),
        "vsphere.pool": tree.PoolHandler(site),
        "vsphere.vapp": tree.VAppHandler(site),
        "vsphere.distributed-switch": distributed.DistributedSwitchHandler(site),
        "vsphere.distributed-port-group": distributed.DistributedPortGroupHandler(site),
        "vsphere.join-switch": membership.JoinSwitch(site),
        "vsphere.read-host": ports.ReadHost(site),
        "vsphere.plan-uplinks": ports.PlanUplinks(),
        "vsphere.try-uplinks": uplinks.TryUplinks(site),
        "vsphere.apply-uplinks": uplinks.ApplyUplinks(site),
        "vsphere.prove-uplinks": reaching.ProveUplinks(site),
        "vsphere.barrier": barrier.Barrier(site),
        "vsphere.add-host": join.AddHost(site),
        "vsphere.switches": host_network.Switches(site),
        "vsphere.port-groups": host_network.PortGroups(site),
        "vsphere.vmkernel": vmkernel.VmKernel(site),
        "vsphere.settings": host_settings.HostSettings(site),
        "vsphere.rescan": storage.Rescan(site),
        "vsphere.mount-vmfs": datastores.MountVmfs(site),
        "vsphere.mount-nfs": datastores.MountNfs(site),
        "vsphere.read-guests": guests.ReadGuests(site),
        "vsphere.register": guests.Register(site),
        "vsphere.connect-guest": connect.ConnectGuest(site),
        "vsphere.power-on": power.PowerOn(site),
        "vsphere.heartbeat": power.Heartbeat(site),
        "vsphere.cluster-settings": captured_settings.ClusterSettings(site),
        "vsphere.vapp-order": captured_settings.VAppOrder(site),
        "vsphere.power-off": cleanup.PowerOff(site),
        "vsphere.unregister": cleanup.Unregister(site),
    }
