"""Doors open when a machine answers at a provisioning address, and close with everybody inside."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator

import aiohttp
import asyncssh
import pytest

from drconsole.lab.net.addresses import HTTPS, SSH, claim
from drconsole.lab.world.certificate import self_signed
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.power import press
from tests.lab.bare_world import hypervisor_files, linux_files, order_netboot
from tests.lab.open_lab import OpenLab, open_lab, trusting, until


@pytest.fixture
async def lab() -> AsyncIterator[OpenLab]:
    async with open_lab() as lab:
        yield lab


async def _hypervisor(lab: OpenLab, name: str = "E") -> str:
    machine, address = lab.world.machines[name], lab.plan.first
    lab.boot.files = hypervisor_files(machine, address=address).files
    order_netboot(machine)
    press(machine, "On")
    await until(lambda: (address, HTTPS) in lab.listeners.places())
    return address


async def test_an_installed_host_answers_and_is_cut_off_by_a_power_failure(lab: OpenLab) -> None:
    address = await _hypervisor(lab)
    machine = lab.world.machines["E"]
    assert machine.system is not None
    context = trusting(machine.system.certificate.pem)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        url = f"https://{address}:{HTTPS}/sdk/vimServiceVersions.xml"
        async with session.get(url) as response:
            assert response.status == 200
        press(machine, "ForceOff")
        await until(lambda: (address, HTTPS) not in lab.listeners.places())
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)


async def test_an_open_connection_ends_when_the_cable_is_pulled(lab: OpenLab) -> None:
    address = await _hypervisor(lab)
    machine = lab.world.machines["E"]
    assert machine.system is not None
    reader, writer = await asyncio.open_connection(
        address, HTTPS, ssl=trusting(machine.system.certificate.pem)
    )
    lab.world.start_fault("uplink-down", machine="E")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 5)
    writer.close()
    lab.world.clear_fault("uplink-down")
    await until(lambda: (address, HTTPS) in lab.listeners.places())


async def test_a_linux_server_lets_in_the_key_of_its_kickstart_alone(lab: OpenLab) -> None:
    host_key, login, stranger = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(3))
    machine, address = lab.world.machines["E"], lab.plan.first
    lab.boot.files = linux_files(machine, host_key, login, address).files
    order_netboot(machine)
    press(machine, "On")
    await until(lambda: (address, SSH) in lab.listeners.places())
    known = asyncssh.import_known_hosts(
        f"[{address}]:{SSH} {host_key.export_public_key().decode().strip()}\n"
    )

    async def log_in(key: asyncssh.SSHKey, user: str = "root") -> asyncssh.SSHClientConnection:
        return await asyncssh.connect(
            address, SSH, username=user, client_keys=[key], known_hosts=known, config=None, agent_path=None
        )

    async with await log_in(login) as connection:
        result = await connection.run("cat /sys/class/dmi/id/product_uuid", encoding=None)
        assert result.exit_status == 0
        assert result.stdout == f"{machine.hardware.uuid}\n".encode()
        assert (await connection.run("reboot the world", encoding=None)).exit_status == 127
        press(machine, "ForceOff")
        await asyncio.wait_for(connection.wait_closed(), 10)
    await until(lambda: machine.power == "Off")
    press(machine, "On")
    await until(lambda: (address, SSH) in lab.listeners.places())
    for key, user in ((stranger, "root"), (login, "admin")):
        with pytest.raises(asyncssh.PermissionDenied):
            await log_in(key, user)


async def test_two_machines_with_one_address_are_a_conflict_that_is_said(lab: OpenLab) -> None:
    address = await _hypervisor(lab, "E")
    machine = lab.world.machines["F"]
    lab.boot.files = hypervisor_files(machine, address=address).files
    order_netboot(machine)
    press(machine, "On")
    await until(lambda: bool(lab.listeners.conflicts()))
    assert lab.listeners.conflicts() == {f"{address}:{HTTPS}": "two machines have this address"}
    press(machine, "ForceOff")
    await until(lambda: not lab.listeners.conflicts())
    assert (address, HTTPS) in lab.listeners.places()


async def test_a_replaced_certificate_is_shown_at_once(lab: OpenLab) -> None:
    address = await _hypervisor(lab)
    host = lab.world.machines["E"].system
    assert isinstance(host, Hypervisor)
    replaced = self_signed("esx-01", address, issuer="CA of the recovered site")
    host.install_certificate(replaced)
    await lab.listeners.settle()
    shown = await asyncio.to_thread(ssl.get_server_certificate, (address, HTTPS))
    assert ssl.PEM_cert_to_DER_cert(shown) == replaced.der


async def test_two_labs_take_two_networks() -> None:
    first, second = claim(), claim()
    try:
        assert first.number != second.number
        assert not first.provisions(f"127.{second.number}.4.1")
        with socket.socket() as attempt, pytest.raises(ConnectionRefusedError):
            attempt.connect((f"127.{first.number}.255.254", 8443))
    finally:
        first.lock.close()
        second.lock.close()
    again = claim()
    again.lock.close()
    assert again.number == first.number
