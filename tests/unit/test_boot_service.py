"""What the boot service gives out, to whom, how often, and what it remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from drconsole.errors import Busy
from drconsole.provisioning.boot_service import BootService, open_boot
from drconsole.provisioning.images import payload
from drconsole.provisioning.jobs import Job
from drconsole.provisioning.loiterers import Loiterers
from tests.unit.devices.media import write_media
from tests.unit.devices.plans import plan, settings

MAC = "AA:00:00:00:00:02"
UUID = "4C4C4544-0042-3510-8054-B4C04F564433"
INSTALL, WIPE = "esx-01@E", "wipe@E"


class Caller:
    """A machine, or somebody who pretends to be one."""

    def __init__(self, boot: BootService, session: aiohttp.ClientSession) -> None:
        self.boot = boot
        self._session = session

    async def get(self, url: str, mac: str = "", uuid: str = "") -> tuple[int, str]:
        headers = {"X-Boot-Mac": mac, "X-Boot-Uuid": uuid} if mac or uuid else {}
        async with self._session.get(url, headers=headers) as answer:
            return answer.status, await answer.text()

    async def fetch(self, name: str, job: str = INSTALL) -> tuple[int, str]:
        """As the right machine."""
        return await self.get(f"{self.boot.url(self.boot.job(job))}/{name}", MAC, UUID)


@pytest.fixture
async def caller(tmp_path: Path) -> AsyncIterator[Caller]:
    write_media(tmp_path)
    boot = open_boot(settings(tmp_path), plan())
    await boot.start()
    async with aiohttp.ClientSession() as session:
        boot.log.begin(INSTALL)
        yield Caller(boot, session)
    await boot.stop()


def job(caller: Caller) -> Job:
    return caller.boot.job(INSTALL)


async def test_the_right_machine_gets_its_script_its_medium_and_its_kickstart(caller: Caller) -> None:
    url = caller.boot.url(job(caller))
    assert await caller.fetch("boot.ipxe") == (
        200,
        f"#!ipxe\nkernel {url}/mboot.efi -c {url}/boot.cfg\nboot\n",
    )
    assert await caller.fetch("mboot.efi") == (200, "boot loader")
    status, config = await caller.fetch("boot.cfg")
    assert (status, config.splitlines()[1:]) == (
        200,
        [f"prefix={url}", "kernel=b.b00", f"kernelopt=ks={url}/ks.cfg", "modules=s.v00 --- imgdb.tgz"],
    )
    status, kickstart = await caller.fetch("ks.cfg")
    assert status == 200
    assert "--device=aa:00:00:00:00:02" in kickstart
    assert "right" not in kickstart


@pytest.mark.parametrize(
    ("mac", "uuid"),
    [("", ""), ("aa:00:00:00:00:99", UUID), (MAC, "4c4c4544-0000-0000-0000-000000000000"), (MAC, "")],
)
async def test_an_unknown_machine_gets_nothing(caller: Caller, mac: str, uuid: str) -> None:
    url = f"{caller.boot.url(job(caller))}/boot.ipxe"
    assert await caller.get(url, mac, uuid) == (403, "403: Forbidden")
    assert [event.kind for event in caller.boot.log.cycle(INSTALL)] == ["cycle"]


async def test_a_token_of_no_job_or_of_a_job_that_nobody_ordered_is_refused(caller: Caller) -> None:
    wrong = caller.boot.url(job(caller))[:-1]
    assert (await caller.get(f"{wrong}A/boot.ipxe", MAC, UUID))[0] == 403
    assert (await caller.get(f"{wrong}é/boot.ipxe", MAC, UUID))[0] == 403
    assert (await caller.fetch("boot.ipxe", WIPE))[0] == 403


async def test_the_kickstart_is_served_once_in_a_power_cycle(caller: Caller) -> None:
    assert [(await caller.fetch("ks.cfg"))[0] for _ in range(3)] == [200, 403, 403]
    caller.boot.log.begin(INSTALL)
    assert (await caller.fetch("ks.cfg"))[0] == 200


async def test_a_power_cycle_that_was_given_up_gets_no_script_any_more(caller: Caller) -> None:
    """Else a late machine would begin an install that the next power cycle cuts off."""
    caller.boot.log.add(INSTALL, "gave-up")
    assert [(await caller.fetch(name))[0] for name in ("boot.ipxe", "ks.cfg")] == [403, 403]
    assert [event.kind for event in caller.boot.log.cycle(INSTALL)] == ["cycle", "gave-up"]
    assert (await caller.fetch("report?event=end"))[0] == 200, "what it did before counts"
    assert (await caller.fetch("boot.ipxe"))[1] == "#!ipxe\nsanboot --drive 0x80\n"
    caller.boot.log.begin(INSTALL)
    assert [(await caller.fetch(name))[0] for name in ("boot.ipxe", "ks.cfg")] == [200, 200]


async def test_an_installed_machine_is_sent_to_its_disk(caller: Caller) -> None:
    await caller.fetch("report?event=start")
    await caller.fetch("report?event=end")
    assert await caller.fetch("boot.ipxe") == (200, "#!ipxe\nsanboot --drive 0x80\n")


@pytest.mark.parametrize(
    "name",
    ["../../drconsole.toml", "..%2f..%2fpassword", "%2e%2e/wipe/vmlinuz", ".hidden", "nothing", "vmlinuz"],
)
async def test_nothing_outside_of_the_medium_is_served(caller: Caller, tmp_path: Path, name: str) -> None:
    (tmp_path / "images" / "VMware-ESXi-8.0.3" / ".hidden").write_text("hidden")
    assert (await caller.fetch(name))[0] in (403, 404)


async def test_a_link_that_leaves_the_images_is_not_followed(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "images" / "VMware-ESXi-8.0.3" / "out.v00").symlink_to(tmp_path / "password")
    assert (await caller.fetch("out.v00"))[0] == 404


async def test_reports_count_once_and_in_order(caller: Caller) -> None:
    for event in ("start", "start", "firstboot", "end", "start", "error"):
        assert (await caller.fetch(f"report?event={event}&message=%1b[31m"))[0] == 200
    assert (await caller.fetch("report?event=cycle"))[0] == 400
    kinds = [event.kind for event in caller.boot.log.cycle(INSTALL)]
    assert kinds == ["cycle", "start", "firstboot"]
    assert caller.boot.log.cycle(INSTALL)[1].text == "\\x1b[31m"


async def test_only_the_disk_that_was_meant_counts_as_wiped(caller: Caller) -> None:
    caller.boot.log.begin(WIPE)
    await caller.fetch("report?event=wiped&serial=DISK-9", WIPE)
    assert not caller.boot.installed(caller.boot.job(WIPE))
    await caller.fetch("report?event=wiped&serial=DISK-1", WIPE)
    assert caller.boot.installed(caller.boot.job(WIPE))


async def test_a_restarted_runner_has_the_url_and_knows_what_happened(caller: Caller, tmp_path: Path) -> None:
    await caller.fetch("boot.ipxe")
    await caller.fetch("ks.cfg")
    url = caller.boot.url(job(caller))
    await caller.boot.stop()
    again = open_boot(settings(tmp_path), plan())
    await again.start()
    try:
        assert again.url(again.job(INSTALL)) == url
        assert [event.kind for event in again.log.cycle(INSTALL)] == ["cycle", "netboot", "script"]
        assert (await Caller(again, caller._session).fetch("ks.cfg"))[0] == 403
    finally:
        await again.stop()


async def test_a_line_that_a_crash_cut_off_is_forgotten_and_nothing_else(
    caller: Caller, tmp_path: Path
) -> None:
    log = tmp_path / "state" / "boot" / "R-1.log"
    with log.open("ab") as file:
        file.write(b'{"at":"2026-11-2')
    again = open_boot(settings(tmp_path), plan())
    again.log.add(INSTALL, "start")
    kinds = [event.kind for event in open_boot(settings(tmp_path), plan()).log.history(INSTALL)]
    assert kinds == ["cycle", "start"]


async def test_two_services_never_share_a_port(caller: Caller, tmp_path: Path) -> None:
    second = open_boot(settings(tmp_path), plan())
    with pytest.raises(Busy):
        await second.start()


async def test_what_derives_the_tokens_is_private(caller: Caller, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "boot"
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "R-1.secret").stat().st_mode & 0o077 == 0
    assert repr(caller.boot.secret) == "RunSecret(***)"


async def test_who_connects_and_says_nothing_is_put_out_and_nobody_waits_for_them(tmp_path: Path) -> None:
    write_media(tmp_path)
    boot = open_boot(settings(tmp_path), plan())
    boot.patient(Loiterers(silent_s=0.4))
    port = await boot.start()
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
    for _reader, writer in silent[:10]:
        writer.write(b"GET /boot/half-a-")
    async with aiohttp.ClientSession() as session:
        boot.log.begin(INSTALL)
        assert (await Caller(boot, session).fetch("mboot.efi"))[0] == 200
        async with asyncio.timeout(5):
            ends = await asyncio.gather(*(reader.read(1) for reader, _ in silent), return_exceptions=True)
        assert all(end == b"" or isinstance(end, ConnectionError) for end in ends)
        assert (await Caller(boot, session).fetch("mboot.efi"))[0] == 200
    for _reader, writer in silent:
        writer.close()
    await boot.stop()


async def test_a_machine_that_stops_reading_its_medium_holds_up_nobody(tmp_path: Path) -> None:
    write_media(tmp_path)
    boot = open_boot(settings(tmp_path), plan())
    boot.patient(Loiterers(silent_s=1, longest_s=0.5))
    port = await boot.start()
    boot.log.begin(INSTALL)
    medium = payload(tmp_path / "images", boot.job(INSTALL).folder, "mboot.efi")
    assert medium is not None
    medium.write_bytes(b"x" * (64 << 20))
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 12)
    path = boot.url(boot.job(INSTALL)).partition(f":{port}")[2]
    writer.write(f"GET {path}/mboot.efi HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    async with aiohttp.ClientSession() as session, asyncio.timeout(5):
        assert (await Caller(boot, session).fetch("boot.ipxe"))[0] == 200
        await asyncio.sleep(1.5)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(64 << 20)
    writer.close()
    await boot.stop()
