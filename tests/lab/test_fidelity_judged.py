"""Fidelity judged twice: by the run, and by the world. Both find every wrong value, and the same ones."""

from __future__ import annotations

import copy
import random
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drconsole import documents
from drconsole.model.inventory import Snapshot
from drconsole.model.step import Facts
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery.fidelity import RULES as RUN_RULES
from drconsole.recovery.fidelity import compare
from tests.comparer.corruption import corruptions, leaf_count, wrong
from tests.comparer.fidelity import judge
from tests.comparer.leaves import leaves
from tests.comparer.rules import FREE, RULES
from tests.lab.evidence import Evidence, seen
from tests.lab.own_lab import own_lab
from tests.lab.vsphere_client import disturb, recovered_vcenter

COUNT = 100

pytestmark = pytest.mark.timeout(240)


# The world's word


@pytest.mark.parametrize("seed", [1, 20261122])
def test_every_wrong_value_of_a_recovered_world_is_found(drill: Evidence, seed: int) -> None:
    assert drill.judgement.lost == ()
    missed = [
        what
        for what, corrupted in corruptions(drill.after, COUNT, seed)
        if not judge(drill.before, corrupted, drill.setting).lost
    ]
    assert missed == []


def test_an_object_that_is_missing_or_stands_there_unasked_is_found(drill: Evidence) -> None:
    for kind in ("folder", "virtualMachine", "resourcePool", "distributedPortGroup", "network"):
        without, twice = copy.deepcopy(drill.after), copy.deepcopy(drill.after)
        gone = without[kind].pop()
        assert {d.path for d in judge(drill.before, without, drill.setting).lost} == {gone["path"]}
        twice[kind].append({**twice[kind][0], "path": f"{twice[kind][0]['path']} (1)"})
        assert judge(drill.before, twice, drill.setting).lost


def test_every_rule_names_one_leaf_and_its_reason() -> None:
    for rule in RULES:
        assert rule.reason
        assert not set("*?[") & set(rule.name)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_a_rule_only_names_leaves_that_there_are(drill: Evidence) -> None:
    there = {
        f"{kind}.{leaf.property}"
        for side in (drill.before, drill.after)
        for kind, items in side.items()
        for item in items
        for leaf in leaves(item).values()
    }
    assert {rule.name for rule in RULES} <= there


def test_what_each_rule_excused_is_counted(drill: Evidence) -> None:
    judged = drill.judgement
    assert sum(judged.excused.values()) == len(judged.differences)
    assert judged.matched + len([d for d in judged.differences if d.captured is not None]) == judged.total
    free = sum(count for name, count in judged.excused.items() if name in FREE)
    assert free < leaf_count(drill.after) / 100, "nearly every excuse has to prove itself"


# The run's word


def _compared(evidence: Evidence) -> tuple[PlanInput, Snapshot, dict[str, Facts]]:
    """What the run itself compared, from its journal and its file."""
    state, run = evidence.directory / "state", evidence.view["run"]
    with closing(sqlite3.connect(state / "journal.db")) as journal:
        (source,) = journal.execute("SELECT input FROM frozen WHERE run = ?", (run,)).fetchone()
        rows = journal.execute(
            'SELECT "key", result FROM step WHERE run = ? AND "key" LIKE ?', (run, "uplinks/%")
        ).fetchall()
    plan = msgspec.json.decode(zlib.decompress(source), type=PlanInput)
    recovered = documents.read_snapshot((state / "runs" / run / "recovered.xml").read_bytes())
    return plan, recovered, {key: msgspec.json.decode(result) for key, result in rows if result}


def _wrong_snapshots(snapshot: Snapshot, count: int) -> Iterator[tuple[str, Snapshot]]:
    """As `corruptions`, of a snapshot: values that the run's rules do not leave open, references aside."""
    free = {rule.name for rule in RUN_RULES if rule.when is None}
    named = {field.encode_name: field.name for field in msgspec.structs.fields(Snapshot)}
    tree = msgspec.json.decode(msgspec.json.encode(snapshot))
    places = [
        (collection, number, steps)
        for collection, items in tree.items()
        if isinstance(items, list) and collection not in _ELSEWHERE
        for number, item in enumerate(items)
        for steps, prop in _values(item, (), "")
        if f"{getattr(snapshot, named[collection])[number].kind}.{prop}" not in free
    ]
    numbers = random.Random(7).sample(range(len(places)), len(places))
    found = 0
    for number in numbers:
        collection, position, steps = places[number]
        changed = copy.deepcopy(tree)
        holder: Any = changed[collection][position]
        for step in steps[:-1]:
            holder = holder[step]
        holder[steps[-1]] = wrong(holder[steps[-1]], number)
        try:
            yield f"{collection}[{position}] {steps}", msgspec.convert(changed, Snapshot)
        except msgspec.ValidationError:
            continue  # a word of a fixed list has no wrong neighbour of its own shape
        found += 1
        if found == count:
            return


_ELSEWHERE = {"storageArrays", "volumes", "dangling", "physicalServers"}
"""Collections of the configuration, and what is no object."""
_NAMELESS = {"id", "extensions", "key", "kind"}


def _values(
    found: Any, steps: tuple[str | int, ...], prop: str
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(found, dict):
        for name, part in found.items():
            if name not in _NAMELESS:
                yield from _values(part, (*steps, name), f"{prop}.{name}" if prop else name)
    elif isinstance(found, list) and found and isinstance(found[0], dict):
        for number, part in enumerate(found):
            yield from _values(part, (*steps, number), prop)
    elif isinstance(found, str | int | bool | float) and found not in ("", 0, False):
        yield steps, prop


def test_the_run_finds_every_wrong_value_of_what_it_captured(drill: Evidence) -> None:
    plan, recovered, uplinks = _compared(drill)
    assert [d for d in compare(plan, recovered, uplinks).differences if d.klass == "lost"] == []
    tried = list(_wrong_snapshots(recovered, COUNT))
    missed = [
        what
        for what, corrupted in tried
        if not [d for d in compare(plan, corrupted, uplinks).differences if d.klass == "lost"]
    ]
    assert len(tried) == COUNT
    assert missed == []


# Both, of a world that somebody disturbed


def test_values_that_somebody_changes_before_verify_are_lost_by_both_words(tmp_path: Path) -> None:
    with own_lab(tmp_path / "lab", hosts=2, vms=8, targets=4, speed=150) as lab:
        lab.captured()
        before, bare, start = lab.dump("protected"), lab.dump("recovered"), len(lab.ledger())
        lab.fault("task-fails", "method=PowerOnVM_Task")
        waiting = lab.recover("drill")
        assert waiting.code == 6
        failed = [step["key"] for step in waiting.json["steps"] if step["state"] == "failed"]
        assert all(key.endswith("/power-on") for key in failed), failed
        guest = next(g["name"] for g in before["virtualMachine"] if g["power"] == "off" and not g["template"])
        with recovered_vcenter(lab) as content:
            changed = disturb(content, guest)
        lab.fault("task-fails", "clear=true")
        run = waiting.json["run"]
        assert lab.operator("run", "retry", run, "--all").code == 0
        outcome = lab.operator("run", "attach", run, "--json")
        evidence = seen(lab, "drill", before, bare, start, outcome)
    assert outcome.code == 6
    assert {(d.kind, d.path.rpartition("/")[2]) for d in evidence.judgement.lost} == changed
    told = [found.partition("].")[0].partition("[") for found in evidence.lost]
    assert {(kind, path.rpartition("/")[2]) for kind, _, path in told} == changed
    assert len(evidence.lost) == len(evidence.judgement.lost) == len(changed)
