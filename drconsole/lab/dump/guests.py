"""Guests of a dump."""

from __future__ import annotations

from typing import Any

from drconsole.lab.dump.values import allocation, path_of
from drconsole.lab.world.vim.registry import wire_name
from drconsole.lab.world.vim.vcenter.guest_config import disks, nics


def guest(item: Any) -> dict[str, Any]:
    """What a guest shows, disks and NICs by their keys."""
    config, hardware = item.value("config"), item.value("config").hardware
    power = {"poweredOn": "on", "poweredOff": "off"}.get(item.get("runtime.powerState"), "suspended")
    managed = config.managedBy
    return {
        "folder": path_of(item.endpoint, item.value("parent")),
        "resourcePool": path_of(item.endpoint, item.value("resourcePool")),
        "host": path_of(item.endpoint, item.get("runtime.host")),
        "uuid": config.uuid,
        "instanceUuid": config.instanceUuid,
        "vmxPath": config.files.vmPathName,
        "template": bool(config.template),
        "power": power,
        "heartbeat": str(item.value("guestHeartbeatStatus")),
        "guestOs": config.guestId,
        "hardwareVersion": config.version,
        "firmware": config.firmware,
        "cpus": hardware.numCPU,
        "coresPerSocket": hardware.numCoresPerSocket,
        "memoryMib": hardware.memoryMB,
        "annotation": config.annotation or "",
        "cpu": allocation(config.cpuAllocation),
        "memory": allocation(config.memoryAllocation),
        "managedBy": f"{managed.extensionKey}/{managed.type}" if managed else "",
        "disks": [_disk(item, disk) for disk in disks(config)],
        "networkInterfaces": [_nic(item, nic) for nic in nics(config)],
    }


def _disk(item: Any, disk: Any) -> dict[str, Any]:
    backing = disk.backing
    return {
        "key": disk.key,
        "label": disk.deviceInfo.label if disk.deviceInfo else "",
        "path": backing.fileName,
        "datastore": path_of(item.endpoint, backing.datastore),
        "capacityKib": disk.capacityInKB,
        "thin": bool(backing.thinProvisioned),
        "mode": str(backing.diskMode),
        "sharing": str(backing.sharing or ""),
        "uuid": backing.uuid or "",
        "controller": disk.controllerKey,
        "unit": disk.unitNumber,
    }


def _nic(item: Any, nic: Any) -> dict[str, Any]:
    port = getattr(nic.backing, "port", None)
    group = item.endpoint.objects.get(port.portgroupKey) if port is not None else None
    network = group.ref() if group is not None else getattr(nic.backing, "network", None)
    told = {n.deviceConfigId: list(n.ipAddress) for n in item.value("guest").net}
    return {
        "key": nic.key,
        "label": nic.deviceInfo.label if nic.deviceInfo else "",
        "type": wire_name(type(nic)).removeprefix("Virtual"),
        "mac": nic.macAddress or "",
        "macAssignment": str(nic.addressType),
        "network": path_of(item.endpoint, network),
        "connectAtStart": bool(nic.connectable.startConnected) if nic.connectable else True,
        "addresses": told.get(nic.key, []),
    }
