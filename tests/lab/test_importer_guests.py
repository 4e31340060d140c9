"""Guests and what comes last: registered, connected, started in order, rules and settings as captured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from pyVmomi import vim

from drconsole.errors import DeviceError
from drconsole.lab.world.vim.esxi.network import Network
from drconsole.lab.world.vim.vcenter.clusters import Cluster
from drconsole.lab.world.vim.vcenter.guests import VirtualMachine
from drconsole.lab.world.vim.vcenter.server import VCenter
from drconsole.model.inventory import Snapshot, VAppEntity
from drconsole.model.mapping import HostMapping
from drconsole.model.step import step_key
from drconsole.planning import keys
from drconsole.platforms.vsphere.importer.start_order import heartbeat_key
from tests.lab.importing import Recovery, open_recovery


def vcenter(recovery: Recovery) -> VCenter:
    endpoint = recovery.management.endpoint
    assert isinstance(endpoint, VCenter)
    return endpoint


def guest(recovery: Recovery, name: str) -> VirtualMachine:
    return next(item for item in vcenter(recovery).of(VirtualMachine) if item.name == name)


def captured_id(recovery: Recovery, name: str) -> str:
    return next(g.id for g in recovery.plan.snapshot.virtual_machines if g.name == name)


def started(recovery: Recovery) -> list[str]:
    return [path.rpartition("/")[2] for _, path in recovery.effects("power-on-guest")]


def turned_round(snapshot: Snapshot) -> Snapshot:
    """The shop's database starts first, and the web front waits until it answers."""
    vapp = snapshot.vapps[0]
    order = {"shop-db": 1, "shop-web": 2}
    names = {g.id: g.name for g in snapshot.virtual_machines}

    def placed(entity: VAppEntity) -> VAppEntity:
        return msgspec.structs.replace(
            entity, start_order=order[names[entity.member]], waiting_for_guest=True
        )

    entities = tuple(placed(entity) for entity in vapp.entities)
    return msgspec.structs.replace(snapshot, vapps=(msgspec.structs.replace(vapp, entities=entities),))


async def test_a_vapps_guests_start_in_its_order_and_after_a_heartbeat(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, change=turned_round, hosts=2, guests=12) as recovery:
        await recovery.run()
        assert recovery.failed == {}
        order = started(recovery)
        assert order.index("shop-db") < order.index("shop-web")
        done = list(recovery.results)
        web, database = (captured_id(recovery, name) for name in ("shop-web", "shop-db"))
        assert done.index(heartbeat_key(database)) < done.index(keys.powered(web))
        assert recovery.results[heartbeat_key(database)] == {"heartbeat": "green"}
        standing = vcenter(recovery).objects[recovery.results[keys.registered(web)]["moids"][web]]
        assert standing.value("runtime").powerState == "poweredOn"


async def test_a_guest_without_heartbeat_is_a_caveat_and_no_failure(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, hosts=2, guests=6) as recovery:
        world = recovery.lab.world
        world.timing = world.timing.replaced({"vcenter.tools-heartbeat": 10.0**9})
        name = "app-01" if any(g.name == "app-01" for g in recovery.plan.snapshot.virtual_machines) else ""
        beating = heartbeat_key(captured_id(recovery, name or "db-02"))
        recovery.steps[beating] = msgspec.structs.replace(recovery.steps[beating], deadline_s=2.0)
        await recovery.run(beating)
        assert recovery.failed == {}
        assert recovery.results[beating] == {"heartbeat": "none"}
        assert any("gave no heartbeat within 1 s" in line for line in recovery.said)


async def test_a_task_that_fails_says_the_servers_words_and_a_retry_mends_it(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, hosts=2, guests=6) as recovery:
        recovery.lab.world.start_fault("task-fails", times=1, method="RegisterVM_Task", fault="OutOfBounds")
        await recovery.run()
        assert len(recovery.failed) == 1
        key, failure = next(iter(recovery.failed.items()))
        assert key.endswith("/register")
        assert isinstance(failure, DeviceError)
        assert "task-fails is in force" in failure.message
        waiting = [s for s in recovery.steps.values() if key in s.needs]
        assert waiting
        assert not {step.key for step in waiting} & recovery.results.keys()
        recovery.failed.clear()
        await recovery.run()
        assert recovery.failed == {}
        assert len(recovery.effects("register-guest")) == len(set(recovery.effects("register-guest"))) == 5


async def test_sessions_that_expire_in_the_middle_of_writes_change_nothing(tmp_path: Path) -> None:
    methods = ("AddHost_Task", "CreateResourcePool", "AddVirtualNic", "RegisterVM_Task", "PowerOnVM_Task")
    async with open_recovery(tmp_path, hosts=2, guests=6) as recovery:
        for method in methods:
            recovery.lab.world.start_fault("vcenter-session-expires", times=1, method=method)
        await recovery.run()
        assert recovery.failed == {}
        assert recovery.lab.world.faults.all() == ()
        lines = recovery.effects("create", "add-host", "register-guest", "power-on-guest")
        assert len(lines) == len(set(lines))


