"""HostVirtualNicManager: which VMkernel interface carries which service."""

from __future__ import annotations

from typing import Any, ClassVar

from drconsole.lab.world.hypervisor.network import HostNetwork
from drconsole.lab.world.vim.call import Call
from drconsole.lab.world.vim.esxi.network_info import vnic, vnic_key
from drconsole.lab.world.vim.esxi.part import HostPart
from drconsole.lab.world.vim.new import fault, new
from drconsole.lab.world.vim.objects import computed

SERVICES = {
    "vmotion": True,
    "faultToleranceLogging": False,
    "vSphereReplication": True,
    "vSphereReplicationNFC": True,
    "management": True,
    "vsan": True,
    "vSphereProvisioning": True,
    "vsanWitness": True,
    "vSphereBackupNFC": True,
    "ptp": False,
    "nvmeTcp": True,
    "nvmeRdma": True,
}
"""Each service, and whether several interfaces may carry it at once."""


class HostVirtualNicManager(HostPart):
    """Services on VMkernel interfaces."""

    wsdl = "HostVirtualNicManager"
    defaults: ClassVar[dict[str, Any]] = {"value": [], "availableField": []}

    @computed("info")
    def _info(self) -> Any:
        return nic_manager_info(self.hypervisor.network)

    async def QueryNetConfig(self, call: Call, nicType: str) -> Any:
        _check(nicType)
        return net_config(self.hypervisor.network, nicType)

    async def SelectVnicForNicType(self, call: Call, nicType: str, device: str) -> None:
        def select(net: HostNetwork) -> None:
            self._device(net, device)
            for vmk in net.vmks.values() if not SERVICES[nicType] else ():
                vmk.services.discard(nicType)
            net.vmks[device].services.add(nicType)

        await self._change(call, nicType, device, select, "create")

    async def DeselectVnicForNicType(self, call: Call, nicType: str, device: str) -> None:
        def deselect(net: HostNetwork) -> None:
            self._device(net, device)
            net.vmks[device].services.discard(nicType)

        await self._change(call, nicType, device, deselect, "remove")

    async def _change(self, call: Call, service: str, device: str, change: Any, effect: str) -> None:
        _check(service)
        self.host.contact()
        await call.take("host.network-change")
        await self.hypervisor.change_network(change)
        host = self.hypervisor
        call.write(effect, f"{host.path}/virtualNic/{device}/{service}", initiator=call.initiator)

    def _device(self, net: HostNetwork, device: str) -> None:
        if device not in net.vmks:
            raise fault("InvalidArgument", f"no VMkernel interface {device}", invalidProperty="device")


def _check(service: str) -> None:
    if service not in SERVICES:
        raise fault("InvalidArgument", f"no service {service}", invalidProperty="nicType")


def nic_manager_info(net: HostNetwork) -> Any:
    """Returns the HostVirtualNicManagerInfo: one entry a service."""
    candidates = _candidates(net)
    return new(
        "HostVirtualNicManagerInfo",
        netConfig=[_net_config(net, service, candidates) for service in SERVICES],
    )


def net_config(net: HostNetwork, service: str) -> Any:
    """Returns candidates and chosen interfaces for a service."""
    return _net_config(net, service, _candidates(net))


def _candidates(net: HostNetwork) -> list[Any]:
    return [vnic(vmk) for vmk in net.vmks.values()]


def _net_config(net: HostNetwork, service: str, candidates: list[Any]) -> Any:
    return new(
        "VirtualNicManagerNetConfig",
        nicType=service,
        multiSelectAllowed=SERVICES[service],
        candidateVnic=candidates,
        selectedVnic=[vnic_key(vmk.device) for vmk in net.vmks.values() if service in vmk.services],
    )
