"""HostHardwareInfo and the product: a machine as its hypervisor reports it."""

from __future__ import annotations

from typing import Any

from drconsole.lab.world.hypervisor.host import PRODUCT, Hypervisor
from drconsole.lab.world.machine import Hardware, Machine, Nic
from drconsole.lab.world.vim.new import new

MIB = 1024 * 1024
API_VERSION = "8.0.3.0"
NIC_CLASS, HBA_CLASS = 0x0200, 0x0C04


def about(host: Hypervisor) -> Any:
    """Returns the AboutInfo of a host: apiType HostAgent."""
    return new(
        "AboutInfo",
        name=PRODUCT,
        fullName=f"{PRODUCT} {host.version} build-{host.build}",
        vendor="VMware, Inc.",
        version=host.version,
        patchLevel="0",
        build=host.build,
        localeVersion="INTL",
        localeBuild="000",
        osType="vmnix-x86",
        productLineId="embeddedEsx",
        apiType="HostAgent",
        apiVersion=API_VERSION,
        licenseProductName="VMware ESX Server",
        licenseProductVersion="8.0",
    )


def hardware_info(machine: Machine) -> Any:
    """Returns the HostHardwareInfo of a machine."""
    hardware = machine.hardware
    return new(
        "HostHardwareInfo",
        systemInfo=new(
            "HostSystemInfo",
            vendor=hardware.vendor,
            model=hardware.model,
            uuid=hardware.uuid,
            serialNumber=hardware.serial,
            otherIdentifyingInfo=[_service_tag(hardware.serial)],
        ),
        cpuInfo=new(
            "HostCpuInfo",
            numCpuPackages=hardware.cpu_packages,
            numCpuCores=hardware.cpu_cores,
            numCpuThreads=hardware.cpu_threads,
            hz=hardware.cpu_mhz * 1_000_000,
        ),
        cpuPkg=_packages(hardware),
        memorySize=hardware.memory_mib * MIB,
        smcPresent=False,
        pciDevice=[_pci(nic) for nic in machine.nics if nic.pci],
        biosInfo=new("HostBIOSInfo", biosVersion="2.21.2", vendor=hardware.vendor, firmwareType="UEFI"),
    )


def _packages(hardware: Hardware) -> list[Any]:
    count = max(1, hardware.cpu_packages)
    threads = hardware.cpu_threads // count
    return [
        new(
            "HostCpuPackage",
            index=index,
            vendor=cpu_vendor(hardware.cpu_vendor),
            hz=hardware.cpu_mhz * 1_000_000,
            busHz=100_000_000,
            description=hardware.cpu_model,
            threadId=list(range(index * threads, (index + 1) * threads)),
        )
        for index in range(count)
    ]


def cpu_vendor(name: str) -> str:
    """Returns the API's word for a processor vendor: intel, amd or unknown."""
    return next((word for word in ("intel", "amd") if word in name.lower()), "unknown")


def hardware_summary(machine: Machine) -> Any:
    """Returns the HostHardwareSummary of a machine."""
    hardware = machine.hardware
    return new(
        "HostHardwareSummary",
        vendor=hardware.vendor,
        model=hardware.model,
        uuid=hardware.uuid,
        otherIdentifyingInfo=[_service_tag(hardware.serial)],
        memorySize=hardware.memory_mib * MIB,
        cpuModel=hardware.cpu_model,
        cpuMhz=hardware.cpu_mhz,
        numCpuPkgs=hardware.cpu_packages,
        numCpuCores=hardware.cpu_cores,
        numCpuThreads=hardware.cpu_threads,
        numNics=len(machine.nics),
        numHBAs=len(hardware.wwpns) + 1,
    )


def _service_tag(serial: str) -> Any:
    label = new(
        "ElementDescription", label="Service tag", summary="Service tag of the system", key="ServiceTag"
    )
    return new("HostSystemIdentificationInfo", identifierValue=serial, identifierType=label)


def _pci(nic: Nic) -> Any:
    bus, _, rest = nic.pci.removeprefix("0000:").partition(":")
    slot, _, function = rest.partition(".")
    return new(
        "HostPciDevice",
        id=nic.pci,
        classId=NIC_CLASS,
        bus=_signed(bus),
        slot=_signed(slot),
        function=_signed(function),
        vendorId=-32634,  # 0x8086 as the API's signed short
        subVendorId=-32634,
        vendorName="Intel Corporation",
        deviceId=0x1572,
        subDeviceId=0,
        deviceName="Ethernet Controller X710 for 10GbE SFP+",
    )


def _signed(text: str) -> int:
    """Returns hexadecimal text as the API's signed byte."""
    number = int(text or "0", 16)
    return number - 256 if number > 127 else number
