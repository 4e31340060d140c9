"""A verdict for each guest: recoverable, with caveats, or not, and why (R55, DESIGN 4).

Some guests are never registered, whatever lies on the storage: the protected management server (it
gets a machine of its own), agents that their manager deploys anew, fault tolerance secondaries (their
primary makes them), and replication appliances (they belong to the protected side).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from drconsole.model.inventory import Disk, Snapshot, VirtualMachine
from drconsole.model.plan import Verdict
from drconsole.model.site import SitePlan
from drconsole.planning.replicated import Replication

_REPLICATORS = ("com.vmware.vcHms", "com.vmware.vcDr", "com.vmware.hbr", "com.zerto", "com.emc.recoverpoint")
"""Extensions that replicate or hold placeholders: vSphere Replication, Site Recovery, Zerto, RecoverPoint."""

_REPLICATOR_NAME = re.compile(r"Z-VRAH?-.+")
_VCLS_NAME = re.compile(r"vCLS([- ].+)?")


def judge(snapshot: Snapshot, site: SitePlan) -> tuple[Verdict, ...]:
    """Returns a verdict a guest, in the snapshot's order."""
    replication = Replication(site, snapshot)
    server = snapshot.management_server
    own = server.guest if server else ""
    return tuple(_verdict(guest, own, replication) for guest in snapshot.virtual_machines)


def _verdict(guest: VirtualMachine, management: str, replication: Replication) -> Verdict:
    never = _never_registered(guest, management)
    if never:
        return Verdict(id=guest.id, name=guest.name, verdict="no", reasons=(never,), registrable=False)
    obstacles = tuple(dict.fromkeys(_obstacles(guest, replication)))
    if obstacles:
        return Verdict(id=guest.id, name=guest.name, verdict="no", reasons=obstacles)
    caveats = tuple(dict.fromkeys(_caveats(guest, replication)))
    return Verdict(
        id=guest.id, name=guest.name, verdict="caveats" if caveats else "recoverable", reasons=caveats
    )


def _never_registered(guest: VirtualMachine, management: str) -> str:
    owner = guest.managed_by.extension if guest.managed_by else ""
    if guest.id == management:
        return "it is the protected management server, which is recovered onto a target of its own"
    if guest.fault_tolerance == "secondary":
        return "it is a fault tolerance secondary, which its primary makes anew"
    if owner.startswith(_REPLICATORS) or _REPLICATOR_NAME.fullmatch(guest.name):
        return "it is a replication appliance of the protected side"
    if owner or _VCLS_NAME.fullmatch(guest.name):
        return f"it is an agent machine of {owner or 'the cluster services'}, which deploys it anew"
    return ""


def _obstacles(guest: VirtualMachine, replication: Replication) -> Iterator[str]:
    for disk in guest.disks:
        if disk.backing in ("rdmPhysical", "rdmVirtual"):
            yield f"{_disk(disk)} is a raw device mapping to {disk.lun or 'a LUN'}, which no group replicates"
        elif not disk.datastore and not disk.path:
            yield f"the snapshot does not say where {_disk(disk)} lies"
    if not guest.vmx_path:
        yield "the snapshot does not say where its .vmx lies"
    for datastore in sorted(replication.datastores_of(guest), key=replication.name_of):
        refusal = replication.refusal(datastore)
        if refusal:
            yield refusal


def _caveats(guest: VirtualMachine, replication: Replication) -> Iterator[str]:
    groups = sorted({g for d in replication.datastores_of(guest) for g in replication.groups_of(d)})
    if len(groups) > 1:
        yield f"its disks are in groups {' and '.join(groups)}, which are not of one point in time"
    if guest.encrypted or guest.vtpm:
        what = "it is encrypted" if guest.encrypted else "it has a virtual TPM"
        yield f"{what}: it starts only once its key provider is known at the recovery site"
    if guest.snapshots:
        yield "it has snapshots: it comes back on the newest, with its chain of disks"
    if guest.iso_path:
        yield f"the image {guest.iso_path} in its drive may not be there"
    for device in guest.passthrough:
        yield f"the passthrough device {device} is the old host's"
    if any(disk.sharing not in ("", "sharingNone") for disk in guest.disks):
        yield "it shares a disk with other guests"
    if guest.fault_tolerance == "primary":
        yield "it comes back without its fault tolerance secondary"
    if guest.power == "suspended":
        yield "it was suspended: its memory resumes only on a compatible processor"


def _disk(disk: Disk) -> str:
    return f"disk {disk.label or disk.key}"
