"""Runtime, summary and config of a HostSystem, from the state of its hypervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drconsole.lab.world.vim.esxi.capability import CAPABILITY
from drconsole.lab.world.vim.esxi.devices import device_info
from drconsole.lab.world.vim.esxi.hardware import about, hardware_summary
from drconsole.lab.world.vim.esxi.network_info import network_info
from drconsole.lab.world.vim.esxi.network_system import CAPABILITIES as NET_CAPABILITIES
from drconsole.lab.world.vim.esxi.network_system import OFFLOAD
from drconsole.lab.world.vim.esxi.nic_manager import nic_manager_info
from drconsole.lab.world.vim.esxi.storage_info import DATASTORE_CAPABILITIES, volume_info
from drconsole.lab.world.vim.new import array, new

if TYPE_CHECKING:
    from drconsole.lab.world.hypervisor.host import Hypervisor
    from drconsole.lab.world.vim.esxi.host_system import HostSystem

BUSY_CPU, BUSY_MEMORY = 0.15, 0.4
"""Shares of a host's capacity that quick statistics show: nothing in the lab depends on them."""


def runtime(hypervisor: Hypervisor, state: str = "connected") -> Any:
    """Returns the HostRuntimeInfo, given the connection state that the server sees."""
    power = "poweredOn" if hypervisor.machine.running else "poweredOff"
    return new(
        "HostRuntimeInfo",
        connectionState=state,
        # A server that hears nothing of a host does not know whether it has power.
        powerState=power if state == "connected" else "unknown",
        standbyMode="none",
        inMaintenanceMode=hypervisor.maintenance,
        inQuarantineMode=False,
        bootTime=hypervisor.boot_time,
        hostMaxVirtualDiskCapacity=62 * 2**40,
        cryptoState="incapable",
    )


def summary(
    hypervisor: Hypervisor, name: str, port: int, *, state: str = "connected", reference: Any = None
) -> Any:
    """Returns the HostListSummary of a host that is called `name` here; `reference` names its view."""
    manager = hypervisor.manager.addresses() if hypervisor.manager else ()
    return new(
        "HostListSummary",
        host=reference,
        hardware=hardware_summary(hypervisor.machine),
        runtime=runtime(hypervisor, state),
        config=_config_summary(hypervisor, name, port),
        quickStats=_quick_stats(hypervisor),
        overallStatus="green" if state == "connected" else "red",
        rebootRequired=False,
        managementServerIp=manager[0].address if manager else None,
    )


def _config_summary(hypervisor: Hypervisor, name: str, port: int) -> Any:
    vmotion = any("vmotion" in vmk.services for vmk in hypervisor.network.vmks.values())
    return new(
        "HostConfigSummary",
        name=name,
        port=port,
        sslThumbprint=hypervisor.certificate.sha1,
        sslCertificate=hypervisor.certificate.pem,
        product=about(hypervisor),
        vmotionEnabled=vmotion,
        faultToleranceEnabled=False,
    )


def _quick_stats(hypervisor: Hypervisor) -> Any:
    hardware = hypervisor.machine.hardware
    uptime = (hypervisor.world.clock.now() - hypervisor.boot_time).total_seconds()
    return new(
        "HostListSummaryQuickStats",
        overallCpuUsage=int(hardware.cpu_mhz * hardware.cpu_cores * BUSY_CPU),
        overallMemoryUsage=int(hardware.memory_mib * BUSY_MEMORY),
        uptime=max(0, int(uptime)),
    )


def config(host: HostSystem) -> Any:
    """Returns the HostConfigInfo."""
    hypervisor, managers = host.hypervisor, host.managers
    return new(
        "HostConfigInfo",
        host=host.ref(),
        product=about(hypervisor),
        storageDevice=device_info(hypervisor),
        fileSystemVolume=volume_info(hypervisor),
        network=network_info(hypervisor),
        virtualNicManagerInfo=nic_manager_info(hypervisor.network),
        capabilities=NET_CAPABILITIES,
        datastoreCapabilities=DATASTORE_CAPABILITIES,
        offloadCapabilities=OFFLOAD,
        service=managers.services.value("serviceInfo"),
        option=managers.options.value("setting"),
        dateTimeInfo=managers.clock.value("dateTimeInfo"),
        certificate=array("byte", _signed_bytes(hypervisor.certificate.pem.encode())),
        lockdownMode="lockdownDisabled",
        adminDisabled=False,
    )


def _signed_bytes(data: bytes) -> list[int]:
    return [byte - 256 if byte > 127 else byte for byte in data]


def connect_info(hypervisor: Hypervisor, shown: Any) -> Any:
    """Returns the HostConnectInfo that QueryConnectionInfo answers; `shown` is its summary."""
    return new(
        "HostConnectInfo",
        serverIp=shown.managementServerIp,
        host=shown,
        vm=[],
        vimAccountNameRequired=True,
        clusterSupported=True,
        capability=CAPABILITY,
        network=[
            new(
                "HostNewNetworkConnectInfo",
                summary=new("NetworkSummary", name=group, accessible=True, ipPoolName=""),
            )
            for group in hypervisor.guest_groups()
        ],
    )
