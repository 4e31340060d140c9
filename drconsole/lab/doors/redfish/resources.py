"""Redfish resources as JSON objects, each made from the machine at the moment of the request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from drconsole.lab.world.machine import Disk, Machine, Nic
from drconsole.lab.world.power import VERBS

Json = dict[str, Any]
Make = Callable[[], Json]
ROOT = "/redfish/v1"
SYSTEM = f"{ROOT}/Systems/1"
CHASSIS = f"{ROOT}/Chassis/1"
BOOT_TARGETS = ("None", "Pxe", "Hdd", "UefiHttp")


def resource(machine: Machine, path: str) -> Json | None:
    """Returns the resource at a path below `/redfish/v1`, None where there is none."""
    make = _resources(machine).get(path.rstrip("/"))
    return make() if make else None


def _resources(machine: Machine) -> dict[str, Make]:
    return {
        "": lambda: service_root(machine),
        "/SessionService": _session_service,
        "/Managers": lambda: _collection("Manager", f"{ROOT}/Managers", ["BMC"]),
        "/Managers/BMC": lambda: _manager(machine),
        "/Chassis": lambda: _collection("Chassis", f"{ROOT}/Chassis", ["1"]),
        "/Chassis/1": lambda: _named("Chassis/1", machine.hardware.model, ChassisType="RackMount"),
        "/Systems": lambda: _collection("ComputerSystem", f"{ROOT}/Systems", ["1"]),
        "/Systems/1": lambda: system(machine),
        "/Systems/1/SecureBoot": _secure_boot,
        **_ethernet_interfaces(machine),
        **_processors(machine),
        **_storage(machine),
        **_fibre_channel(machine),
    }


def service_root(machine: Machine) -> Json:
    """The service root, which is served to everybody."""
    return {
        "@odata.type": "#ServiceRoot.v1_15_0.ServiceRoot",
        "@odata.id": f"{ROOT}/",
        "Id": "RootService",
        "Name": "Root Service",
        "RedfishVersion": "1.18.0",
        "UUID": machine.hardware.uuid,
        "Vendor": machine.hardware.vendor,
        "Systems": _link("/Systems"),
        "Chassis": _link("/Chassis"),
        "Managers": _link("/Managers"),
        "SessionService": _link("/SessionService"),
        "Links": {"Sessions": _link("/SessionService/Sessions")},
    }


def _session_service() -> Json:
    sessions = _link("/SessionService/Sessions")
    return _named("SessionService", "Session Service", ServiceEnabled=True, Sessions=sessions)


def _secure_boot() -> Json:
    return _named(
        "Systems/1/SecureBoot",
        "UEFI Secure Boot",
        SecureBootCurrentBoot="Disabled",
        SecureBootEnable=False,
    )


def system(machine: Machine) -> Json:
    """The computer system: identity, size, power, boot override."""
    hardware, boot = machine.hardware, machine.boot
    return {
        "@odata.type": "#ComputerSystem.v1_22_0.ComputerSystem",
        "@odata.id": SYSTEM,
        "Id": "1",
        "Name": machine.name,
        "SystemType": "Physical",
        "UUID": hardware.uuid,
        "SerialNumber": hardware.serial,
        "Manufacturer": hardware.vendor,
        "Model": hardware.model,
        "PowerState": machine.power,
        "ProcessorSummary": {
            "Count": hardware.cpu_packages,
            "CoreCount": hardware.cpu_cores,
            "LogicalProcessorCount": hardware.cpu_threads,
            "Model": hardware.cpu_model,
        },
        "MemorySummary": {"TotalSystemMemoryGiB": hardware.memory_mib / 1024},
        "Boot": {
            "BootSourceOverrideTarget": boot.target,
            "BootSourceOverrideTarget@Redfish.AllowableValues": list(BOOT_TARGETS),
            "BootSourceOverrideEnabled": boot.enabled,
            "BootSourceOverrideMode": boot.mode,
            "HttpBootUri": boot.uri,
        },
        "BootProgress": {
            "LastState": "OSRunning" if machine.running else "None",
            "OemLastState": machine.phase,
        },
        "Actions": {
            "#ComputerSystem.Reset": {
                "target": f"{SYSTEM}/Actions/ComputerSystem.Reset",
                "ResetType@Redfish.AllowableValues": list(VERBS),
            }
        },
        **{
            name: {"@odata.id": f"{SYSTEM}/{name}"}
            for name in ("EthernetInterfaces", "NetworkInterfaces", "Processors", "SecureBoot", "Storage")
        },
        "Status": {"State": "Enabled", "Health": "OK"},
    }


def _manager(machine: Machine) -> Json:
    now = machine.world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    return _named(
        "Managers/BMC",
        "Baseboard Management Controller",
        ManagerType="BMC",
        DateTime=now,
        DateTimeLocalOffset="+00:00",
        FirmwareVersion="7.10.50",
    )


def _ethernet_interfaces(machine: Machine) -> dict[str, Make]:
    ids = [_slot(nic) for nic in machine.nics]
    path = "/Systems/1/EthernetInterfaces"
    return {
        path: lambda: _collection("EthernetInterface", f"{ROOT}{path}", ids),
        **{f"{path}/{_slot(nic)}": partial(_ethernet, nic) for nic in machine.nics},
    }


def _ethernet(nic: Nic) -> Json:
    up = nic.link
    return _named(
        f"Systems/1/EthernetInterfaces/{_slot(nic)}",
        f"Ethernet {nic.name}",
        MACAddress=nic.mac.upper(),
        PermanentMACAddress=nic.mac.upper(),
        LinkStatus="LinkUp" if up else "LinkDown",
        SpeedMbps=nic.speed_mbit if up else None,
        FullDuplex=up,
        InterfaceEnabled=True,
    )


def _processors(machine: Machine) -> dict[str, Make]:
    ids = [f"CPU.Socket.{number + 1}" for number in range(machine.hardware.cpu_packages)]
    path = "/Systems/1/Processors"
    return {
        path: lambda: _collection("Processor", f"{ROOT}{path}", ids),
        **{f"{path}/{id}": partial(_processor, machine, id) for id in ids},
    }


def _processor(machine: Machine, id: str) -> Json:
    hardware = machine.hardware
    return _named(
        f"Systems/1/Processors/{id}",
        id,
        ProcessorType="CPU",
        Manufacturer=hardware.cpu_vendor,
        Model=hardware.cpu_model,
        TotalCores=hardware.cpu_cores // hardware.cpu_packages,
        TotalThreads=hardware.cpu_threads // hardware.cpu_packages,
        MaxSpeedMHz=hardware.cpu_mhz,
    )


def _storage(machine: Machine) -> dict[str, Make]:
    path = "/Systems/1/Storage"
    drives = [{"@odata.id": f"{ROOT}{path}/1/Drives/{disk.serial}"} for disk in machine.disks]
    return {
        path: lambda: _collection("Storage", f"{ROOT}{path}", ["1"]),
        f"{path}/1": lambda: _named("Systems/1/Storage/1", "Internal Storage", Drives=drives),
        **{f"{path}/1/Drives/{disk.serial}": partial(_drive, disk) for disk in machine.disks},
    }


def _drive(disk: Disk) -> Json:
    volumes = [{"@odata.id": f"{SYSTEM}/Storage/1/Volumes/{disk.serial}"}] if disk.content else []
    path = f"Systems/1/Storage/1/Drives/{disk.serial}"
    erase = {"#Drive.SecureErase": {"target": f"{ROOT}/{path}/Actions/Drive.SecureErase"}}
    return _named(
        path,
        f"Disk {disk.serial}",
        SerialNumber=disk.serial,
        CapacityBytes=disk.size_bytes,
        MediaType="SSD",
        Operations=[{"OperationName": "Sanitize", "PercentageComplete": 50}] if disk.erasing else [],
        Links={"Volumes": volumes},
        Actions=erase if disk.secure_erase else {},
    )


def _fibre_channel(machine: Machine) -> dict[str, Make]:
    wwpns = {f"FC-{number + 1}": wwpn for number, wwpn in enumerate(machine.hardware.wwpns)}
    cards = ["FC.Slot.1"] if wwpns else []
    path = "/Systems/1/NetworkInterfaces"
    functions = f"{path}/FC.Slot.1/NetworkDeviceFunctions"
    found: dict[str, Make] = {path: lambda: _collection("NetworkInterface", f"{ROOT}{path}", cards)}
    if wwpns:
        found[f"{path}/FC.Slot.1"] = lambda: _named(
            f"{path}/FC.Slot.1".lstrip("/"),
            "Fibre Channel adapter",
            NetworkDeviceFunctions={"@odata.id": f"{ROOT}{functions}"},
        )
        found[functions] = lambda: _collection("NetworkDeviceFunction", f"{ROOT}{functions}", list(wwpns))
    for id, wwpn in wwpns.items():
        found[f"{functions}/{id}"] = partial(_function, f"{functions}/{id}".lstrip("/"), wwpn)
    return found


def _function(path: str, wwpn: str) -> Json:
    colons = ":".join(wwpn[n : n + 2] for n in range(0, 16, 2)).upper()
    return _named(
        path,
        path.rpartition("/")[2],
        NetDevFuncType="FibreChannel",
        FibreChannel={"WWPN": colons, "PermanentWWPN": colons},
    )


def _slot(nic: Nic) -> str:
    card, port = divmod(int(nic.name.removeprefix("vmnic")), 2)
    return f"NIC.Slot.{card + 1}-{port + 1}"


def _named(path: str, name: str, **properties: Any) -> Json:
    return {"@odata.id": f"{ROOT}/{path}", "Id": path.rpartition("/")[2], "Name": name, **properties}


def _collection(kind: str, path: str, ids: list[str]) -> Json:
    return {
        "@odata.type": f"#{kind}Collection.{kind}Collection",
        "@odata.id": path,
        "Name": f"{kind} Collection",
        "Members@odata.count": len(ids),
        "Members": [{"@odata.id": f"{path}/{id}"} for id in ids],
    }


def _link(path: str) -> Json:
    return {"@odata.id": f"{ROOT}{path}"}
