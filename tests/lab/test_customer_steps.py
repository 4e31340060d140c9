"""A drill with the customer's own steps: a prompt, programs, one that fails, and one that cannot be."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.comparer.ledger import Entry
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab

pytestmark = pytest.mark.timeout(240)

PROMPT = "provision/cabling/prompt"
DNS = "guests/dns/program"
CMDB = "import/cmdb/program"

STEPS = """
[[step]]
name = "cabling"
after = "provision"
before = "storage"
prompt = "Is the storage cabled?"

[[step]]
name = "dns"
after = "guests"
program = ["{folder}/dns", "--to", "recovery"]

[[step]]
name = "cmdb"
after = "import"
program = ["{folder}/cmdb"]
retries = 1
critical = false

[[step]]
name = "bank"
after = "storage"
modes = ["disaster"]
prompt = "Is the bank told?"

[notify.syslog]
address = "{folder}/log"

[notify.webhook]
url = "https://127.0.0.1:{port}/never-answers"
"""

IMPOSSIBLE = {
    "circle": """
[[step]]
name = "loop"
after = "guests/*/power-on"
before = "guests/*/register"
prompt = "?"
""",
    "order": """
[[step]]
name = "late"
after = "guests"
before = "provision"
prompt = "?"
""",
    "nothing": """
