"""Reconfiguring a guest, and its turning into a template and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drconsole.lab.world.vim.apply import edited, merged
from drconsole.lab.world.vim.new import changed, fault, new
from drconsole.lab.world.vim.registry import wire_name
from drconsole.lab.world.vim.vcenter import files, wiring
from drconsole.lab.world.vim.vcenter.tree import TreeEntity, checked_name, vcenter_of
from drconsole.lab.world.vim.vcenter.vmx import Descriptor, descriptor

if TYPE_CHECKING:
    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.vcenter.guests import VirtualMachine

RESIZED = {"numCPUs": "numCPU", "memoryMB": "memoryMB", "numCoresPerSocket": "numCoresPerSocket"}
"""Sizes of a VirtualMachineConfigSpec and what they are called in VirtualHardware."""


class GuestChange(TreeEntity):
    """A guest's configuration handlers."""

    @property
    def _guest(self) -> VirtualMachine:
        return cast("VirtualMachine", self)

    async def ReconfigVM_Task(self, call: Call, spec: Any) -> None:
        guest = self._guest
        guest.host.contact()
        if spec.changeVersion and spec.changeVersion != guest.props["config"].changeVersion:
            raise fault("ConcurrentAccess", "the configuration changed since")
        if guest.running and spec.numCPUs and not guest.props["config"].cpuHotAddEnabled:
            raise fault("InvalidPowerState", requestedState="poweredOff", existingState="poweredOn")
        await call.take("vcenter.reconfigure")
        self.reconfigure(spec)
        call.write("update", vcenter_of(self).path_of(self), kind=self.wsdl)

    def reconfigure(self, spec: Any) -> None:
        """Applies a VirtualMachineConfigSpec, writes the .vmx and plugs the NICs anew."""
        guest = self._guest
        old = guest.props["config"]
        config = merged(old, changed(spec, files=None, extraConfig=[], deviceChange=[], changeVersion=None))
        sizes = {
            there: given for name, there in RESIZED.items() if (given := getattr(spec, name)) is not None
        }
        devices = self._devices(config.hardware.device, spec.deviceChange)
        version = str(int(old.changeVersion) + 1) if old.changeVersion.isdigit() else "2"
        config = changed(
            config,
            name=checked_name(spec.name) if spec.name else old.name,
            hardware=changed(config.hardware, device=devices, **sizes),
            extraConfig=_options(config.extraConfig, spec.extraConfig),
            changeVersion=version,
            modified=self.world.clock.now(),
        )
        guest.set(config=config)
        vcenter_of(self).registered.note(guest)
        guest.save()
        wiring.appear(guest)

    def _devices(self, present: Any, changes: Any) -> list[Any]:
        keyed = [self._placed(present, change, index) for index, change in enumerate(changes)]
        updates = [_update(change) for change in keyed]
        found = edited(present, updates, lambda device: device.key)
        for change in keyed:
            self._file(change)
        return found

    def _placed(self, present: Any, change: Any, index: int) -> Any:
        """Gives an added device its key, and every disk the reference to its datastore."""
        device = change.device
        if str(change.operation) == "add" and device.key <= 0:
            device = changed(device, key=_key_for(device, {d.key for d in present}, index))
        if str(change.operation) == "add" and hasattr(device, "macAddress") and not device.macAddress:
            mac = wiring.new_mac(self.world)
            device = changed(device, macAddress=mac, addressType="assigned")
        return changed(change, device=self._resolved(device, present))

    def _resolved(self, device: Any, present: Any) -> Any:
        backing = getattr(device, "backing", None)
        host = self._guest.host
        name = getattr(backing, "fileName", None)
        if name:
            path = files.path_of(name)
            backing = changed(backing, datastore=files.reference(host, path))
        elif backing is not None and wire_name(type(backing)) == "VirtualEthernetCardNetworkBackingInfo":
            networks = (self.endpoint.at(ref) for ref in host.value("network"))
            found = next(
                (n.ref() for n in networks if n.wsdl == "Network" and n.value("name") == backing.deviceName),
                None,
            )
            if found is None:
                raise fault(
                    "InvalidDeviceBacking",
                    f"no network {backing.deviceName}",
                    property="backing.deviceName",
                    deviceIndex=0,
                )
            backing = changed(backing, network=found)
        elif (port := getattr(backing, "port", None)) and port.portgroupKey not in self.endpoint.objects:
            raise fault("InvalidDeviceBacking", "no such port group", property="backing.port", deviceIndex=0)
        return changed(device, backing=backing) if backing is not None else device

    def _file(self, change: Any) -> None:
        """Makes, adopts or destroys the file of a disk."""
        device, operation = change.device, str(change.fileOperation or "")
        if wire_name(type(device)) != "VirtualDisk":
            return
        host, path = self._guest.host, files.path_of(device.backing.fileName)
        if operation == "create":
            data = descriptor(
                capacity_kib=device.capacityInKB,
                extent=path.file.rpartition("/")[2].replace(".vmdk", "-flat.vmdk"),
                uuid=device.backing.uuid or f"60 00 C2 9{device.key % 10}",
                thin=bool(device.backing.thinProvisioned),
            )
            files.write(host, path, data)
        elif operation == "destroy":
            files.mount_of(host, path).volume.delete(path.file)
        elif str(change.operation) == "add":
            found = Descriptor(files.read(host, path))
            device.__dict__["capacityInKB"] = found.capacity_kib
            device.__dict__["capacityInBytes"] = found.capacity_kib * 1024

    def renamed(self, name: str) -> None:
        guest = self._guest
        above = self.parent
        guest.set(config=changed(guest.props["config"], name=name))
        if isinstance(above, TreeEntity):
            above.adopt(self)

    async def MarkAsTemplate(self, call: Call) -> None:
        guest = self._guest
        if guest.running:
            raise fault("InvalidPowerState", requestedState="poweredOff", existingState="poweredOn")
        if guest.props["config"].template:
            raise fault("NotSupported", f"{guest.name} is a template already")
        if (pool := guest.pool) is not None:
            pool.let_go(guest)
        guest.set(config=changed(guest.props["config"], template=True), resourcePool=None)
        guest.save()
        call.write("update", vcenter_of(self).path_of(self), template=True)

    async def MarkAsVirtualMachine(self, call: Call, pool: Any, host: Any) -> None:
        guest = self._guest
        if not guest.props["config"].template:
            raise fault("NotSupported", f"{guest.name} is no template")
        target = cast("Any", self.endpoint.at(pool))
        guest.set(config=changed(guest.props["config"], template=False), resourcePool=pool)
        target.take_in(guest)
        guest.save()
        call.write("update", vcenter_of(self).path_of(self), template=False)


def _update(change: Any) -> Any:
    """A device change as an ArrayUpdateSpec with the device as its info."""
    operation = str(change.operation)
    update = new("ArrayUpdateSpec", operation=operation, removeKey=change.device.key)
    update.__dict__["info"] = change.device
    return update


def _key_for(device: Any, taken: set[int], index: int) -> int:
    """The key of a new device; `index` keeps apart several that are added in one call."""
    if wire_name(type(device)) == "VirtualDisk":
        return 2000 + max(0, (device.controllerKey or 1000) - 1000) * 16 + (device.unitNumber or 0)
    first = 4000 if hasattr(device, "macAddress") else 1000 if hasattr(device, "sharedBus") else 3000
    return next(key for key in range(first, first + 100) if key not in taken) + (
        index if first == 4000 else 0
    )


def _options(present: Any, given: Any) -> list[Any]:
    kept = {option.key: option for option in present} | {option.key: option for option in given}
    return [option for option in kept.values() if option.value not in {None, ""}]
