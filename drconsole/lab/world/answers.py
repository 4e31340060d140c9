"""An appliance's JSON answer file: vcsa-deploy's keys and the further ones of docs/network-boot.md."""

from __future__ import annotations

import msgspec

from drconsole.lab.world.bootscript import InstallFailed


class _Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Appliance(_Value, frozen=True, kw_only=True):
    name: str
    deployment_option: str
    thin_disk_mode: bool = True


class AppliedNetwork(_Value, frozen=True, kw_only=True):
    """The captured interface: `mac` of the NIC that it uses, `vlan` 0 untagged."""

    mac: str
    ip: str
    system_name: str
    prefix: int | str
    vlan: int = 0
    ip_family: str = "ipv4"
    mode: str = "static"
    gateway: str = ""
    dns_servers: tuple[str, ...] = ()


class ExtraNetwork(_Value, frozen=True, kw_only=True):
    """The provisioning interface that the original lacked (R61), or a further captured one."""

    mac: str
    ip: str
    prefix: int | str
    vlan: int = 0


class OperatingSystem(_Value, frozen=True, kw_only=True):
    password: str
    ssh_enable: bool = False
    ntp_servers: tuple[str, ...] | str = ()
    time_tools_sync: bool = False


class SingleSignOn(_Value, frozen=True, kw_only=True):
    password: str
    domain_name: str


class NewAppliance(_Value, frozen=True, kw_only=True):
    appliance: Appliance
    network: AppliedNetwork
    os: OperatingSystem
    sso: SingleSignOn
    extra_network: ExtraNetwork
    version: str
    install_disk: str
    instance_uuid: str = ""
    more_networks: tuple[ExtraNetwork, ...] = ()


class Improvement(_Value, frozen=True, kw_only=True):
    ceip_enabled: bool = False


class Ceip(_Value, frozen=True, kw_only=True):
    settings: Improvement


class Answers(_Value, frozen=True, kw_only=True):
    """The whole file."""

    new_vcsa: NewAppliance
    ceip: Ceip
    version: str = msgspec.field(default="", name="__version")
    comments: tuple[str, ...] | str = msgspec.field(default=(), name="__comments")


def parse_answers(body: bytes) -> NewAppliance:
    """Parses the file. Raises InstallFailed for an unknown key, a missing one, or a wrong type."""
    try:
        answers = msgspec.json.decode(body, type=Answers).new_vcsa
    except msgspec.DecodeError as wrong:
        raise InstallFailed(f"answers.json: {wrong}") from wrong
    if answers.network.mode != "static" or answers.network.ip_family != "ipv4":
        raise InstallFailed("answers.json: only static ipv4 is understood")
    if not answers.os.password or not answers.sso.password:
        raise InstallFailed("answers.json: an empty password")
    return answers
