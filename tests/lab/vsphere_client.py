"""The two management servers, as any vSphere client sees them: plain pyVmomi, nothing of ours."""

from __future__ import annotations

import ssl
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from tests.lab.own_lab import OwnLab


@contextmanager
def recovered_vcenter(lab: OwnLab) -> Iterator[Any]:
    """Logs in at the recovered vCenter's provisioning address and yields its ServiceContent."""
    (server,) = lab.dump("recovered")["managementServer"]
    (address,) = (nic["ip"] for nic in server["interfaces"] if nic["ip"].startswith("127."))
    with _logged_in(lab, address, "root") as content:
        yield content


@contextmanager
def protected_vcenter(lab: OwnLab) -> Iterator[Any]:
    """Logs in at the protected vCenter and yields its ServiceContent."""
    address = _site(lab)["address"].partition(":")[0]
    with _logged_in(lab, address, "vcenter") as content:
        yield content


def _site(lab: OwnLab) -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads(lab.configuration.read_text(encoding="utf-8"))["site"]["pittsburgh"]
    return found


@contextmanager
def _logged_in(lab: OwnLab, address: str, secret: str) -> Iterator[Any]:
    password = (lab.directory / "secrets" / secret).read_text(encoding="utf-8").strip()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    user = _site(lab)["username"]
    instance = SmartConnect(host=address, port=8443, user=user, pwd=password, sslContext=context)
    try:
        yield instance.RetrieveContent()
    finally:
        Disconnect(instance)


def objects(content: Any, kind: type) -> dict[str, Any]:
    """Name → object, of everything of a kind."""
    view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
    try:
        return {item.name: item for item in view.view}
    finally:
        view.Destroy()


def finished(task: Any) -> None:
    """Waits for a task, and insists that it succeeded."""
    until = time.monotonic() + 20
    while task.info.state not in ("success", "error"):
        assert time.monotonic() < until, "the task does not end"
        time.sleep(0.02)
    assert task.info.state == "success", task.info.error


def disturb(content: Any, guest: str) -> set[tuple[str, str]]:
    """Changes single values all over the recovered world; returns (kind, name) of each object changed."""
    changed = set()
    machine = objects(content, vim.VirtualMachine)[guest]
    finished(machine.ReconfigVM_Task(vim.vm.ConfigSpec(annotation="not what was captured")))
    changed.add(("virtualMachine", guest))

    host = next(iter(objects(content, vim.HostSystem).values()))
    network = host.configManager.networkSystem
    switch = next(s for s in network.networkInfo.vswitch if s.name == "vSwitch1")
    switch.spec.mtu = 1500
    network.UpdateVirtualSwitch(vswitchName="vSwitch1", spec=switch.spec)
    changed.add(("host", host.name))

    pool = objects(content, vim.ResourcePool)["bronze"]
    allocation = pool.config.cpuAllocation
    allocation.reservation = 123
    memory = pool.config.memoryAllocation
    pool.UpdateConfig(
        name=None, config=vim.ResourceConfigSpec(cpuAllocation=allocation, memoryAllocation=memory)
    )
    changed.add(("resourcePool", "bronze"))

    group = objects(content, vim.dvs.DistributedVirtualPortgroup)["Web-110"]
    spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
        configVersion=group.config.configVersion, description="somebody else's"
    )
    finished(group.ReconfigureDVPortgroup_Task(spec))
    changed.add(("distributedPortGroup", "Web-110"))
    return changed
