"""The devices of a guest. This is the greater part of a capture's reply: most devices are passed over."""

from __future__ import annotations

from typing import Literal

from drconsole.model.inventory import Disk, NetworkInterface
from drconsole.platforms.vsphere.capture.tree import Facts
from drconsole.platforms.vsphere.leaves import (
    Val,
    flat,
    own,
    parts,
    text,
    truth,
    type_of,
    whole,
)

Backing = Literal["flat", "sparse", "rdmPhysical", "rdmVirtual", "other"]

_BACKINGS: dict[str, Backing] = {
    "VirtualDiskFlatVer1BackingInfo": "flat",
    "VirtualDiskFlatVer2BackingInfo": "flat",
    "VirtualDiskLocalPMemBackingInfo": "flat",
    "VirtualDiskSparseVer1BackingInfo": "sparse",
    "VirtualDiskSparseVer2BackingInfo": "sparse",
    "VirtualDiskSeSparseBackingInfo": "sparse",
}
_RAW = "VirtualDiskRawDiskMappingVer1BackingInfo"
_CARDS = {f"Virtual{name}": name for name in ("E1000", "E1000e", "PCNet32", "SriovEthernetCard")} | {
    f"Virtual{name}": name for name in ("Vmxnet", "Vmxnet2", "Vmxnet3", "Vmxnet3Vrdma")
}
_MACS: dict[str, Literal["assigned", "generated", "manual"]] = {
    "assigned": "assigned",
    "generated": "generated",
    "manual": "manual",
}
_PASSED_THROUGH = frozenset(
    ("VirtualPCIPassthrough", "VirtualSCSIPassthrough", "VirtualUSB", "VirtualSriovEthernetCard")
)
_READ = _PASSED_THROUGH | _CARDS.keys() | {"VirtualDisk", "VirtualCdrom", "VirtualTPM"}


def facts(devices: Val | None, addresses: dict[int, tuple[str, ...]]) -> Facts:
    """The fields of a guest that come from its devices; NICs get what the tools reported by key."""
    disks: list[Disk] = []
    cards: list[NetworkInterface] = []
    passed: list[str] = []
    iso, vtpm = "", False
    for device in devices if devices is not None else ():
        kind = type_of(device)
        if kind not in _READ:
            continue
        if kind == "VirtualDisk":
            disks.append(_disk(device))
        elif kind in _CARDS:
            cards.append(_card(device, _CARDS[kind], addresses))
        elif kind == "VirtualCdrom":
            iso = iso or text(device, "backing", "fileName")
        elif kind == "VirtualTPM":
            vtpm = True
        if kind in _PASSED_THROUGH:
            passed.append(text(device, "deviceInfo", "label", default=kind))
    return {
        "disks": tuple(disks),
        "network_interfaces": tuple(cards),
        "passthrough": tuple(passed),
        "iso_path": iso,
        "vtpm": vtpm,
    }


def _disk(device: Val) -> Disk:
    has = parts(device)
    backing = has.get("backing")
    behind = flat(backing)
    kind = "" if backing is None else type_of(backing)
    return Disk(
        key=whole(own(has.get("key"))),
        label=text(has.get("deviceInfo"), "label"),
        path=behind.get("fileName", ""),
        datastore=behind.get("datastore", ""),
        capacity_kib=whole(own(has.get("capacityInKB"))),
        backing=_backing(kind, behind),
        thin=behind.get("thinProvisioned") == "true",
        mode=behind.get("diskMode") or "persistent",
        sharing=behind.get("sharing", ""),
        uuid=behind.get("uuid", "").lower(),
        lun=_naa(behind.get("lunUuid", "")) if kind == _RAW else "",
        parent_path=text(backing, "parent", "fileName") if "parent" in behind else "",
        controller=whole(own(has.get("controllerKey"))),
        unit=whole(own(has.get("unitNumber"))),
    )


def _backing(kind: str, behind: dict[str, str]) -> Backing:
    if kind == _RAW:
        return "rdmPhysical" if behind.get("compatibilityMode") == "physicalMode" else "rdmVirtual"
    return _BACKINGS.get(kind, "other")


def _naa(lun_uuid: str) -> str:
    """The naa id in a LUN's uuid: ten digits of header, the id in 32, then the model's name."""
    return f"naa.{lun_uuid[10:42].lower()}" if len(lun_uuid) >= 42 else lun_uuid


def _card(device: Val, kind: str, addresses: dict[int, tuple[str, ...]]) -> NetworkInterface:
    has = parts(device)
    key = whole(own(has.get("key")))
    return NetworkInterface(
        key=key,
        label=text(has.get("deviceInfo"), "label"),
        type=kind,
        mac=own(has.get("macAddress")).lower(),
        mac_assignment=_MACS.get(own(has.get("addressType")).lower(), "assigned"),
        network=_network(has.get("backing")),
        connect_at_start=truth(has.get("connectable"), "startConnected", default=True),
        addresses=addresses.get(key, ()),
    )


def _network(backing: Val | None) -> str:
    """What a NIC is attached to, before `linking`: an id, a distributed port group's key, `opaque:` and
    an opaque network's id, or `name:` and a network's name where the server gives no more."""
    if backing is None:
        return ""
    if key := text(backing, "port", "portgroupKey"):
        return key
    if found := text(backing, "network"):
        return found
    if opaque := text(backing, "opaqueNetworkId"):
        return f"opaque:{opaque}"
    name = text(backing, "deviceName")
    return f"name:{name}" if name else ""
