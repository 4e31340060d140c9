"""What a machine does once it was told to boot from the network: fetch, parse, install, report.

Whatever an installed machine is called, its address, disk, password and version come from the
scripts and payloads that it fetched, from nowhere else (docs/network-boot.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Coroutine
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from drconsole.lab.world import appliance, kickstart
from drconsole.lab.world.bootscript import (
    BootScript,
    InstallFailed,
    parse_boot_config,
    parse_ipxe,
)
from drconsole.lab.world.fetching import FetchFailed
from drconsole.lab.world.linux import Linux
from drconsole.lab.world.machine import Disk, Installed, Machine, Nic
from drconsole.lab.world.payload import HypervisorInstall, Image, prefix_length
from drconsole.lab.world.system import Listening, System

Work = Coroutine[Any, Any, None]
Outcome = Literal["restart", "disk", "halt"]


async def netboot(machine: Machine, uri: str) -> Outcome:
    """Boots over HTTP and does what the script says. `disk`: go on to the next boot option.

    Raises InstallFailed where the machine stops with a message on its screen.
    """
    world = machine.world
    nic = _boot_nic(machine)
    if nic is None or world.faults.bite("never-netboots", machine=machine.name):
        machine.show("UEFI HTTP boot: no answer")
        return "disk"
    await world.take("machine.netboot-link")
    headers = {"X-Boot-Mac": nic.mac, "X-Boot-Uuid": machine.hardware.uuid}
    try:
        text = (await world.factories.fetch(uri, headers)).decode(errors="replace")
    except FetchFailed as failed:
        machine.show(f"UEFI HTTP boot: {failed}")
        return "disk"
    script = parse_ipxe(text)
    if not script.kernel:
        return "disk"
    world.ledger.write(machine.path, "netboot", machine.path, mac=nic.mac, job=_job(uri))
    machine.phase = "installing"
    return await _run(machine, script, _job(uri))


async def first_boot(machine: Machine) -> None:
    """Runs what the installer left for the first boot from disk: phone home, say what it became."""
    installed = machine.installed
    if installed is None:
        return
    machine.installed = None
    world = machine.world
    for url in installed.reports:
        await _report(machine, url)
    became = installed.system.kind
    world.ledger.write(
        machine.path,
        "ready",
        machine.path,
        became=became,
        hostname=installed.system.hostname,
        job=installed.job,
    )


async def _run(machine: Machine, script: BootScript, job: str) -> Outcome:
    if script.option("wipe.serials"):
        return await _wipe(machine, script)
    if script.kernel.endswith("mboot.efi"):
        return await _hypervisor(machine, script, job)
    if script.option("inst.ks"):
        return await _linux(machine, script, job)
    if script.option("appliance.answers"):
        return await _management(machine, script, job)
    raise InstallFailed(f"kernel {script.kernel}: it boots, and finds nothing to do")


async def _hypervisor(machine: Machine, script: BootScript, job: str) -> Outcome:
    if len(script.arguments) != 2 or script.arguments[0] != "-c":
        raise InstallFailed("mboot.efi: no -c boot.cfg")
    await _get(machine, script.kernel)
    config = parse_boot_config(await _text(machine, script.arguments[1]))
    image = _image(await _get(machine, config.kernel), config.kernel)
    for module in config.modules:
        await _get(machine, module)
    found = kickstart.parse_hypervisor(await _text(machine, config.kickstart))
    disk = _usable(machine, found.disk, overwrite=found.overwrite)
    network = _network(machine, found)
    await _install(machine, "hypervisor", disk, found.reports, job)
    answer = HypervisorInstall(
        hostname=network.hostname,
        root_hash=found.root_hash,
        nic=machine.nic_with(network.mac).name,
        address=network.address,
        netmask=network.netmask,
        gateway=network.gateway,
        nameservers=network.nameservers,
        disk=disk.serial,
        version=image.version,
        build=image.build,
        vm_port_group=network.vm_port_group,
    )
    system = machine.world.factories.hypervisor(machine.world, machine, answer)
    return _installed(machine, system, disk, found.reports.get("%firstboot", []), job)


async def _linux(machine: Machine, script: BootScript, job: str) -> Outcome:
    image = _image(await _get(machine, script.kernel), script.kernel)
    await _get(machine, script.initrd)
    found = kickstart.parse_linux(await _text(machine, script.option("inst.ks")))
    disk = _usable(machine, found.disk, overwrite=found.overwrite)
    network = _network(machine, found)
    await _install(machine, "linux", disk, found.reports, job)
    system = Linux(
        hostname=network.hostname,
        address=network.address,
        prefix=prefix_length(network.netmask),
        nic=machine.nic_with(network.mac).name,
        uuid=machine.hardware.uuid,
        root_hash=found.root_hash,
        host_key=found.host_key,
        authorised=tuple(found.authorised),
        product=image.product,
        version=image.version,
        gateway=next((n.gateway for n in (network, *found.further) if n.gateway), ""),
        further=tuple(_further(machine, network) for network in found.further),
    )
    return _installed(machine, system, disk, [], job)


async def _management(machine: Machine, script: BootScript, job: str) -> Outcome:
    report = script.option("appliance.report")
    await _get(machine, script.kernel)
    await _get(machine, script.initrd)
    image_url = script.option("appliance.image")
    image = _image(await _get(machine, image_url), image_url)
    try:
        found = appliance.read(machine, await _get(machine, script.option("appliance.answers")), image)
        disk = _usable(machine, found.install_disk, overwrite=False)
        reports = {"%pre": [f"{report}?event=start"], "%post": [f"{report}?event=end"]}
        await _install(machine, "management", disk, reports, job)
    except InstallFailed as failed:
        await _report(machine, f"{report}?event=error&message={quote(str(failed))}")
        raise
    system = appliance.install(machine, found, image)
    return _installed(machine, system, disk, [f"{report}?event=firstboot"], job)


async def _wipe(machine: Machine, script: BootScript) -> Outcome:
    report = script.option("wipe.report")
    await _get(machine, script.kernel)
    await _get(machine, script.initrd)
    await _report(machine, f"{report}?event=start")
    for serial in script.option("wipe.serials").split(","):
        disk = machine.disk(serial)
        if disk is None:
            await _report(machine, f"{report}?event=error&message={quote(f'no disk {serial}')}")
            raise InstallFailed(f"wipe: no disk {serial}")
        await machine.world.take("machine.wipe")
        erase(machine, disk)
        await _report(machine, f"{report}?event=wiped&serial={quote(serial)}")
    return "halt"


def erase(machine: Machine, disk: Disk) -> None:
    """Makes a disk empty; the system that was installed on it is gone."""
    machine.world.changed_on(machine)  # while it is known what it was
    if machine.system is not None and disk.content.endswith(machine.system.kind):
        _remove(machine)
    disk.content = ""
    machine.world.ledger.write(machine.path, "wipe", f"{machine.path}/disk/{disk.serial}")


async def _install(machine: Machine, kind: str, disk: Disk, reports: dict[str, list[str]], job: str) -> None:
    """The installer's work: `%pre`, the copying, `%post`."""
    world = machine.world
    world.ledger.write(machine.path, "install-start", machine.path, kind=kind, job=job)
    for url in reports.get("%pre", []):
        await _report(machine, url)
    await world.take(f"install.{kind}")
    if world.faults.bite("install-fails", machine=machine.name):
        world.ledger.write(machine.path, "install-failed", machine.path, kind=kind, job=job)
        raise InstallFailed(f"{kind}: the installer stopped: input/output error on {disk.serial}")
    for url in reports.get("%post", []):
        await _report(machine, url)
    world.ledger.write(machine.path, "install-end", machine.path, kind=kind, job=job)


