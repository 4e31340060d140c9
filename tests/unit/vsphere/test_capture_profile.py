"""Capture profiles: what may be left out, and what the operator is told otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from drconsole.errors import InvalidConfiguration
from drconsole.model.inventory import COLLECTIONS, ManagementServer, Object
from drconsole.platforms.vsphere import elements, profile

CONFIGURED = {"volume", "storageArray", "physicalServer"}
KINDS: dict[str, type[Object]] = {
    **{kind.kind: kind for kind in COLLECTIONS.values() if kind.kind not in CONFIGURED},
    "managementServer": ManagementServer,
}


def written(folder: Path, text: str) -> str:
    path = folder / "own.toml"
    path.write_text(text)
    return str(path)


def test_the_shipped_profile_takes_every_element() -> None:
    assert profile.load("recovery").elements == frozenset(elements.BY_NAME)
    assert profile.shipped_names() == ("recovery",)


def test_a_profile_of_ones_own_leaves_out_what_no_recovery_needs(tmp_path: Path) -> None:
    text = 'name = "lean"\n[elements]\nleave_out = ["virtualMachine.annotation", "cluster.rule"]\n'
    lean = profile.load(written(tmp_path, text))
    assert lean.name == "lean"
    assert frozenset(elements.BY_NAME) - lean.elements == {"virtualMachine.annotation", "cluster.rule"}


def test_a_relative_path_is_relative_to_the_configuration(tmp_path: Path) -> None:
    written(tmp_path, 'name = "own"\n')
    assert profile.load("own.toml", base=tmp_path).name == "own"


@pytest.mark.parametrize(
    ("element", "stage"),
    [
        ("host.physicalNic", "uplinks"),
        ("host.product", "provision"),
        ("virtualMachine", "guests"),
        ("virtualMachine.disk", "preflight"),
        ("datastore", "storage"),
        ("distributedSwitch", "import"),
    ],
)
def test_leaving_out_what_a_recovery_needs_names_the_stage(tmp_path: Path, element: str, stage: str) -> None:
    text = f'name = "bad"\n[elements]\nleave_out = [\n  "cluster.rule",\n  "{element}",\n]\n'
    with pytest.raises(InvalidConfiguration, match=f"the stage {stage} needs it") as refusal:
        profile.load(written(tmp_path, text))
    assert refusal.value.line == 5
    assert element in refusal.value.message


def test_an_unknown_element_is_refused_with_what_comes_near(tmp_path: Path) -> None:
    text = 'name = "typo"\n[elements]\nleave_out = ["virtualMachine.anotation"]\n'
    with pytest.raises(InvalidConfiguration, match=r"no element virtualMachine\.anotation") as refusal:
        profile.load(written(tmp_path, text))
    assert refusal.value.line == 3
    assert "virtualMachine.annotation" in refusal.value.expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "no TOML"),
        ("[elements]\nleave_out = []\n", "name is missing"),
        ('name = "a"\nelements = 1\n', "elements is a table"),
        ('name = "a"\n[elements]\nleave_out = "x"\n', "list of names"),
        ('name = "a"\n[elements]\nleaveout = []\n', "unknown key leaveout"),
        ('name = "a"\nextra = 1\n', "unknown key extra"),
    ],
)
def test_a_profile_that_is_wrong_says_how(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidConfiguration, match=message):
        profile.load(written(tmp_path, text))


def test_a_profile_that_is_not_there_says_which_are_shipped() -> None:
    with pytest.raises(InvalidConfiguration, match="cannot be read") as refusal:
        profile.load("recvoery")
    assert "recovery" in refusal.value.expected


def test_every_field_of_the_model_belongs_to_an_element() -> None:
    """A field that no element fills could never be captured, nor left out."""
    elsewhere = {"id", "extensions", "volumes", "uplink"}  # configuration, and links between objects
    for word, kind_of_object in KINDS.items():
        filled = {field for element in elements.ELEMENTS if element.kind == word for field in element.fields}
        fields = set(kind_of_object.__struct_fields__) - elsewhere
        if word == "managementServer":
            fields -= {"name"}
        assert fields == filled, word


def test_leaving_out_the_last_element_of_a_path_removes_it_from_the_request() -> None:
    everything = frozenset(elements.BY_NAME)
    some = everything - {"cluster.drs", "cluster.ha"}
    assert "configurationEx" in elements.paths_of(some)["ClusterComputeResource"]
    none = some - {"cluster.rule", "cluster.group"}
    assert "configurationEx" not in elements.paths_of(none)["ClusterComputeResource"]
    assert elements.fields_left_out(none, "cluster") == {"drs", "ha", "rules", "groups"}
