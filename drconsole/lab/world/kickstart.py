"""Kickstarts as the installers read them: each directive of docs/network-boot.md, and no other."""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from drconsole.lab.world.bootscript import InstallFailed


@dataclass
class Network:
    """`network`: addresses are IPv4 text; `mac` the NIC by its MAC."""

    mac: str
    address: str
    netmask: str
    hostname: str = ""
    gateway: str = ""
    vlan: int = 0
    nameservers: tuple[str, ...] = ()
    vm_port_group: bool = True


@dataclass
class Kickstart:
    """A parsed kickstart. `reports` are the URLs that each section fetches, in order."""

    root_hash: str = ""
    disk: str = ""
    overwrite: bool = False
    network: Network | None = None
    further: list[Network] = field(default_factory=list)
    accepted: bool = False
    reboot: bool = False
    reports: dict[str, list[str]] = field(default_factory=dict)
    authorised: list[str] = field(default_factory=list)
    host_key: bytes = b""
    clear: bool = False


Directive = Callable[[Kickstart, list[str]], None]


def parse_hypervisor(text: str) -> Kickstart:
    """Parses a hypervisor's ks.cfg. Raises InstallFailed, naming the line."""
    found = _parse(text, _HYPERVISOR, _hypervisor_command, ("%pre", "%post", "%firstboot"))
    if not found.accepted:
        raise InstallFailed("ks.cfg: the licence is not accepted (vmaccepteula)")
    return _complete(found)


def parse_linux(text: str) -> Kickstart:
    """Parses a Linux kickstart. Raises InstallFailed, naming the line."""
    found = _complete(_parse(text, _LINUX, _linux_command, ("%pre", "%post")))
    if not found.host_key:
        raise InstallFailed("ks.cfg: no install-host-key")
    return found


def _parse(
    text: str, directives: dict[str, Directive], command: Directive, sections: Iterable[str]
) -> Kickstart:
    found, section = Kickstart(), ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            words = shlex.split(line)
            if words[0] == "%end" and section:
                section = ""
            elif words[0] in sections:
                section = _section(words)
            elif section:
                found.reports.setdefault(section, [])
                _in_section(found, section, words, command)
            else:
                directives[words[0]](found, words[1:])
        except (KeyError, ValueError, IndexError) as wrong:
            raise InstallFailed(f"ks.cfg line {number}: {line.strip()[:200]!r}: {wrong}") from wrong
    return found


def _section(words: list[str]) -> str:
    for option in words[1:]:
        if option not in {"--interpreter=busybox", "--erroronfail"}:
            raise ValueError(f"{words[0]} does not take {option}")
    return words[0]


def _in_section(found: Kickstart, section: str, words: list[str], command: Directive) -> None:
    match words:
        case ["wget", "-q", "-O-", url]:
            found.reports[section].append(url)
        case ["echo", *_]:
            return
        case _:
            command(found, words)


def _hypervisor_command(found: Kickstart, words: list[str]) -> None:
    if words[:3] != ["esxcli", "system", "settings"]:
        raise ValueError("unknown command")


def _linux_command(found: Kickstart, words: list[str]) -> None:
    match words:
        case ["install-host-key", key]:
            try:
                found.host_key = base64.b64decode(key, validate=True)
            except binascii.Error as wrong:
                raise ValueError(f"host key: {wrong}") from wrong
        case _:
            raise ValueError("unknown command")


def _complete(found: Kickstart) -> Kickstart:
    missing = [
        name
        for name, there in (
            ("rootpw", found.root_hash),
            ("a disk", found.disk),
            ("network", found.network),
            ("reboot", found.reboot),
        )
        if not there
    ]
    if missing:
        raise InstallFailed(f"ks.cfg: it lacks {', '.join(missing)}")
    return found


def _options(words: list[str], *, known: Iterable[str], flags: Iterable[str] = ()) -> dict[str, str]:
    values: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if (equals and name in known) or (not equals and name in flags):
            values[name] = value
        else:
            raise ValueError(f"unknown option {word}")
    return values


def _rootpw(found: Kickstart, words: list[str]) -> None:
    option, found.root_hash = words
    if option != "--iscrypted" or not found.root_hash.startswith("$"):
        raise ValueError("the password is not a hash")


def _install(found: Kickstart, words: list[str]) -> None:
    values = _options(words, known=("--disk",), flags=("--overwritevmfs",))
    found.disk, found.overwrite = values["--disk"], "--overwritevmfs" in values


def _network(found: Kickstart, words: list[str]) -> None:
    values = _options(words, known=_NETWORK)
    if values["--bootproto"] != "static":
        raise ValueError("only static addresses")
    found.network = Network(
        values["--device"].lower(),
        values["--ip"],
        values["--netmask"],
        values["--hostname"],
        values.get("--gateway", ""),
        nameservers=tuple(n for n in values.get("--nameserver", "").split(",") if n),
        vm_port_group=values.get("--addvmportgroup", "1") == "1",
    )


def _linux_network(found: Kickstart, words: list[str]) -> None:
    """The first line is the one that names the host; further ones are of production networks."""
    if found.network is None:
        _network(found, words)
        return
    values = _options(words, known=_FURTHER, flags=("--activate",))
    if values["--bootproto"] != "static":
        raise ValueError("only static addresses")
    network = Network(values["--device"].lower(), values["--ip"], values["--netmask"])
    network.gateway, network.vlan = values.get("--gateway", ""), int(values.get("--vlanid", "0"))
    found.further.append(network)


def _only_use(found: Kickstart, words: list[str]) -> None:
    found.disk = _options(words, known=("--only-use",))["--only-use"]


def _clear(found: Kickstart, words: list[str]) -> None:
    if words != ["--all"]:
        raise ValueError("only --all")
    found.clear = found.overwrite = True


def _ssh_key(found: Kickstart, words: list[str]) -> None:
    user, key = words
    if user != "--username=root":
        raise ValueError("only --username=root")
    found.authorised.append(key)


def _flag(name: str) -> Directive:
    def mark(found: Kickstart, words: list[str]) -> None:
        if words:
            raise ValueError(f"{name} takes nothing")
        if hasattr(found, name):
            setattr(found, name, True)

    return mark


_NETWORK = (
    "--bootproto",
    "--device",
    "--ip",
    "--netmask",
    "--gateway",
    "--nameserver",
    "--hostname",
    "--addvmportgroup",
)
_FURTHER = ("--bootproto", "--device", "--vlanid", "--ip", "--netmask", "--gateway")
_HYPERVISOR: dict[str, Directive] = {
    "vmaccepteula": lambda found, words: setattr(found, "accepted", True),
    "rootpw": _rootpw,
    "install": _install,
    "network": _network,
    "reboot": _flag("reboot"),
}
_LINUX: dict[str, Directive] = {
    "text": _flag("text"),
    "rootpw": _rootpw,
    "ignoredisk": _only_use,
    "clearpart": _clear,
    "autopart": _flag("autopart"),
    "network": _linux_network,
    "sshkey": _ssh_key,
    "reboot": _flag("reboot"),
}
