"""A guest's configuration from its .vmx, and the .vmx of a configuration."""

from __future__ import annotations

from functools import cache
from typing import Any

from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.registry import wire_name
from drconsole.lab.world.vim.vcenter.devices import Settings, settings_of

SYSTEMS = {
    "ubuntu64Guest": "Ubuntu Linux (64-bit)",
    "debian12_64Guest": "Debian GNU/Linux 12 (64-bit)",
    "rhel9_64Guest": "Red Hat Enterprise Linux 9 (64-bit)",
    "windows2019srvNext_64Guest": "Microsoft Windows Server 2022 (64-bit)",
    "other5xLinux64Guest": "Other 5.x Linux (64-bit)",
    "crxPod1Guest": "CRX Pod 1",
}
"""Guest ids of the API and what they are called."""

KEPT = (
    "uuid.location",
    "uuid.action",
    "guestinfo.address",
    "guestinfo.hostname",
    "guestinfo.gateway",
    "guestinfo.dns",
    "ft.secondary",
    "encryption.present",
)
"""Settings that stay in extraConfig as they are."""


def config_from(settings: Settings, vmx_path: str, hardware: list[Any], modified: Any) -> Any:
    """Returns the VirtualMachineConfigInfo of a parsed .vmx (keys in lower case)."""
    guest_os = settings.get("guestos", "other5xlinux-64")
    guest_id = next((g for g in SYSTEMS if g.lower() == _api_id(guest_os)), guest_os)
    cpus = int(settings.get("numvcpus", "1"))
    managed = settings.get("managedby.extensionkey")
    return new(
        "VirtualMachineConfigInfo",
        changeVersion=settings.get("vmx.changeversion", "1"),
        modified=modified,
        name=settings.get("displayname", ""),
        guestFullName=SYSTEMS.get(guest_id, guest_id),
        guestId=guest_id,
        alternateGuestName="",
        version=f"vmx-{int(settings.get('virtualhw.version', '19')):02d}",
        uuid=spaced_to_uuid(settings.get("uuid.bios", "")),
        instanceUuid=spaced_to_uuid(settings.get("vc.uuid", "")),
        template=settings.get("template", "").lower() == "true",
        annotation=settings.get("annotation", ""),
        firmware=settings.get("firmware", "bios"),
        files=_files(vmx_path),
        flags=_flags(),
        defaultPowerOps=_power_ops(),
        tools=_tools(),
        bootOptions=new("VirtualMachineBootOptions", efiSecureBootEnabled=False, bootDelay=0),
        hardware=new(
            "VirtualHardware",
            numCPU=cpus,
            numCoresPerSocket=int(settings.get("cpuid.corespersocket", "1")),
            memoryMB=int(settings.get("memsize", "1024")),
            virtualICH7MPresent=False,
            virtualSMCPresent=False,
            device=hardware,
        ),
        cpuAllocation=_allocation(settings, "cpu", cpus * 1000),
        memoryAllocation=_allocation(settings, "mem", int(settings.get("memsize", "1024")) * 10),
        managedBy=new("ManagedByInfo", extensionKey=managed, type=settings.get("managedby.type", ""))
        if managed
        else None,
        cpuHotAddEnabled=settings.get("vcpu.hotadd", "").lower() == "true",
        memoryHotAddEnabled=settings.get("mem.hotadd", "").lower() == "true",
        extraConfig=[new("OptionValue", key=key, value=settings[key]) for key in KEPT if key in settings],
    )


