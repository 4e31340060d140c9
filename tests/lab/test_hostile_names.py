"""Names that administrators do give, and names that nobody should: captured, shown, recovered."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pyVmomi import vim

from tests.comparer.closure import Expected
from tests.lab.evidence import Evidence, gather
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab
from tests.lab.vsphere_client import finished, objects, protected_vcenter

GUESTS = (
    "two words  and three",
    "web/eu/west",
    "100%2fdone",
    "[ds] not-a-path.vmx",
    """both "quotes" and 'these'""",
    "line one\nline two",
    "\u202egpj.exe\u202c \u200fright to left",
    "csi \u009b31m red \u009b0m",
    "ein sehr langer Name mit 80 Zeichen: äöüß 漢字かな交じり文 العربية עברית 🚒 Ende……………!",
    "</virtualMachine><!-- & -->",
    "$(halt); `id` | tee /x",
    "--out=/etc/passwd",
)
VMS = 26
NETWORK = 'Web "110" [a/b]'
DATASTORE = "files \u201ca\u201d 'b' ü"
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True)
class Hostile:
    """The drill of a world with such names, and what commands printed of it."""

    evidence: Evidence
    said: dict[str, Outcome]
    listed: list[str]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostile]:
    with own_lab(tmp_path_factory.mktemp("lab"), hosts=2, vms=VMS, targets=4, speed=150) as lab:
        with protected_vcenter(lab) as content:
            _rename(content)
        _tell_the_configuration(lab)
        lab.captured()
        commands = {
            "search": ("snapshot", "search", "e"),
            "plan": ("plan", "pittsburgh"),
            "map": ("map", "pittsburgh"),
            "select": ("select", "pittsburgh"),
        }
        said = {name: lab.operator(*words) for name, words in commands.items()}
        said |= {f"only {name}": _selected(lab, name) for name in GUESTS}
        evidence = gather(lab, "drill")
        said |= {verb: lab.operator("run", verb, "latest") for verb in ("show", "report")}
        snapshot = lab.operator.json("snapshot", "show")
        yield Hostile(evidence, said, [guest["name"] for guest in snapshot["virtualMachines"]])


def _rename(content: Any) -> None:
    guests = objects(content, vim.VirtualMachine)
    ordinary = sorted(name for name in guests if re.fullmatch(r"[a-z]+-\d+", name) and name != "vc-01")
    for old, new in zip(ordinary, GUESTS, strict=False):
        finished(guests[old].Rename_Task(new))
    assert len(ordinary) >= len(GUESTS)
    finished(objects(content, vim.dvs.DistributedVirtualPortgroup)["Web-110"].Rename_Task(NETWORK))
    finished(objects(content, vim.Datastore)["ds-files-1"].Rename_Task(DATASTORE))


def shown(name: str) -> str:
    """A name as vSphere gives it, and so as every command and document has it: slashes are escaped."""
    return name.replace("/", "%2f")


def _tell_the_configuration(lab: OwnLab) -> None:
    text = lab.configuration.read_text(encoding="utf-8")
    text = text.replace('"Web-110"', f"'{shown(NETWORK)}'").replace('"ds-files-1"', f'"{DATASTORE}"')
    lab.configuration.write_text(text, encoding="utf-8")


def _selected(lab: OwnLab, name: str) -> Outcome:
    return lab.operator("select", "pittsburgh", f"--only={shown(name)}", "--json")


def test_the_capture_has_each_name_as_the_server_gives_it(hostile: Hostile) -> None:
    standing = {guest["name"] for guest in hostile.evidence.before["virtualMachine"]}
    assert len(standing) == VMS
    assert set(hostile.listed) == standing >= {shown(name) for name in GUESTS}


def test_the_drill_brings_them_all_back(hostile: Hostile) -> None:
    assert hostile.evidence.outcome.code == 0, hostile.evidence.outcome.stderr[-2000:]
    expected = Expected(hostile.evidence.before, hostile.evidence.setting).objects["virtualMachine"]
    standing = {guest["path"] for guest in hostile.evidence.after["virtualMachine"]}
    assert standing == {guest["path"] for guest in expected}
    assert len(standing) == VMS - 1


def test_their_values_are_all_there(hostile: Hostile) -> None:
    assert hostile.evidence.lost == []
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in hostile.evidence.judgement.lost] == []


def test_nothing_that_moves_a_cursor_or_turns_a_line_around_reaches_a_terminal(hostile: Hostile) -> None:
    said = {**hostile.said, "recover": hostile.evidence.outcome}
    for name, outcome in said.items():
        # Documents and JSON say names as they are; they are for programs.
        table = b"" if outcome.stdout.startswith((b"{", b"<?xml")) else outcome.stdout
        text = outcome.stderr + table.decode()
        assert outcome.code == 0, (name, outcome.stderr)
        assert HARMFUL.findall(text) == [], name


@pytest.mark.parametrize("name", GUESTS)
def test_a_guest_is_chosen_by_its_name(hostile: Hostile, name: str) -> None:
    outcome = hostile.said[f"only {name}"]
    assert outcome.code == 0, outcome.stderr
    chosen = [flag for flag in outcome.json["selection"]["virtualMachines"] if flag.get("deploy", True)]
    assert [flag["name"] for flag in chosen] == [shown(name)]


def test_documents_say_each_name_as_it_is(hostile: Hostile) -> None:
    root = ET.fromstring(hostile.said["select"].stdout)
    assert {flag.attrib["name"] for flag in root} == set(hostile.listed) - {"vc-01"}
    assert len(root) == VMS - 1
