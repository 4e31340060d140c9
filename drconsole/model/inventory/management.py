"""The management server and the tree it keeps: datacenters and folders."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import (
    Count,
    Element,
    IpAddress,
    MacAddress,
    Object,
    PrefixLength,
    Uuid,
    refers,
    tag,
)


class Address(Element, frozen=True, kw_only=True):
    """An IP address of an interface with the length of its prefix."""

    key_field = "ip"

    ip: IpAddress
    prefix: PrefixLength


class ManagementInterface(Element, frozen=True, kw_only=True):
    """A network interface of the management server, as it was at the protected site (R62)."""

    key_field = "name"

    name: str
    mac: MacAddress = ""
    network: Annotated[str, refers("network", "distributedPortGroup")] = ""
    gateway: IpAddress = ""
    addresses: Annotated[tuple[Address, ...], tag("address")] = ()


class ManagementServer(Object, frozen=True, kw_only=True):
    """The vCenter (or its like) of a site; `guest` is set where it runs as a guest of its own site."""

    kind = "managementServer"

    product: str = ""
    version: str = ""
    build: str = ""
    api_version: str = ""
    instance_uuid: Uuid = ""
    hostname: str = ""
    guest: Annotated[str, refers("virtualMachine")] = ""
    cpus: Count = 0
    memory_mib: Count = 0
    storage_gib: Count = 0
    dns_servers: Annotated[tuple[IpAddress, ...], tag("dnsServer")] = ()
    interfaces: Annotated[tuple[ManagementInterface, ...], tag("interface")] = ()


class Datacenter(Object, frozen=True, kw_only=True):
    """A datacenter and the roots of its four folder trees. `parent` is a folder, "" at the root."""

    kind = "datacenter"

    parent: Annotated[str, refers("folder")] = ""
    vm_folder: Annotated[str, refers("folder")] = ""
    host_folder: Annotated[str, refers("folder")] = ""
    datastore_folder: Annotated[str, refers("folder")] = ""
    network_folder: Annotated[str, refers("folder")] = ""


class Folder(Object, frozen=True, kw_only=True):
    """A folder; `parent` is another folder, a datacenter for the root of a tree, or "" for the
    inventory's own root."""

    kind = "folder"

    type: Literal["datacenter", "vm", "host", "datastore", "network"]
    parent: Annotated[str, refers("folder", "datacenter")] = ""
