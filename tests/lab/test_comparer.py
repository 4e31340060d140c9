"""The comparer itself: it knows nothing of the product, and each of its checks finds what it is for."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import comparer
from tests.comparer.closure import Expected
from tests.comparer.leaves import Dump
from tests.comparer.ledger import ONCE, Entry, disorder
from tests.comparer.rules import has_linked_management
from tests.comparer.setting import Setting

ROLES = {"D": "management", "E": "hypervisor"}


def _entry(effect: str, item: str, **detail: str) -> Entry:
    return Entry("2026-11-22T08:00:00Z", "somebody", effect, item, dict(detail))


GOOD = [
    _entry("ready", "machine/D", became="management"),
    _entry("ready", "machine/E", became="hypervisor"),
    _entry("present", "r1/vol1", initiator="wwn-1"),
    _entry("present", "r1/vol1", initiator="wwn-2"),
    _entry("add-host", "recovery/Site/host/c/esx-01", target="E"),
    _entry("mount", "machine/E/mount/r1/vol1", volume="r1/vol1", datastore="snap-1-ds"),
    _entry("update", "recovery/Site/datastore/snap-1-ds", name="ds"),
    _entry("register-guest", "recovery/Site/vm/web", host="esx-01", vmx="[ds] web/web.vmx"),
    _entry("power-on-guest", "recovery/Site/vm/web"),
]


def _without(effect: str) -> list[Entry]:
    return [entry for entry in GOOD if entry.effect != effect]


def _moved_first(effect: str) -> list[Entry]:
    return [entry for entry in GOOD if entry.effect == effect] + _without(effect)


BREACHES: dict[str, tuple[Callable[[], list[Entry]], str]] = {
    "presented before anything was ready": (lambda: _moved_first("present"), "before machine/D was ready"),
    "presented while a host was not ready": (lambda: [GOOD[0], *GOOD[2:]], "before machine/E was ready"),
    "became something else": (
        lambda: [GOOD[0], _entry("ready", "machine/E", became="linux"), *GOOD[2:]],
        "before machine/E was ready as hypervisor",
    ),
    "registered before its host": (lambda: _moved_first("register-guest"), "before its host esx-01"),
    "registered without a mount": (lambda: _without("mount"), "before its volume (ds)"),
    "mounted by another machine": (
        lambda: [
            entry if entry.effect != "mount" else entry._replace(object="machine/F/mount/r1/vol1")
            for entry in GOOD
        ],
        "before its volume (ds)",
    ),
    "mounted under another name": (lambda: _without("update"), "before its volume (ds)"),
    "a leak": (
        lambda: [*GOOD, _entry("leak", "recovery/Site/vm/web", vlan="110", protected="protected/web")],
        "shares VLAN 110",
    ),
}


def test_a_ledger_in_order_is_in_order() -> None:
    assert disorder(GOOD, ROLES) == []


@pytest.mark.parametrize("breach", BREACHES)
def test_each_breach_of_the_order_is_told(breach: str) -> None:
    spoil, told = BREACHES[breach]
    found = disorder(spoil(), ROLES)
    assert found
    assert told in found[0]


@pytest.mark.parametrize("effect", sorted(ONCE))
def test_an_effect_that_happens_twice_is_told(effect: str) -> None:
    line = _entry(effect, "x/y", initiator="i", host="esx-01", vmx="[ds] a/a.vmx", target="E")
    found = disorder([*GOOD, line, line], ROLES)
    assert f"{effect} of x/y" in " ".join(found)
    assert "happened 2 times" in " ".join(found)


def test_an_unlinked_management_uplink_is_told() -> None:
    host = {
        "virtualNics": [{"name": "vmk0", "portGroup": "Management Network"}],
        "portGroups": [{"name": "Management Network", "virtualSwitch": "vSwitch0", "policy": {}}],
        "virtualSwitches": [{"name": "vSwitch0", "nics": ["vmnic2"], "policy": {}}],
        "physicalNics": [{"name": "vmnic0", "link": "up"}, {"name": "vmnic2", "link": "down"}],
    }
    assert not has_linked_management(host)
    assert has_linked_management({**host, "physicalNics": [{"name": "vmnic2", "link": "up"}]})


def test_a_whole_recovery_leaves_out_only_what_cannot_come_back() -> None:
    """Half a site by hand: a guest on a datastore that nobody replicates, and an agent machine."""
    before = _site()
    expected = Expected(before, Setting(replicated=frozenset({"ds"})))
    assert expected.whole
    assert {item["name"] for item in expected.objects["virtualMachine"]} == {"web"}
    assert {item["name"] for item in expected.objects["datastore"]} == {"ds"}
    assert expected.objects["host"][0]["datastores"] == ["ds"]


def _site() -> Dump:
    def guest(name: str, store: str, managed: str = "") -> dict[str, object]:
        disk = {"key": 2000, "datastore": f"S/datastore/{store}"}
        where = {"vmxPath": f"[{store}] {name}.vmx", "disks": [disk], "networkInterfaces": []}
        placed = {"folder": "S/vm", "resourcePool": "", "host": "S/host/h"}
        return {"path": f"S/vm/{name}", "name": name, "managedBy": managed, **where, **placed}

    host = {
        "path": "S/host/h",
        "name": "h",
        "parent": "S/host",
        "virtualNics": [],
        "datastores": ["ds", "local"],
    }
    stores = [
        {"path": f"S/datastore/{n}", "name": n, "parent": "S/datastore", "hosts": ["S/host/h"]}
        for n in ("ds", "local")
    ]
    return {
        "host": [host],
        "datastore": stores,
        "virtualMachine": [guest("web", "ds"), guest("lost", "local"), guest("agent", "ds", "vendor/agent")],
        **{kind: [] for kind in ("managementServer", "storageArray", "volume", "physicalServer")},
    }


def test_it_imports_nothing_but_the_standard_library_and_itself() -> None:
    import sys

    for file in Path(comparer.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            else:
                continue
            for name in names:
                first = name.partition(".")[0]
                assert first in sys.stdlib_module_names or name.startswith("tests.comparer"), (
                    file.name,
                    name,
                )
