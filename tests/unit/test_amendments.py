"""A plan amended in mid-run: what is done again, what stays done, and who has which machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import pytest

from drconsole.errors import Busy, Refused
from drconsole.journal import pool, runs, steps
from drconsole.journal.journal import Journal
from drconsole.model.run import StepState
from drconsole.model.step import Step, step_key
from drconsole.planning import keys
from drconsole.planning.amend import difference, done_again
from drconsole.planning.plan_input import PlanInput
from drconsole.recovery import amend, verbs
from drconsole.recovery.amend import Change, Seen, Stale
from drconsole.recovery.verbs.giving_up import giving_up, host_of
from drconsole.recovery.verbs.replacing import replacement
from drconsole.recovery.view import run_view
from tests.unit.runs.amendable import SmallRoom, amended, frozen, pool_of, went
from tests.unit.runs.following import states
from tests.unit.runs.plans import settings, step, url

BOOT, READY = step_key("provision", "esx-01", "boot"), keys.ready("esx-01")
TRY = step_key("uplinks", "esx-01", "try")


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    opened = Journal(url(tmp_path))
    await frozen(tmp_path, opened)
    yield opened
    await opened.close()


def replacing(journal: Journal, target: str, by: str = "") -> partial[Change]:
    return partial(replace, pool=journal, target=target, by=by)


def replace(seen: Seen, *, pool: Journal, target: str, by: str) -> Change:
    return replacement(seen, target, by, pool_of(pool).values(), ())


def giving(seen: Seen, *, key: str) -> Change:
    need = host_of(seen, key)
    assert need is not None
    return giving_up(seen, need, key, reason="its board is dead")


def source_of(journal: Journal) -> PlanInput:
    return msgspec.json.decode(journal.read(lambda c: runs.frozen(c, "R-1"))[1], type=PlanInput)


def leases(journal: Journal) -> dict[str, tuple[str, str]]:
    return {name: (lease.state, lease.role) for name, lease in journal.read(pool.leases).items()}


async def test_a_failed_machine_s_role_goes_to_the_spare_that_fits_best(
    tmp_path: Path, journal: Journal
) -> None:
    await went(journal, {keys.PREFLIGHT: "done", keys.halted("a1/g1"): "done", BOOT: "failed"})
    before = journal.read(lambda c: steps.load(c, "R-1"))
    reply = await amended(tmp_path, journal, replacing(journal, "T0"))
    assert "X1 takes the place of T0 as esx-01" in reply.text
    after = journal.read(lambda c: steps.load(c, "R-1"))
    assert after[BOOT].step.machine == "X1"
    assert after[BOOT].state == "pending"
    assert after[BOOT].attempts == 1
    assert keys.leased("X1") in after[BOOT].step.needs
    others = {key: row for key, row in before.items() if "esx-01" not in key and "T0" not in key}
    kept = {key: (row.state, row.result, row.attempts) for key, row in others.items()}
    assert {key: (after[key].state, after[key].result, after[key].attempts) for key in others} == kept
    assert after[keys.PREFLIGHT].state == "done"
    assert after[keys.halted("a1/g1")].state == "done"


async def test_what_was_touched_stays_the_run_s_until_it_is_wiped(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {BOOT: "failed"})
    await amended(tmp_path, journal, replacing(journal, "T0"))
    assert leases(journal)["T0"] == ("leased", "")
    assert leases(journal)["X1"] == ("reserved", "esx-01")
    with pytest.raises(Busy, match="not wiped yet"):
        await journal.write(lambda c: pool.reserve(c, "R-2", "T0", "esx-09", "host"))
    cleanup = journal.read(lambda c: steps.load(c, "R-1", cleanup=True))
    assert {step_key("cleanup", name, verb) for name in ("T0", "X1") for verb in ("wipe", "free")} <= set(
        cleanup
    )
    made = source_of(journal)
    assert [gone.target for gone in made.former] == ["T0"]
    assert made.addresses["esx-01"] != made.former[0].address
    assert [m.target for m in journal.read(lambda c: run_view(c, "R-1")).machines if m.role == "former"] == [
        "T0"
    ]


async def test_what_nobody_touched_is_free_at_once(tmp_path: Path, journal: Journal) -> None:
    before = source_of(journal).addresses["esx-01"]
    await amended(tmp_path, journal, replacing(journal, "T0", "X2"))
    assert "T0" not in leases(journal)
    made = source_of(journal)
    assert made.former == ()
    assert made.addresses["esx-01"] == before
    assert step_key("cleanup", "T0", "free") not in {
        key
        for key, row in journal.read(lambda c: steps.load(c, "R-1", cleanup=True)).items()
        if row.state != "cancelled"
    }


async def test_a_spare_that_nobody_has_touched_yet_is_free_at_once_too(
    tmp_path: Path, journal: Journal
) -> None:
    """Its role's steps have been tried, on the machine before it."""
    await went(journal, {BOOT: "failed"})
    await amended(tmp_path, journal, replacing(journal, "T0", "X1"))
    await amended(tmp_path, journal, replacing(journal, "X1", "X2"))
    assert {name: held for name, held in leases(journal).items() if name in ("T0", "X1", "X2")} == {
        "T0": ("leased", ""),
        "X2": ("reserved", "esx-01"),
    }
    assert [gone.target for gone in source_of(journal).former] == ["T0"]


