"""Whether the world already is as it should be: what counts, and what only the server fills in."""

from __future__ import annotations

from typing import Any

import pytest
from pyVmomi import vim

from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.captured_settings import same_rule
from drconsole.platforms.vsphere.importer.connect import same_backing, unplugged
from drconsole.platforms.vsphere.importer.power import moved_choice

Card = vim.vm.device.VirtualEthernetCard


def order(*active: str, standby: tuple[str, ...] = ()) -> Any:
    return vim.host.NetworkPolicy.NicOrderPolicy(activeNic=list(active), standbyNic=list(standby))


def teaming(**fields: Any) -> Any:
    return vim.host.NetworkPolicy.NicTeamingPolicy(**fields)


def test_what_is_not_wanted_is_not_compared() -> None:
    assert agrees(None, order("vmnic0"))
    assert agrees(teaming(policy="loadbalance_ip"), teaming(policy="loadbalance_ip", rollingOrder=True))


def test_a_wanted_value_that_the_server_lacks_or_has_otherwise_disagrees() -> None:
    assert not agrees(teaming(policy="loadbalance_ip"), teaming())
    assert not agrees(teaming(policy="loadbalance_ip"), None)
    assert not agrees(teaming(rollingOrder=False), teaming(rollingOrder=True))


def test_false_and_zero_are_values_and_no_absence() -> None:
    assert not agrees(teaming(rollingOrder=False), teaming())
    assert not agrees(vim.SharesInfo(level="custom", shares=0), vim.SharesInfo(level="custom", shares=4000))


def test_the_order_of_nics_counts_and_so_does_an_empty_one() -> None:
    assert agrees(order("vmnic0", "vmnic1"), order("vmnic0", "vmnic1"))
    assert not agrees(order("vmnic0", "vmnic1"), order("vmnic1", "vmnic0"))
    assert not agrees(order("vmnic0"), order("vmnic0", standby=("vmnic1",)))


def test_an_empty_list_of_another_type_is_an_unset_one() -> None:
    wanted = vim.host.DateTimeConfig(ntpConfig=vim.host.NtpConfig(server=[]))
    assert agrees(wanted, vim.host.DateTimeConfig(ntpConfig=vim.host.NtpConfig(server=["10.0.0.1"])))
    dns = vim.host.DnsConfig(dhcp=False, hostName="a", domainName="b", address=[], searchDomain=[])
    found = vim.host.DnsConfig(dhcp=False, hostName="a", domainName="b", address=["10.0.0.2"])
    assert not agrees(dns, found)


def test_managed_objects_are_compared_by_their_id() -> None:
    assert agrees(vim.HostSystem("host-1"), vim.HostSystem("host-1"))
    assert not agrees(vim.HostSystem("host-1"), vim.HostSystem("host-2"))
    assert not agrees(vim.HostSystem("host-1"), None)
    assert agrees([vim.HostSystem("host-1")], [vim.HostSystem("host-1")])
    assert not agrees([vim.HostSystem("host-1")], [])
    assert not agrees([vim.HostSystem("host-1")], None)


def test_an_unset_list_on_the_other_side_is_empty() -> None:
    assert agrees([], None)
    assert not agrees(["a"], None)


def rule(*guests: str, kind: Any = vim.cluster.AntiAffinityRuleSpec, **fields: Any) -> Any:
    values = {"name": "apart", "enabled": True, "mandatory": False}
    return kind(vm=[vim.VirtualMachine(g) for g in guests], **(values | fields))


@pytest.mark.parametrize(
    ("held", "same"),
    [
        (rule("vm-2", "vm-1", key=7, ruleUuid="x", status="green"), True),
        (rule("vm-1", "vm-2", mandatory=None), True),
        (rule("vm-1", "vm-3"), False),
        (rule("vm-1", "vm-2", enabled=False), False),
        (rule("vm-1", "vm-2", mandatory=True), False),
        (rule("vm-1", "vm-2", kind=vim.cluster.AffinityRuleSpec), False),
    ],
)
def test_rules_are_the_same_by_kind_guests_and_switches(held: Any, same: bool) -> None:
    assert same_rule(rule("vm-1", "vm-2"), held) is same


def test_rules_of_guests_on_hosts_are_the_same_by_their_groups() -> None:
    def at_home(**groups: str) -> Any:
        return vim.cluster.VmHostRuleInfo(name="home", enabled=True, mandatory=True, **groups)

    assert same_rule(
        at_home(vmGroupName="db", affineHostGroupName="left"),
        at_home(vmGroupName="db", affineHostGroupName="left", antiAffineHostGroupName=""),
    )
    assert not same_rule(
        at_home(vmGroupName="db", affineHostGroupName="left"),
        at_home(vmGroupName="db", antiAffineHostGroupName="left"),
    )


def distributed(group: str, port: str = "") -> Any:
    connection = vim.dvs.PortConnection(switchUuid="s", portgroupKey=group, portKey=port or None)
    return Card.DistributedVirtualPortBackingInfo(port=connection)


def test_any_port_of_the_wanted_group_is_right() -> None:
    assert same_backing(distributed("dvpg-1"), distributed("dvpg-1", "12"))
    assert not same_backing(distributed("dvpg-1"), distributed("dvpg-2", "12"))
    named = Card.NetworkBackingInfo(deviceName="VM Network")
    assert same_backing(named, Card.NetworkBackingInfo(deviceName="VM Network"))
    assert not same_backing(named, distributed("dvpg-1"))


def test_an_interface_is_unplugged_once_and_loses_its_stale_place() -> None:
    card = vim.vm.device.VirtualVmxnet3(key=4000, backing=Card.NetworkBackingInfo(deviceName="Production"))
    change = unplugged(card)
    assert change.device.backing is None
    assert not change.device.connectable.startConnected
    assert unplugged(change.device) is None


def question(*labels: tuple[str, str, str]) -> Any:
    choices = [vim.ElementDescription(key=k, label=label, summary=s) for k, label, s in labels]
    return vim.vm.QuestionInfo(id="1", text="?", choice=vim.option.ChoiceOption(choiceInfo=choices))


def test_only_the_question_about_moving_is_answered() -> None:
    uuid = question(
        ("0", "button.uuid.cancel", "Cancel"),
        ("1", "button.uuid.movedTheVM", "I Moved It"),
        ("2", "button.uuid.copiedTheVM", "I Copied It"),
    )
    assert moved_choice(uuid) == "1"
    assert moved_choice(question(("0", "button.retry", "Retry"), ("1", "button.cancel", "Cancel"))) is None