def _installed(machine: Machine, system: System, disk: Disk, reports: list[str], job: str) -> Outcome:
    _remove(machine)
    machine.system = system
    machine.installed = Installed(system, tuple(reports), job)
    disk.content = f"installed:{system.kind}"
    return "restart"


def _remove(machine: Machine) -> None:
    system, machine.system, machine.installed = machine.system, None, None
    if system is not None:
        system.removed()


def _usable(machine: Machine, serial: str, *, overwrite: bool) -> Disk:
    disk = machine.disk(serial)
    if disk is None:
        raise InstallFailed(f"no disk {serial} in this machine")
    if disk.content and not overwrite:
        raise InstallFailed(f"disk {serial} is not empty")
    return disk


def _network(machine: Machine, found: kickstart.Kickstart) -> kickstart.Network:
    assert found.network is not None, "the parser refuses a kickstart without network"
    try:
        machine.nic_with(found.network.mac)
    except KeyError as unknown:
        raise InstallFailed(f"network: {unknown.args[0]}") from unknown
    return found.network


def _further(machine: Machine, network: kickstart.Network) -> Listening:
    try:
        nic = machine.nic_with(network.mac).name
    except KeyError as unknown:
        raise InstallFailed(f"network: {unknown.args[0]}") from unknown
    return Listening(network.address, prefix_length(network.netmask), network.vlan, (nic,), "ssh")


def _boot_nic(machine: Machine) -> Nic | None:
    segment = machine.world.segments.get(machine.segment)
    if segment is None:
        return None
    vlan = segment.provisioning_vlan
    return next((nic for nic in machine.nics if nic.link and nic.port.native == vlan), None)


def _image(body: bytes, url: str) -> Image:
    try:
        return msgspec.json.decode(body, type=Image)
    except msgspec.DecodeError as wrong:
        raise InstallFailed(f"{url.rpartition('/')[2]}: no bootable image: {wrong}") from wrong


async def _get(machine: Machine, url: str) -> bytes:
    if not url:
        raise InstallFailed("a file that the boot script does not name")
    try:
        return await machine.world.factories.fetch(url, {})
    except FetchFailed as failed:
        raise InstallFailed(str(failed)) from failed


async def _text(machine: Machine, url: str) -> str:
    return (await _get(machine, url)).decode(errors="replace")


async def _report(machine: Machine, url: str) -> None:
    await machine.world.take("install.report-delay")
    try:
        await machine.world.factories.fetch(url, {})
    except FetchFailed as failed:
        # wget -q in a kickstart: the installation does not depend on who listens.
        machine.show(str(failed))


def _job(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:12]