@pytest.mark.parametrize(("state", "left"), [("done", True), ("pending", False)])
async def test_a_machine_that_was_taken_from_a_drill_is_wiped_before_it_is_anybody_s(
    journal: Journal, state: StepState, left: bool
) -> None:
    take = step(
        "preflight/X1/reserve", machine="X1", arguments={"target": "X1", "role": "esx-01", "drill": "R-0"}
    )
    await journal.write(lambda c: steps.add(c, "R-1", [take], cleanup=False))
    await went(journal, {take.key: state, BOOT: "failed"})
    rows = journal.read(lambda c: steps.load(c, "R-1"))
    assert {name: amend.touched(rows, name) for name in ("T0", "T1", "X1")} == {
        "T0": True,
        "T1": False,
        "X1": left,
    }


def test_arguments_that_were_frozen_are_the_same_arguments() -> None:
    """JSON knows no tuples: a step that only asks now, or waits for more, does nothing else than before."""
    made = step("uplinks/esx-01/apply", machine="T0", arguments={"at": ("a", "b"), "nics": {"x": ("y",)}})
    frozen_step = msgspec.json.decode(msgspec.json.encode(made), type=Step)
    asking = msgspec.structs.replace(made, asks=True)
    found = difference([made], [asking])
    assert found.changed == (asking,)
    assert done_again([frozen_step], [asking], found, {"T0"}) == frozenset()
    other = msgspec.structs.replace(made, arguments={"at": ("a", "c"), "nics": {"x": ("y",)}})
    assert done_again([frozen_step], [other], difference([made], [other]), {"T0"}) == {made.key}


async def test_a_host_that_is_ready_is_installed_anew_on_its_spare(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {BOOT: "done", READY: "done", TRY: "failed"})
    await amended(tmp_path, journal, replacing(journal, "T0"))
    after = journal.read(lambda c: steps.load(c, "R-1"))
    assert {key: after[key].state for key in (BOOT, READY, TRY)} == dict.fromkeys(
        (BOOT, READY, TRY), "pending"
    )
    assert after[READY].result is None


async def test_a_new_management_server_is_asked_again_whether_it_reaches_the_hosts(
    tmp_path: Path, journal: Journal
) -> None:
    """What was done on a host stands there; what was made or asked at the former server does not count."""
    server = (step_key("provision", "vc-01", "boot"), keys.ready("vc-01"), keys.MANAGEMENT_DATACENTERS)
    proof = keys.proved("esx-01")
    await went(journal, dict.fromkeys((*server, BOOT, READY, TRY, proof), "done"))
    await amended(tmp_path, journal, replacing(journal, "D"))
    found = states(journal)
    assert {found[key] for key in (*server, proof)} == {"pending"}
    assert {found[key] for key in (BOOT, READY, TRY)} == {"done"}


async def test_once_the_barrier_has_begun_the_answer_is_no_and_says_what_to_do(
    tmp_path: Path, journal: Journal
) -> None:
    await went(journal, {keys.BARRIER: "done"})
    with pytest.raises(
        Refused, match="cannot be replaced any more: its storage is being connected"
    ) as refused:
        await amended(tmp_path, journal, replacing(journal, "T0"))
    assert "skip it with a reason" in refused.value.remedy


async def test_a_barrier_that_begins_while_the_amendment_is_composed_forbids_it(
    tmp_path: Path, journal: Journal
) -> None:
    seen = journal.read(lambda c: amend.see(c, "R-1"))
    change = replacing(journal, "T0")(seen)
    made = amend.compose(settings(tmp_path), seen, change, [SmallRoom()])
    await went(journal, {keys.BARRIER: "done"})
    with pytest.raises(Refused, match="storage is being connected"):
        await journal.write(lambda c: amend.write(c, made, actor="ann"))
    assert "X1" not in leases(journal)
    assert source_of(journal).mapping.hosts[0].target == "T0"


