"""A BMC of the lab, asked by a plain HTTP client: docs/redfish.md."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.lab.bare_world import hypervisor_files
from tests.lab.open_lab import OpenLab, client, open_lab, until

SYSTEM = "/redfish/v1/Systems/1"


@pytest.fixture
async def lab() -> AsyncIterator[OpenLab]:
    async with open_lab() as lab:
        yield lab


@pytest.fixture
async def bmc(lab: OpenLab) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(lab, "E") as session:
        yield session


async def _get(bmc: aiohttp.ClientSession, path: str) -> Any:
    async with bmc.get(path) as response:
        assert response.status == 200, path
        return await response.json()


async def test_every_link_leads_somewhere(bmc: aiohttp.ClientSession) -> None:
    seen: set[str] = set()
    ahead = ["/redfish/v1/"]
    while ahead:
        path = ahead.pop()
        if path in seen or path.endswith("/Sessions") or "/Volumes/" in path:
            continue
        seen.add(path)
        ahead += _links(await _get(bmc, path))
    assert len(seen) > 20


async def test_identity_and_size_are_the_machines(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    found, hardware = await _get(bmc, SYSTEM), lab.world.machines["E"].hardware
    assert (found["UUID"], found["SerialNumber"]) == (hardware.uuid, hardware.serial)
    assert found["ProcessorSummary"]["CoreCount"] == 32
    assert found["MemorySummary"]["TotalSystemMemoryGiB"] == 256
    assert found["PowerState"] == "Off"


async def test_a_pulled_cable_shows(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    members = (await _get(bmc, f"{SYSTEM}/EthernetInterfaces"))["Members"]
    third = members[2]["@odata.id"]
    lab.world.set_link(lab.world.machines["E"], "vmnic2", link=True)
    assert (await _get(bmc, third))["LinkStatus"] == "LinkUp"
    lab.world.set_link(lab.world.machines["E"], "vmnic2", link=False)
    assert (await _get(bmc, third))["LinkStatus"] == "LinkDown"


async def test_disks_and_initiators(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    machine = lab.world.machines["E"]
    machine.disks[0].content = "data"
    drives = [await _get(bmc, d["@odata.id"]) for d in (await _get(bmc, f"{SYSTEM}/Storage/1"))["Drives"]]
    assert [d["SerialNumber"] for d in drives] == [disk.serial for disk in machine.disks]
    assert [len(d["Links"]["Volumes"]) for d in drives] == [1, 0]
    path = f"{SYSTEM}/NetworkInterfaces/FC.Slot.1/NetworkDeviceFunctions/FC-1"
    wwpn = (await _get(bmc, path))["FibreChannel"]["WWPN"]
    assert wwpn.replace(":", "").lower() == machine.hardware.wwpns[0]


async def test_a_wrong_password_is_refused_and_counted(lab: OpenLab) -> None:
    wrong = lab.login("E", "wrong")
    async with client(lab, "E") as session, session.get(SYSTEM, headers=wrong) as response:
        assert response.status == 401
    assert len(lab.world.ledger.of("login-refused", "bmc/E")) == 1


async def test_a_session_token_serves_as_a_login(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    credentials = {"UserName": "admin", "Password": lab.devices["E"].password}
    async with bmc.post("/redfish/v1/SessionService/Sessions", json=credentials) as response:
        token, place = response.headers["X-Auth-Token"], response.headers["Location"]
        assert response.status == 201
    headers = {"X-Auth-Token": token}
    async with aiohttp.ClientSession(connector=bmc.connector, connector_owner=False) as bare:
        async with bare.get(lab.url("E", SYSTEM), headers=headers) as response:
            assert response.status == 200
        async with bare.delete(lab.url("E", place), headers=headers) as response:
            assert response.status == 204
        async with bare.get(lab.url("E", SYSTEM), headers=headers) as response:
            assert response.status == 401


async def test_boot_order_and_power_install_a_machine(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    machine = lab.world.machines["E"]
    lab.boot.files = hypervisor_files(machine, address=lab.plan.first).files
    boot = {
        "BootSourceOverrideTarget": "UefiHttp",
        "BootSourceOverrideEnabled": "Once",
        "HttpBootUri": "http://boot.test/boot/token/boot.ipxe",
    }
    async with bmc.patch(SYSTEM, json={"Boot": boot}) as response:
        assert response.status == 204
    assert (await _get(bmc, SYSTEM))["Boot"]["HttpBootUri"] == boot["HttpBootUri"]
    async with bmc.post(f"{SYSTEM}/Actions/ComputerSystem.Reset", json={"ResetType": "On"}) as response:
        assert response.status == 204
    assert (await _get(bmc, SYSTEM))["PowerState"] == "PoweringOn"
    await until(lambda: machine.running)
    assert (await _get(bmc, SYSTEM))["PowerState"] == "On"
    assert (await _get(bmc, SYSTEM))["Boot"]["BootSourceOverrideEnabled"] == "Disabled"


async def test_an_old_etag_is_refused(bmc: aiohttp.ClientSession) -> None:
    async with bmc.get(SYSTEM) as response:
        tag = response.headers["ETag"]
    body = {"Boot": {"BootSourceOverrideTarget": "Hdd"}}
    async with bmc.patch(SYSTEM, json=body, headers={"If-Match": tag}) as response:
        assert response.status == 204
    async with bmc.patch(SYSTEM, json=body, headers={"If-Match": tag}) as response:
        assert response.status == 412


@pytest.mark.parametrize(
    "body",
    [
        {"Boot": {"BootSourceOverrideTarget": "Floppy"}},
        {"Boot": {"BootSourceOverrideMode": 7}},
        {"Boot": {"Nonsense": "x"}},
        {"AssetTag": "x"},
        [],
    ],
)
async def test_what_cannot_be_set_is_refused(bmc: aiohttp.ClientSession, body: object) -> None:
    before = await _get(bmc, SYSTEM)
    async with bmc.patch(SYSTEM, json=body) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"]
    assert await _get(bmc, SYSTEM) == before


async def test_a_drive_erases_itself(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    machine = lab.world.machines["E"]
    disk = next(disk for disk in machine.disks if disk.secure_erase)
    disk.content = "data"
    drive = f"{SYSTEM}/Storage/1/Drives/{disk.serial}"
    async with bmc.post(f"{drive}/Actions/Drive.SecureErase", json={}) as response:
        assert response.status == 202
    assert (await _get(bmc, drive))["Operations"]
    await until(lambda: not disk.erasing)
    found = await _get(bmc, drive)
    assert (found["Operations"], found["Links"]["Volumes"]) == ([], [])
    other = next(d for d in machine.disks if not d.secure_erase)
    async with bmc.post(f"{SYSTEM}/Storage/1/Drives/{other.serial}/Actions/Drive.SecureErase") as response:
        assert response.status == 404


async def test_a_silent_bmc_refuses_connections_and_comes_back(
    lab: OpenLab, bmc: aiohttp.ClientSession
) -> None:
    await _get(bmc, SYSTEM)
    lab.world.start_fault("bmc-silent", machine="E")
    await lab.listeners.settle()
    with pytest.raises(aiohttp.ClientConnectionError):
        await _get(bmc, SYSTEM)
    lab.world.clear_fault("bmc-silent")
    await lab.listeners.settle()
    await _get(bmc, SYSTEM)


async def test_a_black_hole_accepts_and_says_nothing(lab: OpenLab, bmc: aiohttp.ClientSession) -> None:
    lab.world.start_fault("bmc-silent", machine="E", mode="black-hole")
    await lab.listeners.settle()
    with pytest.raises(TimeoutError):
        async with bmc.get(SYSTEM, timeout=aiohttp.ClientTimeout(total=0.5)):
            pass


def _links(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["@odata.id"]] if isinstance(value.get("@odata.id"), str) else []
        return own + [link for inner in value.values() for link in _links(inner)]
    return [link for inner in value for link in _links(inner)] if isinstance(value, list) else []
