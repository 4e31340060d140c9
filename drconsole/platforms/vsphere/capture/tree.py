"""Datacenters, folders and resource pools: the tree that everything hangs in."""

from __future__ import annotations

from typing import Any, Literal

from drconsole.model.inventory import Allocation
from drconsole.platforms.vsphere.leaves import Props, Val, child, flat, item_texts, text, whole

Facts = dict[str, Any]
"""The fields of an object of the model, references not resolved yet; `_names` are for `linking` only."""

_FOLDER_TYPES = (
    ("Datacenter", "datacenter"),
    ("VirtualMachine", "vm"),
    ("ComputeResource", "host"),
    ("Datastore", "datastore"),
    ("Network", "network"),
)


_LEVELS: dict[str, Literal["low", "normal", "high", "custom"]] = {
    "low": "low",
    "normal": "normal",
    "high": "high",
    "custom": "custom",
}


def named(props: Props) -> Facts:
    """The name exactly as the API gives it (it encodes `/`, backslash and `%`), and the parent."""
    return {"name": text(props.get("name")), "parent": text(props.get("parent"))}


def datacenter(props: Props) -> Facts:
    """A Datacenter's facts."""
    return {
        **named(props),
        "vm_folder": text(props.get("vmFolder")),
        "host_folder": text(props.get("hostFolder")),
        "datastore_folder": text(props.get("datastoreFolder")),
        "network_folder": text(props.get("networkFolder")),
    }


def folder(props: Props) -> Facts:
    """A Folder's facts; a StoragePod's too: it holds datastores. Its type is what it may contain."""
    may_hold = set(item_texts(props.get("childType")))
    kinds = (kind for wsdl, kind in _FOLDER_TYPES if wsdl in may_hold)
    return {**named(props), "type": next(kinds, "datacenter")}


def pool(props: Props) -> Facts:
    """A ResourcePool's facts."""
    return {
        **named(props),
        "cpu": allocation(props.get("config.cpuAllocation")),
        "memory": allocation(props.get("config.memoryAllocation")),
    }


def allocation(value: Val | None) -> Allocation | None:
    """A ResourceAllocationInfo; memory in MiB as the API has it."""
    if value is None:
        return None
    plain, shares = flat(value), flat(child(value, "shares"))
    level = shares.get("level") or "normal"
    return Allocation(
        reservation=whole(plain.get("reservation")),
        limit=whole(plain.get("limit"), -1),
        expandable=plain.get("expandableReservation") == "true",
        shares_level=_LEVELS.get(level, "custom"),
        shares=whole(shares.get("shares")),
    )
