"""Bad input, line by line: each is refused with its exit code, names the object, and loses nothing."""

from __future__ import annotations

import gzip
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.lab.operator import Operator, Outcome
from tests.lab.own_lab import OwnLab, own_lab

QUIET = {"write-volume", "login-refused"}
"""What the world writes by itself, and what a wrong password leaves: no effect of ours."""


@contextmanager
def nothing_lost(lab: OwnLab) -> Iterator[None]:
    """What is stored stays stored, every target stays free, and nothing is done to the world."""
    before = _kept(lab)
    yield
    assert _kept(lab) == before


def _kept(lab: OwnLab) -> tuple[object, ...]:
    with closing(sqlite3.connect(lab.directory / "state" / "repository.db")) as database:
        snapshots = database.execute("SELECT id FROM snapshot ORDER BY number").fetchall()
    targets = [(target["name"], target["state"]) for target in lab.operator.json("target", "list")]
    effects = [entry.effect for entry in lab.ledger() if entry.effect not in QUIET]
    return snapshots, targets, effects


def refused(outcome: Outcome, code: int, *words: str) -> None:
    """One line says what is wrong with what; no stack of calls, no half of a result."""
    assert outcome.code == code, outcome.stderr
    for word in words:
        assert word in outcome.stderr, outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert outcome.stdout == b""


def changed_configuration(lab: OwnLab, name: str, *changes: tuple[str, str]) -> Operator:
    """A configuration beside the lab's own, with a state directory of its own and regular expressions
    replaced: what somebody mistyped."""
    text = lab.configuration.read_text(encoding="utf-8")
    for pattern, new in (('dir = "state"', f'dir = "state-{name}"'), *changes):
        text, count = re.subn(pattern, new, text, count=1, flags=re.DOTALL)
        assert count, pattern
    path = lab.directory / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return Operator(path)


@pytest.fixture(scope="module")
def exported(site: OwnLab) -> bytes:
    """The newest snapshot's exact bytes."""
    return site.operator("snapshot", "export").stdout


@pytest.fixture
def mapping(site: OwnLab, tmp_path: Path) -> Path:
    """The automatic match, to be edited."""
    path = tmp_path / "mapping.xml"
    assert site.operator("map", "pittsburgh", "--out", path).code == 0
    return path


@pytest.fixture
def selection(site: OwnLab, tmp_path: Path) -> Path:
    """All recoverable guests, to be edited."""
    path = tmp_path / "selection.xml"
    assert site.operator("select", "pittsburgh", "--out", path).code == 0
    return path


def edit(document: Path, pattern: str, new: str) -> Path:
    """Replaces the first match of a regular expression in a document."""
    text, count = re.subn(pattern, new, document.read_text(encoding="utf-8"), count=1)
    assert count, pattern
    document.write_text(text, encoding="utf-8")
    return document


def _wrong_secret(lab: OwnLab) -> None:
    secret = lab.directory / "secrets" / "wrong"
    secret.touch(mode=0o600)
    secret.write_text("not this one\n", encoding="utf-8")


# Devices: addresses, passwords, certificates


def test_a_wrong_address_is_named(site: OwnLab) -> None:
    typo = changed_configuration(
        site, "address", (r'(\[site.pittsburgh\].*?address = "[\d.]+):8443', r"\1:9")
    )
    for words in (("site", "check", "pittsburgh"), ("capture", "pittsburgh")):
        refused(typo(*words), 4, "pittsburgh", "127.", "9)")


def test_a_wrong_password_is_tried_once(site: OwnLab) -> None:
    _wrong_secret(site)
    typo = changed_configuration(site, "password", (r"file:secrets/vcenter", "file:secrets/wrong"))
    with nothing_lost(site):
        start = len(site.ledger())
        refused(typo("capture", "pittsburgh"), 4, "pittsburgh", "administrator@vsphere.local")
        assert [e.effect for e in site.ledger()[start:]].count("login-refused") == 1
    assert typo.json("snapshot", "list") == []


def test_a_wrong_password_of_a_bmc_is_tried_once_and_names_the_target(site: OwnLab) -> None:
    _wrong_secret(site)
    typo = changed_configuration(site, "bmc", (r"file:secrets/bmc-E", "file:secrets/wrong"))
    start = len(site.ledger())
    outcome = typo("target", "check", "E")
    assert outcome.code == 4
    assert "E" in outcome.stderr
    assert "refuses the user name or password" in outcome.stderr
    assert [e.effect for e in site.ledger()[start:]].count("login-refused") == 1


