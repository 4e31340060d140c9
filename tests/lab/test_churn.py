"""A site at work while it is captured: what says consistent has no reference into nothing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.lab.own_lab import own_lab

CAPTURES = 20
REFERRING = re.compile(
    r"parent|host|datastore|network|folder|resourcePool|switch|member|vmFolder|hostFolder|datastoreFolder"
    r"|networkFolder|array|protected|guest|distributedPortGroup"
)
OWN = "{urn:drconsole:snapshot:1}"

pytestmark = pytest.mark.timeout(240)


def _dangling(document: bytes) -> list[str]:
    """References by what the management server's own ids look like, `vm-12` or `group-v3`."""
    root = ET.fromstring(document)
    ids = {element.attrib["id"] for element in root if "id" in element.attrib}
    shapes = {re.sub(r"\d+", "", identifier) for identifier in ids}
    found = []
    for element in root.iter():
        for name, value in element.attrib.items():
            referring = name != "id" and re.sub(r"\d+", "", value) in shapes and REFERRING.fullmatch(name)
            if referring and value not in ids:
                found.append(f"{element.tag.removeprefix(OWN)}@{name} = {value}")
    return found


def test_twenty_captures_of_a_busy_site_are_whole_or_say_so(tmp_path: Path) -> None:
    with own_lab(tmp_path / "lab", hosts=4, vms=100, targets=2, speed=20) as lab:
        lab.operator.json("capture", "pittsburgh")
        quiet = len(lab.ledger())
        lab.operator.json("lab", "churn", "--dir", lab.directory, "--rate", "40")
        consistent = 0
        for _ in range(CAPTURES):
            entry = lab.operator.json("capture", "pittsburgh")
            if entry["consistent"]:
                consistent += 1
                document = lab.operator("snapshot", "export", entry["id"]).stdout
                assert _dangling(document) == []
        changes = [e for e in lab.ledger()[quiet:] if e.object.startswith("protected/")]
        ids = {entry["id"] for entry in lab.operator.json("snapshot", "list")}
    assert len({e.effect for e in changes} & {"create", "update", "destroy"}) == 3
    assert len(changes) > CAPTURES
    assert len(ids) > CAPTURES / 2, "a site at work looks different each time"
    assert consistent >= CAPTURES * 0.8, "a snapshot that is never consistent protects nobody"


def test_the_check_finds_what_dangles() -> None:
    """Else the one above proves nothing."""
    document = b"""<snapshot xmlns="urn:drconsole:snapshot:1">
      <folder id="group-v1" name="vm"/><virtualMachine id="vm-1" name="a" folder="group-v1" host="host-9"/>
      <host id="host-1" name="h" parent="group-v2"/></snapshot>"""
    assert _dangling(document) == ["virtualMachine@host = host-9", "host@parent = group-v2"]