async def test_a_machine_that_was_touched_meanwhile_is_decided_about_anew(
    tmp_path: Path, journal: Journal
) -> None:
    seen = journal.read(lambda c: amend.see(c, "R-1"))
    made = amend.compose(settings(tmp_path), seen, replacing(journal, "T0")(seen), [SmallRoom()])
    await went(journal, {BOOT: "failed"})
    with pytest.raises(Stale):
        await journal.write(lambda c: amend.write(c, made, actor="ann"))


async def test_the_second_operator_hears_who_has_replaced_the_target(
    tmp_path: Path, journal: Journal
) -> None:
    await went(journal, {BOOT: "failed"})
    await amended(tmp_path, journal, replacing(journal, "T0"))
    with pytest.raises(Refused, match="T0 has no role any more: X1 has taken its place"):
        await amended(tmp_path, journal, replacing(journal, "T0"), actor="bob")


async def test_no_spare_is_refused_with_every_target_and_its_reason(tmp_path: Path, journal: Journal) -> None:
    def few(seen: Seen) -> Change:
        targets = {name: each for name, each in pool_of(journal).items() if not name.startswith("X")}
        return replacement(seen, "T0", "", targets.values(), ())

    with pytest.raises(Refused, match=r"no spare fits for esx-01 \(32 threads, 128 GiB, 4 NICs\)") as refused:
        await amended(tmp_path, journal, few)
    assert "D2 8 threads, 32 needed" in str(refused.value)


async def test_a_target_of_another_run_is_named_as_its(tmp_path: Path, journal: Journal) -> None:
    seen = journal.read(lambda c: amend.see(c, "R-1"))
    made = amend.compose(settings(tmp_path), seen, replacing(journal, "T0")(seen), [SmallRoom()])
    await frozen_elsewhere(journal, "X1")
    with pytest.raises(Busy, match="X1 is reserved for esx-07 by run R-2"):
        await journal.write(lambda c: amend.write(c, made, actor="ann"))
    assert leases(journal)["T0"][0] == "leased"


async def frozen_elsewhere(journal: Journal, target: str) -> None:
    plan, source = journal.read(lambda c: runs.frozen(c, "R-1"))
    other = msgspec.structs.replace(plan, run="R-2")
    await journal.write(lambda c: runs.create(c, other, source, actor="eve", auto_cleanup=False))
    await journal.write(lambda c: pool.reserve(c, "R-2", target, "esx-07", "host"))


async def test_a_host_given_up_leaves_the_barrier_and_its_guests_move(
    tmp_path: Path, journal: Journal
) -> None:
    await went(journal, {BOOT: "failed"})
    with pytest.raises(Refused, match="without it the run cannot go on"):
        await journal.write(lambda c: verbs.skip(c, "R-1", BOOT, reason="dead", actor="ann"))
    reply = await amended(tmp_path, journal, partial(giving, key=BOOT))
    assert "esx-01 is given up" in reply.text
    after = journal.read(lambda c: steps.load(c, "R-1"))
    assert keys.proved("esx-01") not in after[keys.BARRIER].step.needs
    assert {after[key].state for key in (BOOT, READY, TRY, keys.host_added("esx-01"))} == {"skipped"}
    assert leases(journal)["T0"] == ("leased", "")
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert {step.key for step in view.steps if step.state == "skipped"} >= {BOOT, READY}
    assert not any(step.state == "cancelled" for step in view.steps)


async def test_the_last_host_is_not_given_up(tmp_path: Path, journal: Journal) -> None:
    for number in (1, 2, 3):
        key = step_key("provision", f"esx-0{number}", "boot")
        await amended(tmp_path, journal, partial(giving, key=key))
    with pytest.raises(Refused, match="esx-04 is the last host"):
        await amended(tmp_path, journal, partial(giving, key=step_key("provision", "esx-04", "boot")))


async def test_what_was_amended_and_by_whom_stands_in_the_run(tmp_path: Path, journal: Journal) -> None:
    await went(journal, {BOOT: "failed"})
    await amended(tmp_path, journal, replacing(journal, "T0"))
    view = journal.read(lambda c: run_view(c, "R-1"))
    assert [(verb.actor, verb.verb) for verb in view.verbs] == [("ann", "replace")]
    assert BOOT in view.verbs[0].steps
    assert [(each.number, each.actor) for each in view.amendments] == [(1, "ann")]
