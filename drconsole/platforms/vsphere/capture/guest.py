"""Guests: identity, disks, NICs, and the devices that decide whether one can be recovered."""

from __future__ import annotations

from typing import Literal

from drconsole.model.inventory import ManagedBy
from drconsole.platforms.vsphere.capture import guest_devices
from drconsole.platforms.vsphere.capture.tree import Facts, allocation
from drconsole.platforms.vsphere.leaves import Props, Val, children, items, number, own, text, whole

_POWER: dict[str, Literal["on", "off", "suspended"]] = {
    "poweredOn": "on",
    "poweredOff": "off",
    "suspended": "suspended",
}


def guest(props: Props) -> Facts:
    """A VirtualMachine's facts. `_complete` is False for one that has no configuration (yet)."""
    get = props.get
    return {
        "name": own(get("name")),
        "folder": own(get("parent")),
        "resource_pool": own(get("resourcePool")),
        "host": own(get("runtime.host")),
        "uuid": own(get("config.uuid")).lower(),
        "instance_uuid": own(get("config.instanceUuid")).lower(),
        "vmx_path": own(get("config.files.vmPathName")),
        "template": own(get("config.template")) == "true",
        "power": _POWER.get(own(get("runtime.powerState")), "off"),
        "guest_os": own(get("config.guestId")),
        "hardware_version": own(get("config.version")),
        "firmware": own(get("config.firmware")),
        "cpus": whole(own(get("config.hardware.numCPU"))),
        "cores_per_socket": whole(own(get("config.hardware.numCoresPerSocket"))),
        "memory_mib": whole(own(get("config.hardware.memoryMB"))),
        "hostname": own(get("guest.hostName")),
        "annotation": own(get("config.annotation")),
        "fault_tolerance": _fault_tolerance(get("config.ftInfo")),
        "snapshots": next(items(get("rootSnapshot")), None) is not None,
        "encrypted": bool(text(get("config.keyId"), "keyId")),
        "cpu": allocation(get("config.cpuAllocation")),
        "memory": allocation(get("config.memoryAllocation")),
        "managed_by": _managed_by(get("config.managedBy")),
        **guest_devices.facts(get("config.hardware.device"), _addresses(get("guest.net"))),
        "_complete": "config.files.vmPathName" in props and "config.uuid" in props,
    }


def _fault_tolerance(value: Val | None) -> Literal["", "primary", "secondary"]:
    """FaultToleranceConfigInfo: role 1 is the primary, every other number a secondary."""
    role = number(value, "role")
    return "" if not role else "primary" if role == 1 else "secondary"


def _managed_by(value: Val | None) -> ManagedBy | None:
    extension = text(value, "extensionKey")
    return ManagedBy(extension=extension, type=text(value, "type")) if extension else None


def _addresses(value: Val | None) -> dict[int, tuple[str, ...]]:
    """What the guest's tools reported, by the key of the NIC."""
    found: dict[int, tuple[str, ...]] = {}
    for nic in items(value):
        told = tuple(sorted(address.text or "" for address in children(nic, "ipAddress")))
        found[number(nic, "deviceConfigId", default=-1)] = told
    return found
