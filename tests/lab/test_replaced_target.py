"""The management server's machine is broken for good: a spare takes its place, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.comparer.ledger import disorder
from tests.lab.evidence import Evidence, seen
from tests.lab.operator import Outcome
from tests.lab.own_lab import OwnLab, own_lab

pytestmark = pytest.mark.timeout(300)

SERVER = "vc-01"
STEP = f"provision/{SERVER}/install"


@dataclass(frozen=True)
class Story:
    """What was seen; `broken` is the target that failed, `spare` the one that took its place."""

    broken: str
    spare: str
    waited: Outcome
    page: str
    detail: dict[str, Any]
    replaced: Outcome
    again: Outcome
    flags: Outcome
    evidence: Evidence
    cleanup: Outcome
    targets: list[dict[str, Any]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("replaced")
    with own_lab(folder / "lab", hosts=2, vms=8, targets=8, speed=150) as lab:
        lab.captured()
        return told(lab)


def told(lab: OwnLab) -> Story:
    operator, mapping = lab.operator, lab.directory / "mapping.xml"
    assert operator("map", "pittsburgh", "--out", mapping).code == 0
    matches = operator.json("map", "pittsburgh")["matches"]
    broken = next(match["target"] for match in matches if match["name"] == SERVER)
    before, bare, start = lab.dump("protected"), lab.dump("recovered"), len(lab.ledger())
    lab.fault("install-fails", f"machine={broken}")
    waited = lab.recover("drill", "--mapping", mapping)
    run = waited.json["run"]
    page = operator("run", "show", run, "--step", STEP).stdout.decode()
    detail = operator.json("run", "show", run, "--step", STEP)
    replaced = operator("run", "replace", run, broken, "--json")
    again = operator("run", "replace", run, broken)
    kill_runner(lab, run)
    outcome = operator("run", "attach", run, "--json")
    flags = operator("run", "flags", run, "--leave-out", "db-01")
    evidence = seen(lab, "drill", before, bare, start, outcome)
    cleanup = operator("run", "cleanup", run, "--json")
    spare = next(m["target"] for m in outcome.json["machines"] if m["protected"] == SERVER)
    return Story(
        broken=broken,
        spare=spare,
        waited=waited,
        page=page,
        detail=detail,
        replaced=replaced,
        again=again,
        flags=flags,
        evidence=evidence,
        cleanup=cleanup,
        targets=operator.json("target", "list"),
    )


def kill_runner(lab: OwnLab, run: str) -> None:
    """In the middle of the replacement: the spare boots, or the broken machine is being switched off."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        view = lab.operator.json("run", "show", run)
        if view["runner"] and any(step["state"] == "running" for step in view["steps"]):
            os.kill(view["runner"]["pid"], signal.SIGKILL)
            return
    raise AssertionError("the run did not go on")


def test_the_waiting_run_says_what_can_be_done(story: Story) -> None:
    assert story.waited.code == 6
    assert "run replace" in story.waited.stderr
    assert f"--step {STEP}" in story.waited.stderr
    assert story.detail["attempted"][0]["end"] == "failed"
    verbs = {choice["verb"]: choice for choice in story.detail["choices"]}
    assert list(verbs) == ["retry", "replace", "cancel", "skip"]
    assert verbs["skip"]["refused"]
    assert verbs["replace"]["command"].endswith(f"{story.broken} --by {story.spare}")
    assert STEP in verbs["replace"]["retried"]
    for told in (
        "What was attempted",
        "What the device said",
        "input/output error",
        "What was seen after",
        "run replace",
    ):
        assert told in story.page


def test_the_spare_takes_its_place_and_the_second_operator_is_told(story: Story) -> None:
    assert story.replaced.code == 0, story.replaced.stderr
    assert f"{story.spare} takes the place of {story.broken}" in story.replaced.json["text"]
    assert story.again.code == 3
    assert f"{story.spare} has taken its place; root said replace" in story.again.stderr


def test_the_run_ends_as_if_nothing_had_been(story: Story) -> None:
    assert story.evidence.outcome.code == 0, story.evidence.outcome.stderr[-2000:]
    assert story.evidence.view["state"] == "held"
    assert {step["state"] for step in story.evidence.view["steps"]} == {"done"}
    assert story.evidence.lost == []
    assert [f"{d.where}: {d.captured} → {d.recovered}" for d in story.evidence.judgement.lost] == []


def test_nothing_happened_twice_and_in_no_other_order(story: Story) -> None:
    """The former machine has its role's captured address: it is off before the spare boots."""
    assert disorder(story.evidence.ledger, story.evidence.roles) == []
    off = [
        n
        for n, e in enumerate(story.evidence.ledger)
        if (e.effect, e.object) == ("power-off", f"machine/{story.broken}")
    ]
    boots = [
        n
        for n, e in enumerate(story.evidence.ledger)
        if (e.effect, e.object) == ("netboot", f"machine/{story.spare}")
    ]
    assert min(off) < min(boots)


def test_who_did_what_stands_in_the_run_and_its_report(story: Story) -> None:
    view = story.evidence.view
    assert [(verb["actor"], verb["verb"]) for verb in view["verbs"]] == [("root", "replace")]
    assert [each["number"] for each in view["amendments"]] == [1]
    former = [machine for machine in view["machines"] if machine["role"] == "former"]
    assert [(m["target"], m["state"]) for m in former] == [(story.broken, "leased")]
    assert f"replaced by {story.spare}" in former[0]["note"]


def test_flags_have_their_time(story: Story) -> None:
    assert story.flags.code == 3


def test_the_cleanup_wipes_both_and_gives_them_back(story: Story) -> None:
    assert story.cleanup.code == 0, story.cleanup.stderr[-2000:]
    assert {target["state"] for target in story.targets} == {"free"}