async def test_default_switches_are_augmented_and_never_made_again(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, hosts=2, guests=6) as recovery:
        await recovery.run(*(s.key for s in recovery.of("port-groups")))
        assert recovery.failed == {}
        made = [
            path.rpartition("/")[2]
            for effect, path in recovery.effects("create")
            if "/virtualSwitch/" in path
        ]
        assert made == ["vSwitch1", "vSwitch1"]
        for host in ("esx-01", "esx-02"):
            groups = recovery.host(host).network.portgroups
            assert {g.name: g.vlan for g in groups.values()} == {
                g.name: 1000 + g.vlan for g in recovery.captured(host).port_groups
            }
        again = len(recovery.lab.world.ledger.of("update"))
        await recovery.restart()
        acted = len(recovery.acted)
        for step in (*recovery.of("switches"), *recovery.of("port-groups")):
            await recovery.carry(step.key)
        assert recovery.acted[acted:] == []
        assert len(recovery.lab.world.ledger.of("update")) == again


def in_a_folder(snapshot: Snapshot) -> Snapshot:
    """The guests' standard network was captured beside the distributed switch."""
    folder = next(f.id for f in snapshot.folders if f.name == "Switches")
    networks = tuple(
        msgspec.structs.replace(n, parent=folder) if n.name == "VM Network" else n for n in snapshot.networks
    )
    return msgspec.structs.replace(snapshot, networks=networks)


async def test_a_standard_network_lies_in_its_captured_folder(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, change=in_a_folder, hosts=2, guests=6) as recovery:
        (step,) = recovery.of("place-network")
        await recovery.run(step.key)
        assert recovery.failed == {}
        network = next(n for n in vcenter(recovery).of(Network) if n.name == "VM Network")
        assert vcenter(recovery).at(network.value("parent")).value("name") == "Switches"


def without_apps(settings_file: Path) -> None:
    """The network of the applications is not mapped at the recovery site."""
    import tomlkit

    table = tomlkit.parse(settings_file.read_text())
    networks: Any = table["site"]["pittsburgh"]["network"]
    for number, network in enumerate(networks):
        if network["name"] == "App-120":
            del networks[number]
            break
    settings_file.write_text(tomlkit.dumps(table))


async def test_an_interface_of_an_unmapped_network_is_unplugged_in_a_drill(tmp_path: Path) -> None:
    async with open_recovery(tmp_path, configure=without_apps, hosts=2, guests=12) as recovery:
        group = next(g for g in recovery.plan.snapshot.distributed_port_groups if g.name == "App-120")
        subject = next(
            g
            for g in recovery.plan.snapshot.virtual_machines
            if any(nic.network == group.id for nic in g.network_interfaces) and g.name != "vc-01"
        )
        connect = step_key("guests", subject.id, "connect")
        await recovery.run(connect)
        assert recovery.failed == {}
        assert recovery.results[connect]["unplugged"] == [subject.network_interfaces[0].mac]
        card = next(
            device
            for device in guest(recovery, subject.name).value("config").hardware.device
            if isinstance(device, vim.vm.device.VirtualEthernetCard)
        )
        held: Any = card.connectable
        assert (held.startConnected, held.connected) == (False, False)


def cluster(recovery: Recovery, name: str) -> Cluster:
    return next(item for item in vcenter(recovery).of(Cluster) if item.name == name)


async def test_rules_groups_and_settings_are_as_captured_and_put_right_where_they_differ(
    tmp_path: Path,
) -> None:
    async with open_recovery(tmp_path, hosts=2, guests=12) as recovery:
        await recovery.run()
        assert recovery.failed == {}
        subject = cluster(recovery, "cluster-a")
        live = subject.value("configurationEx")
        names = {"keep apart", "keep together", "databases on licensed hosts"}
        assert {rule.name for rule in live.rule} == names
        assert live.dasConfig.enabled
        assert live.drsConfig.vmotionRate == 4
        wrong = next(rule for rule in live.rule if rule.name == "keep apart")
        spec = vim.cluster.RuleSpec(
            operation="edit",
            info=vim.cluster.AntiAffinityRuleSpec(
                key=wrong.key, name=wrong.name, enabled=False, vm=list(wrong.vm)
            ),
        )
        subject.reconfigure(vim.cluster.ConfigSpecEx(rulesSpec=[spec]))
        settings = recovery.of("cluster-settings")[0]
        assert settings.object == "cluster-a"
        await recovery.carry(settings.key)
        mended = subject.value("configurationEx").rule
        assert len(mended) == 3
        assert next(rule.enabled for rule in mended if rule.name == wrong.name)


def without_second_host(mapping: HostMapping) -> HostMapping:
    """The host of the other cluster is not deployed: its guests go to the first one's."""
    hosts = tuple(msgspec.structs.replace(h, deploy=h.name.startswith("esx-01")) for h in mapping.hosts)
    return msgspec.structs.replace(mapping, hosts=hosts)


async def test_guests_of_a_host_that_is_not_deployed_run_on_another_clusters_root_pool(
    tmp_path: Path,
) -> None:
    async with open_recovery(tmp_path, mapping=without_second_host, hosts=2, guests=12) as recovery:
        await recovery.run()
        assert recovery.failed == {}
        assert [path for _, path in recovery.effects("add-host")] == [
            "recovery/Pittsburgh/host/cluster-a/esx-01.pittsburgh.example"
        ]
        assert not [path for _, path in recovery.effects("create") if "cluster-b" in path]
        moved = next(
            g
            for g in recovery.plan.snapshot.virtual_machines
            if g.name != "vc-01" and not g.template and g.host == recovery.plan.snapshot.hosts[1].id
        )
        pool = vcenter(recovery).at(guest(recovery, moved.name).value("resourcePool"))
        assert pool.value("name") == "Resources"
        assert cluster(recovery, "cluster-a").value("configurationEx").dasConfig.enabled
