"""A physical server is compared by what it says of itself, never by the configuration that asked for it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from drconsole.model.inventory import PhysicalServer, Snapshot
from drconsole.model.mapping import HostMapping, PhysicalRole
from drconsole.model.run import Fidelity
from drconsole.model.site import NetworkMapping, NetworkPlace
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.observing import COMMANDS, observed
from drconsole.recovery.fidelity import compare, with_observed
from drconsole.wire.ssh import SshResult
from tests.unit.runs.plans import source

CAPTURED = PhysicalServer(
    id="db-01",
    name="db-01",
    operating_system="Red Hat Enterprise Linux",
    version="9.4",
    hostname="db-01",
    cpu_cores=2,
    memory_mib=65_536,
    disk_gib=100,
    nics=2,
    network="DB-130",
    ip="10.130.0.40",
    netmask="255.255.240.0",
    gateway="10.130.0.1",
    guests=("app-01",),
)
RELEASE = 'NAME="Red Hat Enterprise Linux"\nID="rhel"\nVERSION_ID="9.4"\n'
LINKS = [
    {"ifname": "lo", "link_type": "loopback", "addr_info": [{"family": "inet", "local": "127.0.0.1"}]},
    {
        "ifname": "eno1",
        "link_type": "ether",
        "operstate": "UP",
        "addr_info": [
            {"family": "inet", "local": "192.0.2.9", "prefixlen": 22},
            {"family": "inet6", "local": "fe80::1", "prefixlen": 64},
        ],
    },
    {"ifname": "eno2", "link_type": "ether", "addr_info": []},
    {
        "ifname": "eno2.1130",
        "link": "eno2",
        "link_type": "ether",
        "linkinfo": {"info_kind": "vlan", "info_data": {"protocol": "802.1Q", "id": 1130}},
        "addr_info": [{"family": "inet", "local": "10.130.0.40", "prefixlen": 20}],
    },
]


def told(**other: str) -> Facts:
    """What a server's shell printed, with some answers changed."""
    answers = {
        "release": RELEASE,
        "links": json.dumps(LINKS),
        "routes": '[{"dst":"default","gateway":"10.130.0.1","dev":"eno2.1130","metric":400}]',
        "cpus": "# Core,Socket\n0,0\n1,0\n0,0\n1,0\n",
        "memory": "MemTotal:       66000000 kB\nMemFree: 1 kB\n",
        "disks": "1000204886016 disk\n1073741312 rom\n",
    } | other
    assert len(answers) == len(COMMANDS)
    results = [SshResult(status=0 if text else 127, output=text, errors="") for text in answers.values()]
    return {"hostname": "db-01", **observed(results)}


def plan() -> PlanInput:
    given = source("R-1", "drill")
    place = NetworkMapping(
        name="DB-130", drill=NetworkPlace(vlan=1130, gateway="10.130.0.254"), real=NetworkPlace(vlan=130)
    )
    return msgspec.structs.replace(
        given,
        snapshot=Snapshot(
            site="s", taken="2026-11-22T08:00:00Z", profile="recovery", physical_servers=(CAPTURED,)
        ),
        site=msgspec.structs.replace(given.site, networks=(place,), physical_servers=(CAPTURED,)),
        mapping=HostMapping(
            site="s", snapshot="x", physical_servers=(PhysicalRole(protected="db-01", target="S"),)
        ),
    )


def judged(facts: Facts | None) -> Fidelity:
    given = plan()
    ready = {keys.ready("db-01"): {"address": "192.0.2.9"} | ({"observed": facts} if facts else {})}
    return compare(given, with_observed(given, given.snapshot, ready), {})


def lost(fidelity: Fidelity) -> list[str]:
    return [d.path.rpartition(".")[2] for d in fidelity.differences if d.klass == "lost"]


def test_what_the_shell_says_is_read() -> None:
    assert told() == {
        "hostname": "db-01",
        "os_id": "rhel",
        "os_name": "Red Hat Enterprise Linux",
        "os_version": "9.4",
        "interfaces": [
            {"name": "eno1", "vlan": 0, "ip": "192.0.2.9", "prefix": 22},
            {"name": "eno2.1130", "vlan": 1130, "ip": "10.130.0.40", "prefix": 20},
        ],
        "gateway": "10.130.0.1",
        "nics": 2,
        "cpu_cores": 2,
        "memory_mib": 64_453,
        "disk_gib": 931,
    }


def test_a_server_that_came_back_right_loses_nothing() -> None:
    fidelity = judged(told())
    assert lost(fidelity) == []
    assert fidelity.excused == {"physicalServer.diskGib": 1, "physicalServer.memoryMib": 1}


@pytest.mark.parametrize(
    ("changes", "leaves"),
    [
        ({"release": RELEASE.replace("9.4", "9.3")}, ["version"]),
        ({"release": 'ID=debian\nVERSION_ID="9.4"\n'}, ["operatingSystem"]),
        ({"links": json.dumps(LINKS).replace("10.130.0.40", "10.130.0.41")}, ["ip"]),
        ({"links": json.dumps(LINKS).replace("1130}", "130}")}, ["network"]),
        ({"links": json.dumps(LINKS[:3])}, ["network", "ip", "netmask"]),
        ({"routes": "[]"}, ["gateway"]),
        ({"cpus": "0,0\n"}, ["cpuCores"]),
        ({"memory": "MemTotal: 33000000 kB\n"}, ["memoryMib"]),
        ({"disks": "10737418240 disk\n"}, ["diskGib"]),
        ({"links": "sh: ip: not found"}, ["nics", "network", "ip", "netmask"]),
        ({"release": "", "cpus": ""}, ["operatingSystem", "version", "cpuCores"]),
    ],
)
def test_what_is_wrong_is_lost_and_nothing_else(changes: dict[str, str], leaves: list[str]) -> None:
    assert lost(judged(told(**changes))) == leaves


def test_the_gateway_of_the_mapping_had_to_be() -> None:
    route = '[{"dst":"default","gateway":"10.130.0.254"}]'
    assert judged(told(routes=route)).excused["physicalServer.gateway"] == 1


@pytest.mark.parametrize("facts", [None, told() | {"hostname": "db-02"}])
def test_another_name_or_no_word_at_all_is_lost(facts: dict[str, Any] | None) -> None:
    assert lost(judged(facts))
