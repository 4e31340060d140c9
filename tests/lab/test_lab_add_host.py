"""AddHost talks to the host: it must answer, be known by its certificate, and be free."""

from __future__ import annotations

import pytest

from drconsole.lab.doors.vim25.contents import fragment
from drconsole.lab.world.vim.esxi.host_system import HostSystem
from drconsole.lab.world.vim.registry import wsdl_type
from tests.lab.esxi_world import Client, Site, connect_spec, install, management_server, recovery_world, site

ADDRESS = "127.64.4.21"


async def test_a_host_that_is_added_shows_up_with_its_networks_and_a_new_certificate() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    before = host.certificate.pin
    view = await recovered.add(host)
    assert view.value("runtime").connectionState == "connected"
    assert view.get("summary.config.sslThumbprint") == host.certificate.sha1
    assert host.certificate.pin != before
    assert view.get("summary.managementServerIp") == "10.10.0.5"
    assert [n.value("name") for n in map(recovered.client.object, recovered.datacenter.value("network"))] == [
        "VM Network"
    ]
    assert [ref._moId for ref in recovered.cluster.value("host")] == [view.moid]
    entry = world.ledger.of("add-host")[0]
    assert (entry.object, entry.detail["target"]) == (f"recovery/Pittsburgh/host/cluster-a/{ADDRESS}", "E")


async def test_a_wrong_or_missing_thumbprint_is_refused_and_the_right_one_told() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    for given in (None, "00:11"):
        with pytest.raises(wsdl_type("SSLVerifyFault")) as refused:
            await recovered.add(host, sslThumbprint=given)
        assert refused.value.thumbprint == host.certificate.sha1
    await recovered.add(host, sslThumbprint=host.certificate.sha256)


async def test_a_wrong_password_and_a_silent_host_are_refused() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    with pytest.raises(wsdl_type("InvalidLogin")):
        await recovered.add(host, password="guess")
    spec = connect_spec(host)
    world.set_link(host.machine, "vmnic0", link=False)
    with pytest.raises(wsdl_type("NoHost")):
        await recovered.client.call(recovered.cluster, "AddHost_Task", spec=spec, asConnected=True)
    assert not recovered.vcenter.of(HostSystem)
    assert not world.ledger.of("add-host")


async def test_a_second_add_is_not_forgiven() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    await recovered.add(host)
    with pytest.raises(wsdl_type("AlreadyConnected")):
        await recovered.add(host)


async def test_another_vcenter_keeps_its_host_unless_forced() -> None:
    world = recovery_world()
    first = await site(world)
    host = install(world, "E", ADDRESS)
    lost = await first.add(host)
    second = Site.__new__(Site)
    second.world, second.vcenter = world, management_server(world, "H")
    second.client = Client(second.vcenter)
    await second.furnish()
    with pytest.raises(wsdl_type("AlreadyBeingManaged")):
        await second.add(host)
    taken = await second.add(host, force=True)
    assert (taken.connection_state(), lost.connection_state()) == ("connected", "disconnected")


async def test_a_host_that_loses_its_path_is_not_responding_until_it_has_it_again() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    view = await recovered.add(host)
    told: list[frozenset[str] | None] = []
    recovered.vcenter.listeners.add(lambda changed, roots: told.append(roots) if changed is view else None)
    world.set_link(host.machine, "vmnic0", link=False)
    assert view.value("runtime").connectionState == "notResponding"
    assert any(roots and "runtime" in roots for roots in told)
    with pytest.raises(wsdl_type("HostNotReachable")):
        await recovered.client.call(view.managers.by_name["storageSystem"], "RescanAllHba")
    world.set_link(host.machine, "vmnic0", link=True)
    assert view.connection_state() == "connected"


async def test_a_host_is_disconnected_reconnected_and_removed() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    view = await recovered.add(host)
    with pytest.raises(wsdl_type("InvalidState")):
        await recovered.client.call(view, "Destroy_Task")
    await recovered.client.call(view, "DisconnectHost_Task")
    assert view.connection_state() == "disconnected"
    await recovered.client.call(view, "ReconnectHost_Task")
    assert view.connection_state() == "connected"
    await recovered.client.call(view, "EnterMaintenanceMode_Task", timeout=0)
    assert view.value("runtime").inMaintenanceMode is True
    await recovered.client.call(view, "Destroy_Task")
    assert not recovered.cluster.value("host")
    assert not recovered.datacenter.value("network")
    assert host.manager is None


async def test_a_host_may_be_added_by_the_name_that_it_bears() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS, name="esx-01.pittsburgh.example")
    view = await recovered.add(host, hostName="ESX-01.pittsburgh.example")
    assert view.name == "ESX-01.pittsburgh.example"
    with pytest.raises(wsdl_type("NoHost")):
        await recovered.add(install(world, "F", "127.64.4.22"), hostName="esx-09.pittsburgh.example")


async def test_a_cable_that_is_pulled_shows_at_once() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    view = await recovered.add(host)
    path = "config.network.pnic"
    before = fragment(view, path, recovered.vcenter.version)
    world.set_link(host.machine, "vmnic3", link=False)
    after = fragment(view, path, recovered.vcenter.version)
    assert (before.count("<linkSpeed>"), after.count("<linkSpeed>")) == (4, 3)


async def test_a_host_reboots_in_maintenance_mode_only_and_comes_back() -> None:
    world = recovery_world()
    recovered = await site(world)
    host = install(world, "E", ADDRESS)
    view = await recovered.add(host)
    with pytest.raises(wsdl_type("InvalidState")):
        await recovered.client.call(view, "RebootHost_Task", force=False)
    await recovered.client.call(view, "EnterMaintenanceMode_Task", timeout=0)
    await recovered.client.call(view, "RebootHost_Task", force=False)
    await recovered.client.clock.advance(60)
    assert view.connection_state() == "notResponding"
    await recovered.client.clock.advance(600)
    assert view.connection_state() == "connected"
    await world.close()
