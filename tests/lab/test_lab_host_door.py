"""A foreign client at the real doors: a fresh host over TLS, and a recovered vCenter that takes it."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPException
from typing import Any

import aiohttp
import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from drconsole.lab.net.addresses import HTTPS
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.management import Interface, Management
from drconsole.lab.world.power import start_running
from drconsole.lab.world.system import System
from drconsole.lab.world.volumes import Vmfs, Volume
from tests.lab.esxi_world import DRILL, PASSWORD, install
from tests.lab.open_lab import OpenLab, open_lab

CAPTURED = "10.10.0.21"


class Doors:
    """A lab with one fresh host and one management server, and blocking clients in threads."""

    def __init__(self, lab: OpenLab) -> None:
        self.lab = lab
        self.host_address = f"127.{lab.plan.number}.4.20"
        self.server_address = f"127.{lab.plan.number}.4.2"
        for name in ("D", "E"):
            for nic in lab.world.machines[name].nics:
                nic.port.link = True
        self.host: Hypervisor = install(lab.world, "E", self.host_address)
        self.server = self._management()

    def _management(self) -> Management:
        machine = self.lab.world.machines["D"]
        interfaces = (
            Interface("eth0", machine.nics[1].mac, "10.10.0.5", 22, DRILL, "vmnic1"),
            Interface("eth1", machine.nics[0].mac, self.server_address, 22, 0, "vmnic0"),
        )
        server = Management(
            self.lab.world, "vc-01.test", "recovery", interfaces, "administrator@vsphere.local", "s", "s"
        )
        machine.system = server
        start_running(machine)
        return server

    async def connect(self, address: str, system: System, user: str, password: str) -> Any:
        """Logs in with pyVmomi, which trusts exactly this system's certificate."""
        context = _trusting(system)
        return await asyncio.to_thread(
            SmartConnect, host=address, port=HTTPS, user=user, pwd=password, sslContext=context
        )

    async def at_host(self) -> Any:
        return await self.connect(self.host_address, self.host, "root", PASSWORD)

    async def at_server(self) -> Any:
        return await self.connect(self.server_address, self.server, "administrator@vsphere.local", "s")


def _trusting(system: System) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=system.certificate.pem)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


@asynccontextmanager
async def _doors() -> AsyncIterator[Doors]:
    async with open_lab() as lab:
        doors = Doors(lab)
        lab.world.changed()
        await lab.listeners.settle()
        yield doors


def _host(service: Any) -> Any:
    return service.content.rootFolder.childEntity[0].hostFolder.childEntity[0].host[0]


async def test_a_fresh_host_is_read_and_rewired_by_a_foreign_client() -> None:
    async with _doors() as doors:
        service = await doors.at_host()

        def rewire() -> list[str]:
            host = _host(service)
            network = host.configManager.networkSystem
            spec = network.networkInfo.vswitch[0].spec
            spec.bridge.nicDevice = [*spec.bridge.nicDevice, "vmnic2"]
            spec.policy.nicTeaming.nicOrder.activeNic = ["vmnic2", "vmnic0"]
            network.UpdateVirtualSwitch(vswitchName="vSwitch0", spec=spec)
            with pytest.raises(vim.fault.AlreadyExists):
                network.AddVirtualSwitch(vswitchName="vSwitch0")
            assert host.config.product.apiType == "HostAgent"
            assert host.config.network.pnic[2].linkSpeed.speedMb == 10_000
            return list(host.config.network.vswitch[0].spec.policy.nicTeaming.nicOrder.activeNic)

        assert await asyncio.to_thread(rewire) == ["vmnic2", "vmnic0"]
        assert doors.host.addresses()[0].nics == ("vmnic2", "vmnic0")
        await asyncio.to_thread(Disconnect, service)


async def test_moving_to_the_captured_address_closes_the_door_and_the_vcenter_hears_the_host() -> None:
    async with _doors() as doors:
        service = await doors.at_host()
        pem, thumbprint = doors.host.certificate.pem, doors.host.certificate.sha1

        def move() -> None:
            network = _host(service).configManager.networkSystem
            info = network.networkInfo
            group = info.portgroup[1].spec
            group.vlanId = DRILL
            vnic = info.vnic[0].spec
            vnic.ip.ipAddress, vnic.ip.subnetMask, vnic.portgroup = CAPTURED, "255.255.252.0", None
            config = vim.host.NetworkConfig(
                portgroup=[vim.host.PortGroup.Config(changeOperation="edit", spec=group)],
                vnic=[
                    vim.host.VirtualNic.Config(
                        changeOperation="edit", device="vmk0", portgroup=group.name, spec=vnic
                    )
                ],
            )
            network.UpdateNetworkConfig(config, "modify")

        async def move_and_ask_again() -> None:
            await asyncio.to_thread(move)
            await doors.lab.listeners.settle()
            await asyncio.to_thread(service.CurrentTime)

        with pytest.raises((OSError, HTTPException)):  # the answer has no way back
            await move_and_ask_again()
        assert (doors.host_address, HTTPS) not in doors.lab.listeners.places()

        vcenter = await doors.at_server()

        def take() -> tuple[Any, str]:
            root = vcenter.content.rootFolder
            datacenter = root.CreateDatacenter(name="Pittsburgh")
            info = datacenter.QueryConnectionInfo(CAPTURED, 443, "root", PASSWORD, thumbprint)
            assert info.host.hardware.uuid == doors.host.machine.hardware.uuid
            cluster = datacenter.hostFolder.CreateClusterEx(name="a", spec=vim.cluster.ConfigSpecEx())
            spec = vim.host.ConnectSpec(
                hostName=CAPTURED, userName="root", password=PASSWORD, sslThumbprint=thumbprint, force=False
            )
            task = cluster.AddHost_Task(spec=spec, asConnected=True)
            while task.info.state not in {"success", "error"}:
                time.sleep(0.01)
            assert task.info.error is None
            host = task.info.result
            certificate = bytes(byte & 255 for byte in host.config.certificate).decode()
            return host.runtime.connectionState, certificate

        state, certificate = await asyncio.to_thread(take)
        assert state == "connected"
        assert certificate == doors.host.certificate.pem != pem
        await asyncio.to_thread(Disconnect, vcenter)


async def test_a_file_of_a_datastore_is_downloaded() -> None:
    async with _doors() as doors:
        volume = Volume("r1", "own", 2**30, naa="naa.6own", vmfs=Vmfs("ds-prod-1", "1-2-3-4", "naa.6own"))
        volume.initiators = list(doors.host.machine.hardware.wwpns)
        doors.lab.world.arrays["r1"].volumes["own"] = volume
        volume.write("a b/%2f.vmx", b"memsize")
        doors.host.storage.rescan()
        doors.host.changed("datastore", "config")
        url = f"https://{doors.host_address}:{HTTPS}/folder/a%20b/%252f.vmx"
        query = {"dcPath": "ha-datacenter", "dsName": "ds-prod-1"}
        login = {"Authorization": "Basic " + base64.b64encode(f"root:{PASSWORD}".encode()).decode()}
        connector = aiohttp.TCPConnector(ssl=_trusting(doors.host))
        async with aiohttp.ClientSession(connector=connector) as session:
            async with session.get(url, params=query) as answer:
                assert answer.status == 401
            async with session.get(url, params=query, headers=login) as answer:
                assert (answer.status, await answer.read()) == (200, b"memsize")
            async with session.get(f"{url}x", params=query, headers=login) as answer:
                assert answer.status == 404
