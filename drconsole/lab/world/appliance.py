"""The management server's appliance: from an answer file to a management server on a machine."""

from __future__ import annotations

from drconsole.lab.world.answers import NewAppliance, parse_answers
from drconsole.lab.world.bootscript import InstallFailed
from drconsole.lab.world.machine import Machine
from drconsole.lab.world.management import Interface, Management
from drconsole.lab.world.payload import Image


def read(machine: Machine, body: bytes, image: Image) -> NewAppliance:
    """Parses the answers and holds them against machine and image. Raises InstallFailed."""
    answers = parse_answers(body)
    if answers.version != image.version:
        raise InstallFailed(f"answers.json: version {answers.version}, but the image is {image.version}")
    macs = [answers.network.mac, answers.extra_network.mac, *(n.mac for n in answers.more_networks)]
    for mac in macs:
        try:
            machine.nic_with(mac)
        except KeyError as unknown:
            raise InstallFailed(f"answers.json: {unknown.args[0]}") from unknown
    return answers


def install(machine: Machine, answers: NewAppliance, image: Image) -> Management:
    """Returns the management server that the answers describe."""
    return Management(
        machine.world,
        answers.network.system_name,
        machine.side,
        _interfaces(machine, answers),
        username=f"administrator@{answers.sso.domain_name}",
        password=answers.sso.password,
        root_password=answers.os.password,
        version=image.version,
        build=image.build,
        instance_uuid=answers.instance_uuid,
        dns_servers=answers.network.dns_servers,
        name=answers.appliance.name,
    )


def _interfaces(machine: Machine, answers: NewAppliance) -> tuple[Interface, ...]:
    captured = answers.network
    networks = [
        (captured.mac, captured.ip, captured.prefix, captured.vlan, captured.gateway),
        *((n.mac, n.ip, n.prefix, n.vlan, "") for n in (*answers.more_networks, answers.extra_network)),
    ]
    return tuple(
        Interface(f"eth{number}", mac.lower(), ip, int(prefix), vlan, machine.nic_with(mac).name, gateway)
        for number, (mac, ip, prefix, vlan, gateway) in enumerate(networks)
    )
