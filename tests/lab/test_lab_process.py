"""`lab up`: a process of its own, one a directory, as many at once as there are networks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from drconsole import settings
from drconsole.errors import Busy, Unreachable, UsageError
from drconsole.lab import control
from drconsole.lab.options import LabOptions
from drconsole.lab.process import LabHandle, running, start_detached, stop
from drconsole.settings.values import DEADLINES


def _options(folder: Path) -> LabOptions:
    return LabOptions(directory=str(folder), speed=100, deadlines=dict(DEADLINES))


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHandle]:
    with running(_options(tmp_path_factory.mktemp("lab"))) as lab:
        yield lab


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as attempt:
        attempt.settimeout(2)
        return attempt.connect_ex((host, int(port))) == 0


def test_everything_in_its_configuration_answers(lab: LabHandle) -> None:
    found = settings.load(lab.configuration)
    endpoints = [site.endpoint for site in found.sites.values()]
    endpoints += [array.endpoint for array in found.arrays.values()]
    endpoints += [machine.bmc for machine in found.pool.values()]
    assert len(endpoints) == 1 + 4 + 8
    assert all(_listens(endpoint.address) for endpoint in endpoints)


def test_its_status_says_how_every_machine_stands(lab: LabHandle) -> None:
    status = lab.request("status")
    assert (status["pid"], status["conflicts"]) == (lab.pid, {})
    machines = {machine["name"]: machine for machine in status["machines"]}
    assert machines["D"]["power"] == "Off"
    assert machines["esx-01"]["installed"] == "hypervisor"
    assert sum(not machine["links"]["vmnic2"] for name, machine in machines.items() if len(name) == 1) == 2


def test_replication_goes_on_without_anybody(lab: LabHandle) -> None:
    deadline = time.monotonic() + 10
    lines: list[dict[str, object]] = []
    while time.monotonic() < deadline and len(lines) < 5:
        lines = [json.loads(line) for line in lab.ledger.read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if line["effect"] == "write-volume"]
        time.sleep(0.05)
    assert {line["object"] for line in lines} >= {"r1/vol1-replica"}
    assert set(lines[0]) == {"at", "actor", "effect", "object", "detail"}


def test_faults_come_and_go_on_a_running_lab(lab: LabHandle) -> None:
    found = settings.load(lab.configuration)
    bmc = found.pool["F"].bmc.address
    lab.request("fault", name="bmc-silent", where={"target": "F"})
    assert not _listens(bmc)
    assert lab.request("fault", name="bmc-silent", clear=True)["cleared"] == 1
    assert _listens(bmc)
    for arguments in ({"name": "nonsense"}, {"name": "bmc-silent", "where": {"machine": "Q"}}):
        with pytest.raises(control.LabRefused):
            lab.request("fault", **arguments)


def test_a_site_that_is_gone_may_swallow_connections(lab: LabHandle) -> None:
    vcenter = settings.load(lab.configuration).sites["pittsburgh"].endpoint.address
    lab.request("fault", name="site-gone", where={"mode": "black-hole"})
    host, _, port = vcenter.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), 2) as connection:
            connection.settimeout(0.3)
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            with pytest.raises(TimeoutError):
                connection.recv(1)
    finally:
        lab.request("fault", name="site-gone", clear=True)
    assert _listens(vcenter)


def test_a_site_that_is_gone_is_gone_in_whole(lab: LabHandle) -> None:
    found = settings.load(lab.configuration)
    vcenter = found.sites["pittsburgh"].endpoint.address
    lab.request("fault", name="site-gone")
    try:
        assert not _listens(vcenter)
        assert not _listens(found.arrays["array1"].endpoint.address)
        assert _listens(found.arrays["r1"].endpoint.address)
    finally:
        lab.request("fault", name="site-gone", clear=True)
    assert _listens(vcenter)


def test_churn_changes_the_protected_site_until_it_is_done(lab: LabHandle) -> None:
    started = lab.request("churn", rate=200, operations=20)
    assert (started["churning"], started["churned"]["errors"]) == (True, 0)
    deadline = time.monotonic() + 10
    while lab.request("status")["churning"] and time.monotonic() < deadline:
        time.sleep(0.05)
    status = lab.request("status")
    assert not status["churning"]
    done = status["churned"]
    assert (done["operations"], done["errors"]) == (20, 0)
    assert sum(done["kinds"].values()) == 20
    effects = [json.loads(line) for line in lab.ledger.read_text(encoding="utf-8").splitlines()]
    assert sum(effect["effect"] in {"create", "update"} for effect in effects) > 5


def test_the_protected_side_is_dumped_as_one_object(lab: LabHandle) -> None:
    dump = lab.request("dump", side="protected")
    assert len(dump["virtualMachine"]) >= 40
    assert {"path"} <= set(dump["host"][0])


def test_unknown_verbs_and_sides_are_refused(lab: LabHandle) -> None:
    with pytest.raises(control.LabRefused, match="status"):
        lab.request("dance")
    with pytest.raises(control.LabRefused, match="protected or recovered"):
        lab.request("dump", side="left")


def test_a_second_lab_in_the_same_directory_is_refused(lab: LabHandle) -> None:
    with pytest.raises(Busy):
        start_detached(_options(lab.directory))


def test_two_labs_live_side_by_side_and_end_by_command(lab: LabHandle, tmp_path: Path) -> None:
    # Deep enough that its socket has to stand elsewhere: paths of sockets end at 107 bytes.
    folder = tmp_path / ("long name " * 9) / "lab"
    folder.mkdir(parents=True)
    other = start_detached(_options(folder))
    try:
        assert other.request("status")["network"] != lab.request("status")["network"]
        assert (folder / "lab.pid").read_text(encoding="ascii").strip() == str(other.pid)
    finally:
        stop(folder)
    assert not (folder / "lab.pid").exists()
    with pytest.raises(Unreachable):
        control.request(folder, "status")
    assert lab.request("status")["pid"] == lab.pid


def test_sigterm_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    with running(_options(tmp_path)) as lab:
        pid = lab.pid
        assert lab.request("status")["pid"] == pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not (tmp_path / "lab.sock").exists()
    assert "Traceback" not in (tmp_path / "lab.log").read_text(encoding="utf-8")


def test_a_lab_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "images").write_text("a file where the lab wants a folder", encoding="utf-8")
    with pytest.raises(Unreachable, match="images"), running(_options(tmp_path)):
        raise AssertionError("it must not come up")


@pytest.mark.parametrize("wrong", [{"speed": 0.0}, {"hosts": 0}, {"unlinked": 1.5}, {"targets": -1}])
def test_numbers_that_make_no_lab_are_refused(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        msgspec.structs.replace(_options(tmp_path), **wrong)


def test_the_lab_is_light_to_import() -> None:
    code = (
        "import sys, drconsole.lab.process, drconsole.lab.control\n"
        "print(sorted({'pyVmomi', 'aiohttp', 'asyncssh', 'lxml'} & set(sys.modules)))"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"
