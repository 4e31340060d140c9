"""Systems of sushy-emulator, which this project did not write, are probed, boot-ordered and powered."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from drconsole.errors import DeviceError, PinMismatch, Unreachable, WrongCredentials
from drconsole.provisioning.redfish import RedfishMachine
from tests.unit.devices.served import Place, client_of
from tests.unit.wire.impostor import Identity

SYSTEMS: list[dict[str, Any]] = [
    {
        "uuid": f"4c4c4544-0042-3510-8054-b4c04f56443{number}",
        "name": f"target-{number}",
        "power_state": "Off",
        "nics": [{"mac": f"aa:bb:cc:00:0{number}:01", "ip": "172.22.0.100"}],
    }
    for number in range(3)
]
STARTER = """
import random, sys
from sushy_tools.emulator.main import main
random.randint = lambda least, most: least + 1
sys.exit(main())
"""
"""The emulator's power takes 1 to 11 s by chance: what waits for it shall wait for 2."""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    if importlib.util.find_spec("sushy_tools") is None:
        pytest.skip("sushy-emulator is not installed")
    folder = tmp_path_factory.mktemp("sushy")
    identity = Identity(folder, "bmc")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    output = (folder / "output").open("w")
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER, "--config", str(_configuration(folder, identity, port))],
        cwd=folder,
        stdout=output,
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_for(port, process, folder / "output")
        yield Place(f"127.0.0.1:{port}", identity.pin)
    finally:
        process.terminate()
        process.wait(10)
        output.close()


def _configuration(folder: Path, identity: Identity, port: int) -> Path:
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    (folder / "htpasswd").write_text(f"admin:{hashed}\n")
    (folder / "state").mkdir()
    values = {
        "SUSHY_EMULATOR_FAKE_DRIVER": True,
        "SUSHY_EMULATOR_FAKE_SYSTEMS": SYSTEMS,
        "SUSHY_EMULATOR_LISTEN_IP": "127.0.0.1",
        "SUSHY_EMULATOR_LISTEN_PORT": port,
        "SUSHY_EMULATOR_SSL_CERT": str(identity.file),
        "SUSHY_EMULATOR_SSL_KEY": str(identity.file),
        "SUSHY_EMULATOR_AUTH_FILE": str(folder / "htpasswd"),
        "SUSHY_EMULATOR_STATE_DIR": str(folder / "state"),
        "SUSHY_EMULATOR_FEATURE_SET": "full",
    }
    file = folder / "emulator.conf"
    file.write_text("\n".join(f"{name} = {value!r}" for name, value in values.items()))
    return file


def _wait_for(port: int, process: subprocess.Popen[bytes], output: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, output.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(output.read_text())


async def test_systems_are_probed_boot_ordered_and_powered(emulator: Place) -> None:
    await asyncio.gather(*(_through_its_paces(emulator, system) for system in SYSTEMS))


async def _through_its_paces(emulator: Place, told: dict[str, Any]) -> None:
    """A change of power shows only after a while."""
    path = f"/redfish/v1/Systems/{told['uuid']}"
    bmc = RedfishMachine(client_of(emulator, total_s=20), settle_s=5, system=path)
    found = await bmc.probe()
    assert (found.uuid, found.power, found.boot_mode) == (told["uuid"], "off", "uefi")
    assert [nic.mac for nic in found.nics] == [nic["mac"] for nic in told["nics"]]
    await bmc.boot_over_pxe()
    await bmc.turn_on(within_s=40)
    assert await bmc.power() == "on"
    await bmc.turn_off(within_s=40)
    assert await bmc.power() == "off"
    await bmc.close()


async def test_firmware_without_http_boot_says_so(emulator: Place) -> None:
    bmc = RedfishMachine(client_of(emulator, total_s=20), settle_s=1)
    with pytest.raises(DeviceError, match="answered 4"):
        await bmc.boot_from("http://127.0.0.1:1/boot/TOKEN/boot.ipxe")
    await bmc.close()


async def test_the_first_member_is_taken_where_no_system_is_named(emulator: Place) -> None:
    bmc = RedfishMachine(client_of(emulator, total_s=20), settle_s=5)
    assert (await bmc.probe()).uuid in {system["uuid"] for system in SYSTEMS}
    await bmc.close()


async def test_a_wrong_password_and_a_wrong_pin_are_told_apart(emulator: Place) -> None:
    refused = RedfishMachine(client_of(emulator, password="wrong"), settle_s=1)
    with pytest.raises(WrongCredentials):
        await refused.probe()
    await refused.close()
    impostor = RedfishMachine(client_of(emulator, pin="sha256:" + "0" * 64), settle_s=1)
    with pytest.raises(PinMismatch):
        await impostor.probe()
    await impostor.close()
    nobody = RedfishMachine(client_of(Place("127.0.0.1:1", emulator.pin)), settle_s=1)
    with pytest.raises(Unreachable):
        await nobody.probe()
    await nobody.close()