def vmx_of(config: Any) -> dict[str, str]:
    """Returns the .vmx settings of a configuration, in the order in which ESXi writes them."""
    hardware = config.hardware
    found = {
        "config.version": "8",
        "virtualHW.version": config.version.removeprefix("vmx-").lstrip("0"),
        "displayName": config.name,
        "guestOS": config.guestId,
        "firmware": config.firmware or "bios",
        "numvcpus": str(hardware.numCPU),
        "cpuid.coresPerSocket": str(hardware.numCoresPerSocket or 1),
        "memSize": str(hardware.memoryMB),
        "uuid.bios": uuid_to_spaced(config.uuid),
        "vc.uuid": uuid_to_spaced(config.instanceUuid or ""),
        "annotation": config.annotation or "",
        "template": "TRUE" if config.template else "FALSE",
        "vmx.changeVersion": config.changeVersion,
        "vcpu.hotadd": "TRUE" if config.cpuHotAddEnabled else "FALSE",
        "mem.hotadd": "TRUE" if config.memoryHotAddEnabled else "FALSE",
    }
    found |= _shares(config.cpuAllocation, "cpu") | _shares(config.memoryAllocation, "mem")
    if config.managedBy:
        found |= {
            "managedBy.extensionKey": config.managedBy.extensionKey,
            "managedBy.type": config.managedBy.type,
        }
    for device in hardware.device:
        found |= settings_of(device)
    return found | {option.key: str(option.value) for option in config.extraConfig}


def spaced_to_uuid(text: str) -> str:
    """Turns a .vmx's `56 4d … -…` into a uuid."""
    digits = "".join(c for c in text.lower() if c in "0123456789abcdef")
    if len(digits) != 32:
        return text
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def uuid_to_spaced(text: str) -> str:
    """Turns a uuid into the form that a .vmx has."""
    digits = text.replace("-", "")
    pairs = [digits[i : i + 2] for i in range(0, len(digits), 2)]
    return f"{' '.join(pairs[:8])}-{' '.join(pairs[8:])}" if len(pairs) == 16 else text


def nics(config: Any) -> list[Any]:
    """Returns the network adapters of a configuration."""
    return [device for device in config.hardware.device if hasattr(device, "macAddress")]


def disks(config: Any) -> list[Any]:
    """Returns the virtual disks of a configuration."""
    return [device for device in config.hardware.device if wire_name(type(device)) == "VirtualDisk"]


def _api_id(guest_os: str) -> str:
    return guest_os.lower()


def _files(vmx_path: str) -> Any:
    folder = vmx_path.rpartition("/")[0] + "/" if "/" in vmx_path else vmx_path
    return new(
        "VirtualMachineFileInfo",
        vmPathName=vmx_path,
        snapshotDirectory=folder,
        suspendDirectory=folder,
        logDirectory=folder,
    )


def _allocation(settings: Settings, kind: str, normal: int) -> Any:
    level = settings.get(f"sched.{kind}.shares", "normal")
    factor = {"low": 0.5, "normal": 1, "high": 2}.get(level)
    limit = settings.get(f"sched.{kind}.max", "unlimited")
    return new(
        "ResourceAllocationInfo",
        reservation=int(settings.get(f"sched.{kind}.min", "0")),
        limit=-1 if limit == "unlimited" else int(limit),
        expandableReservation=False,
        shares=new(
            "SharesInfo",
            level=level if factor else "custom",
            shares=int(normal * factor) if factor else int(level),
        ),
    )


def _shares(allocation: Any, kind: str) -> dict[str, str]:
    if allocation is None:
        return {}
    level = str(allocation.shares.level) if allocation.shares else "normal"
    unlimited = allocation.limit is None or allocation.limit < 0
    return {
        f"sched.{kind}.min": str(allocation.reservation or 0),
        f"sched.{kind}.max": "unlimited" if unlimited else str(allocation.limit),
        f"sched.{kind}.shares": str(allocation.shares.shares) if level == "custom" else level,
    }


@cache
def _flags() -> Any:
    return new("VirtualMachineFlagInfo", enableLogging=True, snapshotLocked=False, diskUuidEnabled=False)


@cache
def _power_ops() -> Any:
    return new(
        "VirtualMachineDefaultPowerOpInfo",
        powerOffType="soft",
        suspendType="hard",
        resetType="soft",
        standbyAction="checkpoint",
    )


@cache
def _tools() -> Any:
    return new("ToolsConfigInfo", toolsVersion=12_389, afterPowerOn=True, beforeGuestShutdown=True)
