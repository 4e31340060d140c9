"""Every command: its help, where its shared words may stand, what it prints where, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from drconsole.cli.main import root, run
from tests.lab.operator import Operator
from tests.lab.own_lab import OwnLab

HEAVY = ("pyVmomi", "asyncssh", "aiohttp", "lxml", "sqlalchemy", "scipy", "textual", "alembic", "jinja2")


def _commands(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from _commands(command, (*before, name))


COMMANDS = list(_commands(root))
LATER: set[tuple[str, ...]] = {("site", "remove")}
LATER |= {("snapshot", "prune"), ("doctor",)}
"""Commands of the contract that may come before they are due."""


def test_every_command_of_this_delivery_is_there() -> None:
    nouns = {
        "lab": "up down status dump fault churn",
        "config": "check",
        "site": "list add check",
        "snapshot": "list show search export import diff check open",
        "notify": "test",
        "target": "list add check release",
        "run": "list show attach approve retry skip replace flags pause resume cancel cleanup report"
        " uplinks replay",
    }
    asked: set[tuple[str, ...]] = {(noun, verb) for noun, verbs in nouns.items() for verb in verbs.split()}
    asked |= {(word,) for word in ("demo", "serve", "capture", "map", "select", "plan", "recover", *nouns)}
    assert asked <= set(COMMANDS)
    assert set(COMMANDS) - asked <= LATER, "a command that is not in the contract"


def test_help_of_every_command_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    for words in COMMANDS:
        assert run([*words, "--help"]) == 0
        told = capsys.readouterr().out
        assert f"drconsole {' '.join(words)}" in told
        described = told.split("\n\n")[1].strip()
        assert described.endswith((".", "…")), words
        assert "--json" in told
        assert "--observe" in told
        assert "--config" in told


@pytest.mark.parametrize("words", [("--help",), ("--version",), ("run", "--help"), ("recover", "--help")])
def test_help_loads_nothing_heavy(words: tuple[str, ...]) -> None:
    program = (
        "import sys\nfrom drconsole.cli.main import run\n"
        "try:\n    run(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert done.stdout
    assert set(done.stderr.split()) & set(HEAVY) == set()


@pytest.mark.parametrize(
    "words",
    [
        ("--config", "{}", "--json", "site", "list"),
        ("--config", "{}", "site", "--json", "list"),
        ("site", "--config", "{}", "list", "--json"),
        ("site", "list", "--json", "--config", "{}"),
        ("--json", "site", "list", "--config", "{}"),
    ],
)
def test_config_and_json_stand_before_or_after_the_noun(site: OwnLab, words: tuple[str, ...]) -> None:
    outcome = Operator(None)(*(word.format(site.configuration) for word in words))
    assert outcome.code == 0, outcome.stderr
    assert [entry["name"] for entry in outcome.json] == ["pittsburgh"]


def test_the_innermost_configuration_counts(site: OwnLab, tmp_path: Path) -> None:
    outcome = Operator(tmp_path / "none.toml")("site", "list", "--json", "--config", site.configuration)
    assert outcome.code == 0, outcome.stderr


def test_the_environment_names_a_configuration_too(site: OwnLab) -> None:
    named = Operator(None, {"DRCONSOLE_CONFIG": str(site.configuration)})
    assert named.json("config", "check")["sites"] == ["pittsburgh"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("no-such-noun",), 2, "no-such-noun"),
        (("site", "no-such-verb"), 2, "no-such-verb"),
        (("capture",), 2, "--all"),
        (("capture", "pittsburgh", "--all"), 2, "--all"),
        (("recover", "pittsburgh"), 2, "--mode"),
        (("recover", "pittsburgh", "--mode", "picnic"), 2, "picnic"),
        (("recover", "pittsburgh", "--mode", "drill", "--rto", "soon"), 2, "duration"),
        (("plan", "pittsburgh", "--rpo", "0s"), 2, "duration"),
        (("snapshot", "search", "esx-01", "--since", "some day"), 2, "some day"),
        (("snapshot", "search", "esx-01", "--on", "today", "--all"), 2, "--on"),
        (("snapshot", "search", "esx-01", "--snapshot", "latest", "--all"), 2, "--snapshot"),
        (("run", "report", "--format", "pdf"), 2, "pdf"),
        (("capture", "pittsburgh", "--observe"), 3, "only observes"),
        (("run", "report", "R-1", "--format", "html"), 5, "R-1"),
        (("run", "retry", "latest"), 2, "--all"),
        (("run", "skip", "latest", "a/b/c"), 2, "--reason"),
        (("recover", "pittsburgh", "--mode", "disaster"), 3, "--confirm pittsburgh"),
        (("recover", "pittsburgh", "--mode", "disaster", "--confirm", "Pittsburgh"), 3, "pittsburgh"),
        (("capture", "nowhere"), 5, "nowhere"),
        (("site", "check", "nowhere"), 5, "nowhere"),
        (("target", "check", "ZZ"), 5, "ZZ"),
        (("run", "show", "R-1"), 5, "R-1"),
        (("run", "show", "latest"), 5, "latest"),
        (("snapshot", "show", "sha256:00"), 5, "sha256:00"),
        (("snapshot", "import", "/nowhere.xml"), 5, "/nowhere.xml"),
        (("plan", "pittsburgh", "--mapping", "/nowhere.xml"), 5, "/nowhere.xml"),
        (("lab", "status", "--dir", "/nowhere"), 4, "/nowhere"),
        (("lab", "dump", "--dir", "/nowhere", "--side", "middle"), 2, "middle"),
    ],
)
def test_exit_codes_and_their_words(site: OwnLab, words: tuple[str, ...], code: int, told: str) -> None:
    outcome = site.operator(*words)
    assert outcome.code == code, outcome.stderr
    assert told in outcome.stderr
    assert outcome.stdout == b""
    assert "Traceback" not in outcome.stderr


def test_a_command_off_a_terminal_writes_no_colour_codes(site: OwnLab) -> None:
    for words in (("site", "list"), ("target", "list"), ("snapshot", "list"), ("plan", "pittsburgh")):
        outcome = site.operator(*words)
        assert outcome.code == 0, outcome.stderr
        assert b"\x1b" not in outcome.stdout + outcome.stderr.encode()


def test_json_of_lists_has_the_promised_keys_oldest_first(site: OwnLab) -> None:
    (entry,) = site.operator.json("site", "list")
    assert entry["name"] == "pittsburgh"
    targets = site.operator.json("target", "list")
    assert all({"name", "segment", "state", "run", "role"} <= set(target) for target in targets)
    assert {target["state"] for target in targets} == {"free"}
    site.operator.json("capture", "pittsburgh")
    snapshots = site.operator.json("snapshot", "list")
    assert all({"id", "site", "taken", "consistent", "verified"} <= set(found) for found in snapshots)
    assert [found["taken"] for found in snapshots] == sorted(found["taken"] for found in snapshots)
    assert snapshots[-1]["taken"].endswith("Z")


def test_documents_go_to_stdout_and_explanations_to_stderr(site: OwnLab) -> None:
    for noun, kind in (("map", b"hostMapping"), ("select", b"vmSelection")):
        outcome = site.operator(noun, "pittsburgh")
        assert outcome.code == 0
        assert b"<" + kind in outcome.stdout.splitlines()[1]
        assert outcome.stderr
        assert json.loads(site.operator(noun, "pittsburgh", "--json").stdout)


def test_hosts_are_listed_without_a_capture(site: OwnLab) -> None:
    count = len(site.operator.json("snapshot", "list"))
    hosts = site.operator.json("capture", "pittsburgh", "--list")
    assert [host["name"] for host in hosts] == [host["name"] for host in site.dump("protected")["host"]]
    assert len(site.operator.json("snapshot", "list")) == count


def test_where_something_was_is_asked_in_days_as_an_operator_says_them(site: OwnLab) -> None:
    ask = ("snapshot", "search", "ESX-01.pittsburgh.example")
    newest = site.operator.json(*ask)
    assert {hit["name"] for hit in newest} >= {"esx-01.pittsburgh.example"}
    assert all(hit["taken"].endswith("Z") for hit in newest)
    assert site.operator.json(*ask, "--on", "today") == newest
    assert site.operator.json(*ask, "--all")[-len(newest) :] == newest
    assert site.operator.json(*ask, "--on", "3 days ago") == []
    assert site.operator.json(*ask, "--since", "2020-01-01", "--until", "2020-01-02") == []
