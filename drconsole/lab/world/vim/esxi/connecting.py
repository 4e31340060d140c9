"""How a vCenter takes a host: reach it, know it by its certificate, log in, and make it its own."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from drconsole.lab.world import reach
from drconsole.lab.world.certificate import self_signed
from drconsole.lab.world.hypervisor.host import Hypervisor
from drconsole.lab.world.vim.esxi import host_summary, inventory
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.esxi.reaching import manager_of, reaches
from drconsole.lab.world.vim.new import fault
from drconsole.lab.world.vim.objects import Endpoint, entity_name

if TYPE_CHECKING:
    from drconsole.lab.world.system import System
    from drconsole.lab.world.vim.call import Call
    from drconsole.lab.world.vim.vcenter.tree import TreeEntity

DEFAULT_PORT = 443


def answering(endpoint: Endpoint, spec: Any) -> Hypervisor:
    """Returns the hypervisor that answers a vCenter at `spec.hostName`, known and logged in to.

    Raises NoHost where nothing answers, SSLVerifyFault for another certificate than the expected
    one or none expected, InvalidLogin for a wrong password.
    """
    manager = manager_of(endpoint)
    assert manager is not None, "only a vCenter adds hosts"
    name = str(spec.hostName or "")
    host = _resolve(manager, endpoint, name)
    if host is None:
        raise fault("NoHost", f"{name} does not answer", name=name)
    _verify(host, spec)
    if not host.accepts(str(spec.userName or ""), str(spec.password or "")):
        raise fault("InvalidLogin", f"{name} refuses the user {spec.userName}")
    return host


async def connect_host(call: Call, parent: TreeEntity, spec: Any) -> HostSystem:
    """Adds the host of a HostConnectSpec to a compute resource and returns its view.

    Besides what `answering` raises: AlreadyConnected for a host of this vCenter, DuplicateName for
    its name, AlreadyBeingManaged for one of another vCenter unless `spec.force`. A second call is
    not de-duplicated: it faults.
    """
    endpoint = call.endpoint
    host = answering(endpoint, spec)
    _refuse_known(endpoint, host, spec)
    await call.take("vcenter.add-host")
    host = answering(endpoint, spec)
    _refuse_known(endpoint, host, spec)
    view = HostSystem(
        endpoint, host, name=entity_name(str(spec.hostName)), port=int(spec.port or DEFAULT_PORT)
    )
    endpoint.add(view)
    parent.adopt(view)
    _own(endpoint, host)
    inventory.follow(view)
    call.write("add-host", inventory.world_path(view), target=host.machine.name, initiator=call.initiator)
    return view


def connection_info(endpoint: Endpoint, spec: Any) -> Any:
    """Returns the HostConnectInfo of a host that is (not yet) managed. Raises as `answering`."""
    host = answering(endpoint, spec)
    port = int(spec.port or DEFAULT_PORT)
    return host_summary.connect_info(host, host_summary.summary(host, str(spec.hostName), port))


def reconnect(view: HostSystem, spec: Any) -> None:
    """Takes a disconnected host back. Raises NoHost, InvalidLogin, SSLVerifyFault."""
    endpoint, host = view.endpoint, view.hypervisor
    manager = manager_of(endpoint)
    assert manager is not None, "only a vCenter reconnects hosts"
    if not reaches(endpoint.world, manager, host):
        raise fault("NoHost", f"{view.name} does not answer", name=view.name)
    if spec is not None and spec.sslThumbprint:
        _verify(host, spec)
    if spec is not None and spec.userName and not host.accepts(spec.userName, spec.password or ""):
        raise fault("InvalidLogin", f"{view.name} refuses the user {spec.userName}")
    view.admin_disconnected = False
    _own(endpoint, host)
    inventory.follow(view)
    view.touch("runtime", "summary")


def adopt_silently(
    endpoint: Endpoint, host: Hypervisor, parent: TreeEntity, name: str, port: int
) -> HostSystem:
    """Puts a host into an inventory as it was found when the world began: no time, no ledger."""
    view = HostSystem(endpoint, host, name=entity_name(name), port=port)
    endpoint.add(view)
    parent.adopt(view)
    _own(endpoint, host)
    inventory.follow(view)
    return view


def _resolve(manager: System, endpoint: Endpoint, name: str) -> Hypervisor | None:
    """A name leads to whoever bears it and answers here; there is no name server to ask."""
    world = endpoint.world
    try:
        ipaddress.ip_address(name)
    except ValueError:
        named = (s for _, s in world.installed() if isinstance(s, Hypervisor) and _called(s, name.lower()))
        heard = (system for system in named if reaches(world, manager, system))
        # A name server knows a host by its own network, not by where it was installed from.
        return min(heard, key=lambda host: _still_provisioning(endpoint, host), default=None)
    found = reach.find(world, manager, name)
    return found if isinstance(found, Hypervisor) else None


def _still_provisioning(endpoint: Endpoint, host: Hypervisor) -> bool:
    """Whether a host's management interface is where its installer put it."""
    listening = host.management_listening()
    vlans = {segment.provisioning_vlan for segment in endpoint.world.segments.values()}
    return listening is not None and reach.effective_vlan(host.machine, listening) in vlans


def _called(host: Hypervisor, name: str) -> bool:
    return name in {host.full_name.lower(), host.hostname.lower()}


def _verify(host: Hypervisor, spec: Any) -> None:
    shown = host.certificate
    expected = str(spec.sslThumbprint or "").upper()
    if expected in {shown.sha1, shown.sha256}:
        return
    if spec.sslCertificate and str(spec.sslCertificate).strip() == shown.pem.strip():
        return
    raise fault(
        "SSLVerifyFault",
        "the host's certificate is not the expected one",
        selfSigned=True,
        thumbprint=shown.sha1,
    )


def _refuse_known(endpoint: Endpoint, host: Hypervisor, spec: Any) -> None:
    name = entity_name(str(spec.hostName))
    for view in endpoint.of(HostSystem):
        if view.hypervisor is host:
            raise fault("AlreadyConnected", f"{view.name} is in the inventory", name=view.name)
        if view.name == name:
            raise fault("DuplicateName", name=name, object=view.ref())
    if host.manager is not None and host.manager is not manager_of(endpoint) and not spec.force:
        addresses = host.manager.addresses()
        raise fault("AlreadyBeingManaged", ipAddress=addresses[0].address if addresses else "")


def _own(endpoint: Endpoint, host: Hypervisor) -> None:
    manager = manager_of(endpoint)
    assert manager is not None
    taken = host.manager is not manager
    host.manager = manager
    host.services["vpxa"] = True
    if taken:
        addresses = [listening.address for listening in host.addresses()]
        host.install_certificate(self_signed(host.full_name, *addresses, issuer=f"CA of {manager.hostname}"))
