"""A host: its hardware, and its networking and storage as far as a recovery rebuilds them."""

from __future__ import annotations

from typing import Annotated, Literal

from drconsole.model.inventory.base import (
    Count,
    Element,
    IpAddress,
    MacAddress,
    Mtu,
    Object,
    PrefixLength,
    VlanId,
    refers,
    tag,
)


class HostHardware(Element, frozen=True, kw_only=True):
    """Identity and size of the machine under a host. CPU speed in MHz, memory in MiB."""

    uuid: str = ""
    vendor: str = ""
    model: str = ""
    serial: str = ""
    cpu_vendor: str = ""
    cpu_model: str = ""
    cpu_packages: Count = 0
    cpu_cores: Count = 0
    cpu_threads: Count = 0
    cpu_mhz: Count = 0
    memory_mib: Count = 0


class HostProduct(Element, frozen=True, kw_only=True):
    """The hypervisor that the installer must bring (R56), such as `VMware ESXi` 8.0.3 build 24022510."""

    name: str = ""
    version: str = ""
    build: str = ""


class PhysicalNic(Element, frozen=True, kw_only=True):
    """A physical NIC. `link` is as seen at capture (R82): without a link speed there is no link."""

    key_field = "name"

    name: str
    mac: MacAddress = ""
    driver: str = ""
    pci: str = ""
    link: Literal["up", "down"] = "down"
    speed_mbit: Count = 0
    full_duplex: bool = True


class SecurityPolicy(Element, frozen=True, kw_only=True):
    """Layer-2 security; None inherits."""

    allow_promiscuous: bool | None = None
    mac_changes: bool | None = None
    forged_transmits: bool | None = None


class TeamingPolicy(Element, frozen=True, kw_only=True):
    """How uplinks share the load, and their order. A NIC of the bridge in neither list is unused."""

    policy: str = ""
    reverse_policy: bool | None = None
    notify_switches: bool | None = None
    rolling_order: bool | None = None
    check_beacon: bool | None = None
    active_nics: Annotated[tuple[str, ...], tag("activeNic")] = ()
    standby_nics: Annotated[tuple[str, ...], tag("standbyNic")] = ()


class ShapingPolicy(Element, frozen=True, kw_only=True):
    """Traffic shaping: bits a second, and a burst in bytes."""

    enabled: bool | None = None
    average: Count = 0
    peak: Count = 0
    burst: Count = 0


class NetworkPolicy(Element, frozen=True, kw_only=True):
    """The policies of a virtual switch; on a port group only what it overrides."""

    security: SecurityPolicy | None = None
    teaming: TeamingPolicy | None = None
    shaping: ShapingPolicy | None = None


class VirtualSwitch(Element, frozen=True, kw_only=True):
    """A standard switch. `nics` is its bridge, in order; names of this host's physical NICs."""

    key_field = "name"

    name: str
    ports: Count = 0
    mtu: Mtu = 1500
    link_discovery: str = ""
    link_discovery_operation: str = ""
    nics: Annotated[tuple[str, ...], tag("nic")] = ()
    policy: NetworkPolicy | None = None


class PortGroup(Element, frozen=True, kw_only=True):
    """A port group of a standard switch."""

    key_field = "name"

    name: str
    virtual_switch: str
    vlan: VlanId = 0
    policy: NetworkPolicy | None = None


class VirtualNic(Element, frozen=True, kw_only=True):
    """A VMkernel interface, on a port group of this host or on a distributed one.

    `services` are the API's words: management, vmotion, vSphereReplication, faultToleranceLogging, …
    """

    key_field = "name"

    name: str
    port_group: str = ""
    distributed_port_group: Annotated[str, refers("distributedPortGroup")] = ""
    mac: MacAddress = ""
    mtu: Mtu = 1500
    dhcp: bool = False
    ip: IpAddress = ""
    netmask: IpAddress = ""
    tcp_ip_stack: str = "defaultTcpipStack"
    services: Annotated[tuple[str, ...], tag("service")] = ()


class Route(Element, frozen=True, kw_only=True):
    """A static route of the default TCP/IP stack."""

    key_field = "network"

    network: IpAddress
    prefix: PrefixLength
    gateway: IpAddress


class Dns(Element, frozen=True, kw_only=True):
    """Name resolution of a host."""

    hostname: str = ""
    domain: str = ""
    dhcp: bool = False
    servers: Annotated[tuple[IpAddress, ...], tag("server")] = ()
    search_domains: Annotated[tuple[str, ...], tag("searchDomain")] = ()


class StorageAdapter(Element, frozen=True, kw_only=True):
    """A host bus adapter. WWNs are 16 hexadecimal digits; `iqn` for iSCSI."""

    key_field = "name"

    name: str
    type: Literal["fibreChannel", "iscsi", "block", "parallelScsi", "other"] = "other"
    model: str = ""
    driver: str = ""
    pci: str = ""
    wwnn: str = ""
    wwpn: str = ""
    iqn: str = ""
    software: bool = False


class Host(Object, frozen=True, kw_only=True):
    """A hypervisor machine. `parent` is its cluster, or a host folder where it stands alone."""

    kind = "host"

    parent: Annotated[str, refers("cluster", "folder")]
    maintenance: bool = False
    connection: Literal["connected", "disconnected", "notResponding"] = "connected"
    gateway: IpAddress = ""
    hardware: HostHardware | None = None
    product: HostProduct | None = None
    dns: Dns | None = None
    ntp_running: bool = False
    """Whether the host keeps its clock by its NTP servers, or only knows them."""
    ntp_servers: Annotated[tuple[str, ...], tag("ntpServer")] = ()
    routes: Annotated[tuple[Route, ...], tag("route")] = ()
    physical_nics: Annotated[tuple[PhysicalNic, ...], tag("physicalNic")] = ()
    virtual_switches: Annotated[tuple[VirtualSwitch, ...], tag("virtualSwitch")] = ()
    port_groups: Annotated[tuple[PortGroup, ...], tag("portGroup")] = ()
    virtual_nics: Annotated[tuple[VirtualNic, ...], tag("virtualNic")] = ()
    storage_adapters: Annotated[tuple[StorageAdapter, ...], tag("storageAdapter")] = ()
