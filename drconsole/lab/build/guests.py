"""The guests of the default world: which there are, and their files on the protected volumes."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass

from drconsole.lab.build import blueprint as plan
from drconsole.lab.build.hosts import DOMAIN, NAME_SERVERS
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.vim.vcenter.guest_config import uuid_to_spaced
from drconsole.lab.world.vim.vcenter.vmx import descriptor, text

HOSTILE = (
    "web 02 [blue]",
    'db "primary" 100%',
    "app/eu%2fwest",
    "Ünïcode-名前-" + "長い" * 33,
    "$(reboot); rm -rf ~",
)
"""Names that a drill has to carry whole: brackets, quotes, slashes, escapes, 80 characters."""
SPLIT = ("db-02", "files-01")
"""Guests with disks on two datastores."""
TEMPLATE = "tpl-ubuntu-24"
IN_VAPP = ("shop-web", "shop-db")
SYSTEMS = ("ubuntu64Guest", "rhel9_64Guest", "windows2019srvNext_64Guest", "debian12_64Guest")


@dataclass(frozen=True)
class Guest:
    """One guest as it shall be. `folder` and `pool` are paths of names, "" for the root."""

    name: str
    number: int
    network: plan.SiteNetwork
    datastores: tuple[str, ...]
    folder: str
    pool: str
    system: str
    cpus: int
    memory_mib: int
    running: bool
    template: bool = False
    address: str = ""

    @property
    def directory(self) -> str:
        """Its folder on the datastore: what a vCenter makes of a name that files cannot bear."""
        return "".join(c if c not in '/\\\\%"' else "_" for c in self.name)


def guests(count: int, rng: random.Random) -> list[Guest]:
    """Returns that many guests, the protected vCenter first."""
    names = [plan.VCENTER_NAME, TEMPLATE, *IN_VAPP, *SPLIT, "app-01", "app-02", *HOSTILE]
    kinds = ("web", "app", "db", "mail", "build", "log")
    names += [
        f"{kinds[n % len(kinds)]}-{n // len(kinds) + 10:02d}" for n in range(max(0, count - len(names)))
    ]
    return [_guest(name, number, rng) for number, name in enumerate(names[:count], 1)]


def _guest(name: str, number: int, rng: random.Random) -> Guest:
    if name == plan.VCENTER_NAME:
        return Guest(
            name,
            number,
            plan.MANAGEMENT_GUESTS,
            ("ds-prod-1",),
            folder="Infrastructure",
            pool="",
            system="other5xLinux64Guest",
            cpus=4,
            memory_mib=21_504,
            running=True,
            address=f"{plan.VCENTER_ADDRESS}/{plan.MANAGEMENT.prefix}",
        )
    places = [place.name for place in plan.DATASTORES]
    first = places[number % len(places)]
    stores = (first, places[(number + 1) % len(places)]) if name in SPLIT else (first,)
    network = (*plan.GUEST_NETWORKS, plan.VM_NETWORK)[number % 4]
    return Guest(
        name,
        number,
        network,
        stores,
        folder=("Production", "Production/Web tier", "Production/Web tier/EU", "Test & Dev")[number % 4],
        pool=("", "gold", "gold/critical", "bronze")[number % 4],
        system=SYSTEMS[number % len(SYSTEMS)],
        cpus=rng.choice((1, 2, 4)),
        memory_mib=rng.choice((1024, 2048, 4096)),
        running=name != TEMPLATE and number % 6 != 0,
        template=name == TEMPLATE,
        address="" if name == TEMPLATE else f"{network.address(50 + number)}/{network.prefix}",
    )


def write_files(guest: Guest, host: Hypervisor, rng: random.Random, wiring: dict[str, str]) -> str:
    """Writes the .vmx and the disks of a guest through a host; returns the .vmx's datastore path.

    `wiring` are the settings that plug its NIC into its network.
    """
    home = guest.datastores[0]
    disks: dict[str, str] = {}
    for unit, name in enumerate(guest.datastores):
        file = f"{guest.directory}/disk-{unit}.vmdk"
        mount = host.storage.named(name)
        assert mount is not None, f"{name} is mounted on every protected host"
        digits = f"{rng.getrandbits(128):032x}"
        spaced = " ".join(digits[i : i + 2] for i in range(0, 32, 2))
        mount.volume.write(
            file,
            descriptor(
                capacity_kib=rng.choice((16, 40, 80)) << 20,
                extent=f"disk-{unit}-flat.vmdk",
                uuid=f"{spaced[:23]}-{spaced[24:]}",
                thin=guest.number % 2 == 0,
            ),
        )
        mount.volume.write(file.replace(".vmdk", "-flat.vmdk"), rng.randbytes(64))
        disks |= {
            f"scsi0:{unit}.present": "TRUE",
            f"scsi0:{unit}.fileName": f"[{name}] {file}" if unit else f"disk-{unit}.vmdk",
            f"scsi0:{unit}.mode": "persistent",
        }
    mount = host.storage.named(home)
    assert mount is not None
    file = f"{guest.directory}/{guest.directory}.vmx"
    settings = _settings(guest, rng) | disks | wiring | {"uuid.location": f"{mount.uuid}:{file}"}
    mount.volume.write(file, text(settings))
    return f"[{home}] {file}"


def _settings(guest: Guest, rng: random.Random) -> dict[str, str]:
    identity, instance = (str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(2))
    hostname = (
        f"{guest.name}.{DOMAIN}"
        if guest.name.replace("-", "").isalnum() and guest.name.isascii()
        else f"guest-{guest.number}.{DOMAIN}"
    )
    found = {
        "config.version": "8",
        "virtualHW.version": "19",
        "displayName": guest.name,
        "guestOS": guest.system,
        "firmware": "efi" if guest.number % 3 else "bios",
        "numvcpus": str(guest.cpus),
        "cpuid.coresPerSocket": "1",
        "memSize": str(guest.memory_mib),
        "uuid.bios": uuid_to_spaced(identity),
        "vc.uuid": uuid_to_spaced(instance),
        "annotation": f"Owner: team {guest.number % 5}\nTier {guest.number % 3}",
        "template": "TRUE" if guest.template else "FALSE",
        "sched.cpu.min": "500" if guest.number % 7 == 0 else "0",
        "sched.cpu.shares": ("normal", "high", "low")[guest.number % 3],
        "sched.mem.max": str(guest.memory_mib) if guest.number % 5 == 0 else "unlimited",
        "scsi0.present": "TRUE",
        "scsi0.virtualDev": "pvscsi",
        "ide1:0.present": "TRUE",
        "ide1:0.deviceType": "cdrom-raw",
        "ide1:0.fileName": "auto detect",
        "ide1:0.startConnected": "FALSE",
    }
    if guest.address:
        found |= {
            "guestinfo.address": guest.address,
            "guestinfo.gateway": guest.network.gateway,
            "guestinfo.dns": ",".join(NAME_SERVERS),
            "guestinfo.hostname": hostname,
        }
    return found
