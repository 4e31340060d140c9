"""The keys at which the rooms' steps join: who needs a step of another room names it here."""

from __future__ import annotations

from drconsole.model.step import step_key

PREFLIGHT = "preflight/run/freeze"
"""The last step of preflight: everything needs it."""

PROBED = "preflight/site/probe"
"""Disaster runs only: the one probe of the protected side. Its result: `answered`, `said`, `at` (UTC)."""

RUNNING = "preflight/site/running"
"""Planned runs only: what runs at the protected site now, on groups that are halted, is all to be moved."""

BARRIER = "storage/site/barrier"
"""Reads the world and proves R64 and R68; needs every ready and every proved step."""

MANAGEMENT_DATACENTERS = "uplinks/management/datacenters"
"""The captured datacenters exist on the recovered management server; uplink proofs need them."""

GUESTS_GATE = "guests/site/gate"
"""Needs the barrier. No guest is read, registered or started before it. It waits for the operator in a
disaster run whose probe was answered; else it is simply done."""

CAPTURED = "verify/site/capture"
COMPARED = "verify/site/compare"
REPORTED = "verify/site/report"


def halted(group: str) -> str:
    """The group is halted (real run) or its point-in-time clones stand (drill).

    Its result: `point_in_time` (UTC), `rpo_s`, `clone` (the handle in a drill, else "").
    """
    return step_key("halt", group, "halt")


def shut_down(guest: str) -> str:
    """Planned runs only: the guest is off at the protected site. Keyed by the guest's id.

    Its result: `power` (`off`, `suspended`, `gone`; `unknown` where an operator says that the site is down).
    """
    return step_key("halt", guest, "shut-down")


def synced(group: str) -> str:
    """Planned runs only: all that the group's source held once its guests were off has arrived.

    Its result: `after` (the array's time from which nothing is missing, "" where an operator went on
    without), `point_in_time`.
    """
    return step_key("halt", group, "sync")


def fenced(group: str) -> str:
    """Planned runs only: no host of the protected site can write to the group's volumes any more.

    Its result: `fenced` and `kept`, ids of volumes on the protected array.
    """
    return step_key("halt", group, "fence")


def leased(target: str) -> str:
    """The target is leased to its role in this run."""
    return step_key("map", target, "lease")


def ready(name: str) -> str:
    """The machine that takes the role of `name` is installed and answers as what it should be.

    Its result: `target`, `address`, `port`, `pin` (sha256:…), `uuid`, `became`, and beyond them `mac` (of the
    NIC that booted, with the provisioning address), `hostname` and `username` (its administrator). Of a
    physical server also `observed`: what it says of itself (provisioning/observing).
    """
    return step_key("provision", name, "ready")


def uplinks_read(host: str) -> str:
    """The target's ports are read. Its result: `ports` (each name, link, speed in Mbit/s), `booted`."""
    return step_key("uplinks", host, "read")


def uplinks_tried(host: str) -> str:
    """An arrangement stands on trial, and the management server reaches the host there.

    Its result: `nics` (captured NIC name → NIC on the target), `port` (the one that is tried), `why`
    (captured NIC → reason), `dropped`, `unconnected`, and `ports` as they were then. Its argument
    `refused`: the ports that operators have rolled back.
    """
    return step_key("uplinks", host, "try")


def uplinks_applied(host: str) -> str:
    """The host's management address has moved for good. Its result: `nics`."""
    return step_key("uplinks", host, "apply")


def proved(host: str) -> str:
    """The host's management uplink has link and the management server reaches it there.

    Its result: `address` (captured), `nics` (captured NIC name → NIC on the target).
    """
    return step_key("uplinks", host, "prove")


def presented(group: str) -> str:
    """The group's volumes are presented to all recovered hosts.

    Its result: `volumes`: list of {volume, replica, naa, nfs_host, nfs_path, label, hosts}; `hosts` are the
    names of those it is presented to: the deployed ones that had its datastore mounted.
    """
    return step_key("storage", group, "present")


def host_added(host: str) -> str:
    """The host is connected to the recovered management server, inside its cluster."""
    return step_key("import", host, "add-host")


def datastore_mounted(datastore: str) -> str:
    """The datastore is mounted on every deployed host that had it, under its captured name."""
    return step_key("import", datastore, "mount")


def registered(guest: str) -> str:
    """The guest is registered. Keyed by the guest's id: names need not be unique."""
    return step_key("guests", guest, "register")


def powered(guest: str) -> str:
    """The guest is powered on as captured."""
    return step_key("guests", guest, "power-on")


def cleaned(target: str) -> str:
    """The target is off, holds nothing of this run and boots as usual: its lease may end (cleanup)."""
    return step_key("cleanup", target, "restore")