def test_another_certificate_than_the_pinned_one_is_shown_beside_it(site: OwnLab) -> None:
    pinned = f"sha256:{'ab' * 32}"
    typo = changed_configuration(site, "pin", (r'(\[site.pittsburgh\].*?pin = ")[^"]+', rf"\g<1>{pinned}"))
    real = re.search(r'\[site.pittsburgh\].*?pin = "([^"]+)', site.configuration.read_text(), re.DOTALL)
    assert real is not None
    refused(typo("capture", "pittsburgh"), 4, pinned, real.group(1))


def test_a_secret_is_never_printed(site: OwnLab) -> None:
    secrets = [path.read_text().strip() for path in (site.directory / "secrets").iterdir()]
    said = [site.operator("site", "check", "pittsburgh"), site.operator("config", "check", "--json")]
    logs = [path.read_text(errors="replace") for path in site.directory.rglob("*.log")]
    text = "".join([*(f"{outcome.stdout!r}{outcome.stderr}" for outcome in said), *logs])
    assert not [secret for secret in secrets if secret in text]


# Snapshots

BAD_SNAPSHOTS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a flipped byte": (lambda good: good.replace(b"<folder ", b"<fo\x00der ", 1), "line "),
    "truncated": (lambda good: good[: len(good) // 2], "not well-formed"),
    "a newer version": (lambda good: good.replace(b"snapshot:1", b"snapshot:2", 1), "newer"),
    "a DOCTYPE": (lambda good: good.replace(b"<snapshot", b"<!DOCTYPE snapshot>\n<snapshot", 1), "DOCTYPE"),
    "compressed": (gzip.compress, "gzip"),
    "100 MB": (lambda good: good + b" " * 100_000_000, "64 MiB"),
    "a key twice": (lambda good: re.sub(rb'(<host [^>]*?id=")[^"]+', rb"\1host-1", good), "host-1"),
    "a reference to nobody": (
        lambda good: re.sub(rb'(<cluster [^>]*?parent=")[^"]+', rb"\1group-0", good, count=1),
        "group-0",
    ),
    "a value of the wrong type": (lambda good: re.sub(rb'cpus="\d+"', b'cpus="many"', good, count=1), "many"),
}


@pytest.mark.parametrize("fault", BAD_SNAPSHOTS)
def test_a_bad_snapshot_is_not_imported(site: OwnLab, exported: bytes, fault: str, tmp_path: Path) -> None:
    spoil, told = BAD_SNAPSHOTS[fault]
    assert spoil(exported) != exported
    path = tmp_path / "spoilt.xml"
    path.write_bytes(spoil(exported))
    with nothing_lost(site):
        refused(site.operator("snapshot", "import", path), 5, "spoilt.xml", told)


def test_the_unspoilt_snapshot_is_imported_as_it_is(site: OwnLab, exported: bytes, tmp_path: Path) -> None:
    """Else the refusals above prove nothing. It is stored already: importing it again changes nothing."""
    path = tmp_path / "good.xml"
    path.write_bytes(exported)
    with nothing_lost(site):
        entry = site.operator.json("snapshot", "import", path)
    assert site.operator("snapshot", "export", entry["id"]).stdout == exported


def test_a_stored_snapshot_with_a_flipped_byte_is_never_used(
    site: OwnLab, exported: bytes, tmp_path: Path
) -> None:
    """Its copy is spoilt too, so that nothing is there to mend it from."""
    broken = changed_configuration(site, "flipped")
    path = tmp_path / "good.xml"
    path.write_bytes(exported)
    entry = broken.json("snapshot", "import", path)
    assert broken("serve", "--stop").code == 0
    with closing(sqlite3.connect(site.directory / "state-flipped" / "repository.db")) as database:
        for column in ("data", "spare"):
            (data,) = database.execute(f"SELECT {column} FROM frame").fetchone()
            if data is not None:
                middle = len(data) // 2
                spoilt = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
                database.execute(f"UPDATE frame SET {column} = ?", (spoilt,))
        database.commit()
    for words in (("show",), ("export",)):
        refused(broken("snapshot", *words, entry["id"]), 5, entry["id"][:19])
    checked = broken("snapshot", "check", "--json")
    assert checked.code == 5
    assert [found["ok"] for found in checked.json] == [False]
    refused(broken("plan", "pittsburgh"), 5)
    assert site.operator("snapshot", "check").code == 0


# Mappings


def both_refuse(site: OwnLab, code: int, *told: str, **documents: Path) -> None:
    """`plan` and `recover` refuse the same documents in the same words, before anything is done."""
    words = [word for kind, path in documents.items() for word in (f"--{kind}", path)]
    with nothing_lost(site):
        planned = site.operator("plan", "pittsburgh", *words)
        assert planned.code == code, planned.stderr
        recovered = site.operator("recover", "pittsburgh", "--mode", "drill", *words)
        refused(recovered, code, *told)
    for word in told:
        assert word in planned.stderr


def test_a_mapping_of_an_unknown_host(site: OwnLab, mapping: Path) -> None:
    both_refuse(site, 5, "host-4711", mapping=edit(mapping, r'(<host protected=")[^"]+', r"\1host-4711"))


def test_a_mapping_onto_an_unknown_target(site: OwnLab, mapping: Path) -> None:
    both_refuse(site, 5, "QQ", mapping=edit(mapping, r'(<host [^>]*target=")[^"]+', r"\1QQ"))


def test_a_mapping_with_one_target_twice(site: OwnLab, mapping: Path) -> None:
    target = re.search(r'<managementServer [^>]*target="([^"]+)', mapping.read_text())
    assert target is not None
    edit(mapping, r'(<host [^>]*target=")[^"]+', rf"\g<1>{target.group(1)}")
    both_refuse(site, 5, f"target '{target.group(1)}'", "each target once", mapping=mapping)


def test_a_mapping_without_a_management_server(site: OwnLab, mapping: Path) -> None:
    both_refuse(site, 5, "management", mapping=edit(mapping, r"\s*<managementServer [^>]*/>", ""))


def test_a_mapping_of_another_site(site: OwnLab, mapping: Path) -> None:
    both_refuse(site, 5, "chicago", mapping=edit(mapping, 'site="pittsburgh"', 'site="chicago"'))


def test_a_mapping_onto_a_target_that_is_too_small(site: OwnLab, mapping: Path) -> None:
    """`map` says itself which targets do not do for a host, and why."""
    matches = site.operator.json("map", "pittsburgh")["matches"]
    host = next(match for match in matches if match["role"] == "host" and match["refused"])
    small = next(name for name, why in host["refused"].items() if "GiB" in why or "thread" in why)
    text = mapping.read_text().replace(f'target="{small}"', 'target="spare"')
    text = text.replace(f'target="{host["target"]}"', f'target="{small}"')
    mapping.write_text(text.replace('target="spare"', f'target="{host["target"]}"'))
    both_refuse(site, 3, small, host["name"], mapping=mapping)


def test_a_mapping_onto_a_leased_target(tmp_path: Path) -> None:
    with own_lab(tmp_path / "lab", hosts=1, vms=2, targets=6, speed=100) as lab:
        lab.captured()
        mapping = tmp_path / "mapping.xml"
        assert lab.operator("map", "pittsburgh", "--out", mapping).code == 0
        words = ("recover", "pittsburgh", "--mode", "drill", "--mapping", mapping)
        run = lab.operator.json(*words, "--detach")["run"]
        wanted = {"leased", "reserved"}
        while not wanted & {target["state"] for target in lab.operator.json("target", "list")}:
            time.sleep(0.1)
        refused(lab.operator(*words), 3, run)
        holders = {target["run"] for target in lab.operator.json("target", "list")}
        assert holders == {run, None}
        assert lab.operator("run", "cancel", run).code == 0


# Selections


def test_a_selection_of_unknown_guests(site: OwnLab, selection: Path) -> None:
    both_refuse(site, 5, "vm-4711", selection=edit(selection, r'(<virtualMachine id=")[^"]+', r"\1vm-4711"))


def test_a_selection_of_a_guest_that_cannot_be_recovered(site: OwnLab, selection: Path) -> None:
    own = next(g for g in site.operator.json("plan", "pittsburgh")["verdicts"] if g["verdict"] == "no")
    edit(
        selection, r"(<virtualMachine )", rf'<virtualMachine id="{own["id"]}" name="vc-01" deploy="true"/>\1'
    )
    both_refuse(site, 3, "vc-01", "management server", selection=selection)


def test_a_selection_of_guests_that_no_deployed_host_can_take(
    site: OwnLab, exported: bytes, tmp_path: Path
) -> None:
    """Only esx-01 comes back, which never had ds-prod-1: guests there have no place to go."""
    lonely = changed_configuration(site, "homeless")
    text = exported.decode()
    (host,) = re.findall(r'<host [^>]*?id="([^"]+)"[^>]*? name="esx-01', text) or re.findall(
        r'<host id="([^"]+)" name="esx-01', text
    )
    text = re.sub(
        r'<datastore [^>]*name="ds-prod-1".*?</datastore>',
        lambda found: re.sub(rf'\s*<mount host="{host}"[^>]*/>', "", found.group(0)),
        text,
        flags=re.DOTALL,
    )
    assert text != exported.decode()
    snapshot, mapping = tmp_path / "snapshot.xml", tmp_path / "mapping.xml"
    snapshot.write_text(text, encoding="utf-8")
    lonely.json("snapshot", "import", snapshot)
    lonely.json("target", "check")
    assert lonely("map", "pittsburgh", "--out", mapping).code == 0
    document = mapping.read_text()
    mapping.write_text(re.sub(r'(<host [^>]*name="esx-02[^>]*)deploy="true"', r'\1deploy="false"', document))
    assert mapping.read_text() != document
    selection = tmp_path / "selection.xml"
    assert lonely("select", "pittsburgh", "--out", selection).code == 0
    words = ("--mapping", mapping, "--selection", selection)
    refused(lonely("recover", "pittsburgh", "--mode", "drill", *words), 3, "ds-prod-1")
    assert lonely.json("run", "list") == []


# What the world lacks


def test_fewer_targets_than_needed_says_how_many_and_of_what_size(
    site: OwnLab, exported: bytes, tmp_path: Path
) -> None:
    poor = changed_configuration(site, "poor", (r"\[pool.F\].*?(?=\[deadlines\])", ""))
    path = tmp_path / "good.xml"
    path.write_bytes(exported)
    poor.json("snapshot", "import", path)
    assert [target["name"] for target in poor.json("target", "check")] == ["D", "E"]
    with nothing_lost(site):
        outcome = poor("recover", "pittsburgh", "--mode", "drill")
    refused(outcome, 3, "4", "2", "GiB")
    assert poor.json("run", "list") == []


def test_a_drill_with_an_unmapped_network(site: OwnLab, exported: bytes, tmp_path: Path) -> None:
    open_network = changed_configuration(
        site, "unmapped", (r'(name = "Web-110"\n\n)\[site.pittsburgh.network.drill\].*?\n\n', r"\1")
    )
    path = tmp_path / "good.xml"
    path.write_bytes(exported)
    open_network.json("snapshot", "import", path)
    open_network.json("target", "check")
    with nothing_lost(site):
        refused(open_network("recover", "pittsburgh", "--mode", "drill"), 3, "Web-110", "not mapped")
    assert open_network("plan", "pittsburgh", "--mode", "disaster").code == 0


# Configuration


@pytest.mark.parametrize(
    ("pattern", "new", "told"),
    [
        (r'pin = "sha256:[^"]+"', 'pin = "md5:00"', "pin"),
        (r"platform = ", "platfrom = ", "platfrom"),
        (r'rpo = "15m"', 'rpo = "soon"', "soon"),
        (r"vlan = 1010", "vlan = 5000", "5000"),
        (r'side = "protected"', 'side = "middle"', "middle"),
        (r"\[deadlines\]", "[deadlines", "line"),
    ],
)
def test_a_mistyped_configuration_is_named_with_its_line(
    site: OwnLab, pattern: str, new: str, told: str
) -> None:
    typo = changed_configuration(site, "typo", (pattern, new))
    text = (site.directory / "typo.toml").read_text(encoding="utf-8")
    line = text[: text.index(new)].count("\n") + 1
    for words in (("config", "check"), ("site", "list")):
        refused(typo(*words), 5, "typo.toml", f"line {line}", told)