[[step]]
name = "mail"
after = "guests/mail-99/power-on"
program = ["/nowhere/mail"]
""",
}


@dataclass(frozen=True)
class Seen:
    """What an operator saw, command by command. `records` are what the system log was sent."""

    plan: dict[str, Any]
    planned: Outcome
    waited: Outcome
    approved: Outcome
    again: Outcome
    ended: Outcome
    detail: dict[str, Any]
    report: str
    cleanup: Outcome
    ledger: list[Entry]
    records: list[str]
    test: Outcome
    refusals: dict[str, Outcome]


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnLab]:
    with own_lab(tmp_path_factory.mktemp("own") / "lab", hosts=2, vms=6, targets=4, speed=150) as running:
        yield running


@pytest.fixture(scope="module")
def seen(lab: OwnLab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("steps")
    script(folder / "dns", f'echo "$@ in $DRCONSOLE_MODE"; echo "$DRCONSOLE_TOKEN" >> {folder}/calls')
    script(folder / "cmdb", f"echo no such host; echo cmdb >> {folder}/calls; exit 9")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log, socket.socket() as silent:
        log.bind(str(folder / "log"))
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        with lab.configuration.open("a", encoding="utf-8") as file:
            file.write(STEPS.format(folder=folder, port=port))
        yield played(lab, log)
        calls = (folder / "calls").read_text().splitlines()
    assert sorted(calls, key=len) == ["cmdb", "cmdb", f"{_run(lab)}/{DNS}"]


def _run(lab: OwnLab) -> str:
    return str(lab.operator.json("run", "list")[-1]["run"])


def played(lab: OwnLab, log: socket.socket) -> Seen:
    operator = lab.operator
    lab.captured()
    plan = operator.json("plan", "pittsburgh")
    planned = operator("plan", "pittsburgh")
    waited = lab.recover("drill")
    approved = operator("run", "approve", "latest", PROMPT)
    again = operator("run", "approve", "latest", PROMPT)
    ended = operator("run", "attach", "latest", "--json")
    detail = ended.json
    report = operator("run", "report", "latest").stdout.decode()
    ledger = lab.ledger()
    cleanup = operator("run", "cleanup", "latest", "--json")
    test = operator("notify", "test", "--json")
    told = list(records(log))
    refusals = {name: replanned(lab, step) for name, step in IMPOSSIBLE.items()}
    return Seen(
        plan, planned, waited, approved, again, ended, detail, report, cleanup, ledger, told, test, refusals
    )


def replanned(lab: OwnLab, step: str) -> Outcome:
    """What a plan says with another step in the configuration, which only a new service reads."""
    lab.operator("serve", "--stop")
    text = lab.configuration.read_text(encoding="utf-8").partition("\n[[step]]")[0]
    lab.configuration.write_text(text + step, encoding="utf-8")
    return lab.operator("plan", "pittsburgh")


def records(log: socket.socket) -> Iterator[str]:
    log.settimeout(1)
    try:
        while True:
            yield log.recv(4096).decode()
    except TimeoutError:
        return


def test_the_plan_lists_them_in_their_places(seen: Seen) -> None:
    listed = {own["key"]: own for own in seen.plan["customer"]}
    assert set(listed) == {PROMPT, DNS, CMDB}
    assert (listed[CMDB]["stage"], listed[CMDB]["critical"]) == ("import", False)
    assert "Is the storage cabled?" in seen.planned.stdout.decode()


def test_nothing_of_storage_begins_before_the_prompt_is_answered(seen: Seen) -> None:
    assert seen.waited.code == 6, seen.waited.stderr[-2000:]
    assert "Is the storage cabled?" in seen.waited.stderr
    assert f"drconsole run approve {seen.waited.json['run']} {PROMPT}" in seen.waited.stderr
    states = {step["key"]: step["state"] for step in seen.waited.json["steps"]}
    assert states[PROMPT] == "waiting"
    assert {state for key, state in states.items() if key.startswith("storage/")} == {"pending"}


def test_it_is_answered_once_and_the_report_says_by_whom(seen: Seen) -> None:
    assert seen.approved.code == 0, seen.approved.stderr
    assert seen.again.code == 3
    own = {step["key"]: step for step in seen.detail["customer"]}
    assert own[PROMPT]["state"] == "done"
    assert getpass.getuser() in own[PROMPT]["answered_by"]
    assert f"{PROMPT}: done, answered by {own[PROMPT]['answered_by']}" in seen.report


def test_a_program_ran_once_and_what_it_said_is_kept(seen: Seen) -> None:
    own = {step["key"]: step for step in seen.detail["customer"]}
    assert own[DNS]["state"] == "done"
    assert own[DNS]["exit_code"] == 0
    assert own[DNS]["output"] == "--to recovery in drill\n"
    assert "| --to recovery in drill" in seen.report


def test_one_that_is_not_critical_is_given_up_and_the_run_goes_on(seen: Seen) -> None:
    assert seen.ended.code == 7, seen.ended.stderr[-2000:]
    assert seen.detail["state"] == "held"
    step = next(step for step in seen.detail["steps"] if step["key"] == CMDB)
    assert step["state"] == "skipped"
    assert "exit code 9: no such host" in step["error"]
    assert seen.detail["fidelity"]["matched"] > 0
    assert sum(entry.effect == "register-guest" for entry in seen.ledger) > 0
    assert seen.cleanup.code in (0, 7), seen.cleanup.stderr[-2000:]


def test_who_was_to_be_told_was_told_and_a_silent_webhook_held_nobody_up(seen: Seen) -> None:
    waiting = [record for record in seen.records if " waiting - " in record]
    finished = [record for record in seen.records if " finished - " in record]
    assert any("Is the storage cabled?" in record and "drconsole run approve" in record for record in waiting)
    assert any("it is held" in record for record in finished)


def test_a_test_message_arrives_or_the_reason_is_said(seen: Seen) -> None:
    assert seen.test.code == 4
    channels = {channel["channel"]: channel for channel in seen.test.json}
    assert channels["syslog"]["told"]
    assert not channels["webhook"]["told"]
    assert "no answer within" in channels["webhook"]["error"]
    assert any("this is a test" in record for record in seen.records)


def test_one_that_breaks_the_stages_order_is_refused_with_its_line(seen: Seen) -> None:
    assert seen.refusals["order"].code == 5
    assert "line " in seen.refusals["order"].stderr
    assert "after guests and before provision" in seen.refusals["order"].stderr


def test_one_that_makes_a_circle_with_the_plan_is_refused_by_name(seen: Seen) -> None:
    assert seen.refusals["circle"].code == 3
    assert "wait for each other" in seen.refusals["circle"].stderr
    assert "guests/loop/prompt" in seen.refusals["circle"].stderr


def test_one_that_names_nothing_is_refused_by_name(seen: Seen) -> None:
    assert seen.refusals["nothing"].code == 3
    said = seen.refusals["nothing"].stderr
    assert "[[step]] mail: names guests/mail-99/power-on, which this plan has not" in said
    assert "/nowhere/mail is not there" in said
