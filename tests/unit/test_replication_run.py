"""Halt, promote, present and clean up, against an array that does what arrays do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from drconsole.errors import DeviceError, InvalidConfiguration, Refused
from drconsole.model.site import ArrayPlace
from drconsole.model.step import Mode
from drconsole.model.target import Target
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.replication.handlers import handlers
from drconsole.replication.registry import open_array
from drconsole.replication.steps import cleanup_steps, promoted, steps
from drconsole.settings.values import Array
from tests.unit.devices.array import PIT, FakeArray
from tests.unit.devices.plans import hardware, plan, settings, site
from tests.unit.devices.served import served
from tests.unit.devices.work import Carrier

GROUP = "array1/g1"


@asynccontextmanager
async def carried(array: FakeArray, folder: Path, given: PlanInput) -> AsyncIterator[Carrier]:
    async with served(array.application(), folder) as place:
        yield Carrier(handlers(settings(folder, array=place), given), given.mode)


async def run(array: FakeArray, folder: Path, mode: Mode) -> Carrier:
    given = plan(mode=mode)
    async with carried(array, folder, given) as carrier:
        await carrier.carry(*steps(given))
    return carrier


async def test_a_drill_clones_and_replication_goes_on(tmp_path: Path) -> None:
    array = FakeArray()
    carrier = await run(array, tmp_path, "drill")
    halted = carrier.results[keys.halted(GROUP)]
    assert (halted["clone"], halted["point_in_time"], halted["rpo_s"]) == ("c/1", PIT, 7.0)
    assert array.state == "target"
    assert array.calls == ["clone", "present c1-b/1", "present c1-e1"]
    assert array.clones[0]["label"] == "drconsole-R-1-g1"


async def test_a_disaster_halts_promotes_and_presents(tmp_path: Path) -> None:
    array = FakeArray()
    carrier = await run(array, tmp_path, "disaster")
    assert array.calls == ["halt", "promote", "present b/1", "present e1"]
    assert array.tokens == {f"R-1/{keys.halted(GROUP)}"}
    assert carrier.results[keys.halted(GROUP)]["rpo_s"] == 7.0
    assert carrier.results[keys.presented(GROUP)]["volumes"] == [
        {
            "volume": "vol-1",
            "replica": "b/1",
            "naa": "naa.600",
            "nfs_host": "",
            "nfs_path": "",
            "label": "vmfs-1",
            "hosts": ["esx-01"],
        },
        {
            "volume": "exp-1",
            "replica": "e1",
            "naa": "",
            "nfs_host": "10.30.0.8",
            "nfs_path": "/exp",
            "label": "nfs-1",
            "hosts": ["esx-01"],
        },
    ]


async def test_each_volume_is_shown_to_what_its_hosts_are_known_by(tmp_path: Path) -> None:
    """The storage address of the captured subnet, not the management one."""
    array = FakeArray()
    await run(array, tmp_path, "disaster")
    assert array.presented == {"b/1": ["10000000c9000001"], "e1": ["10.30.0.21"]}


async def test_carried_again_nothing_is_done_twice(tmp_path: Path) -> None:
    array = FakeArray()
    await run(array, tmp_path, "drill")
    before = list(array.calls)
    carrier = await run(array, tmp_path, "drill")
    assert (array.calls, carrier.acted) == (before, [])


async def test_cleanup_withdraws_and_drops_our_clones_only(tmp_path: Path) -> None:
    array = FakeArray()
    await run(array, tmp_path, "drill")
    array.clones.append({**array.clones[0], "handle": "c/9", "label": "somebody else's", "volumes": []})
    array.presented["other"] = ["10000000c9000009"]
    given = plan()
    async with carried(array, tmp_path, given) as carrier:
        await carrier.carry(*cleanup_steps(given))
        await carrier.carry(*cleanup_steps(given))
    assert [clone["handle"] for clone in array.clones] == ["c/9"]
    assert array.presented == {"c1-b/1": [], "c1-e1": [], "other": ["10000000c9000009"]}
    assert array.calls.count("drop") == 1


def test_a_real_run_leaves_replication_as_it_is() -> None:
    assert cleanup_steps(plan(mode="disaster")) == ()


@pytest.mark.parametrize("verb", ["clones", "halt", "promote", "e1"])
async def test_a_connection_that_dies_in_a_verb_is_asked_what_happened(tmp_path: Path, verb: str) -> None:
    array = FakeArray(dies_after=verb)
    await run(array, tmp_path, "drill" if verb == "clones" else "disaster")
    assert sorted(set(array.calls)) == sorted(array.calls)


async def test_a_pending_operation_is_waited_for(tmp_path: Path) -> None:
    array = FakeArray(pending=2)
    await run(array, tmp_path, "drill")
    assert array.calls[0] == "clone"


async def test_a_partial_halt_stops_and_names_the_volume_and_a_retry_mends_it(tmp_path: Path) -> None:
    array = FakeArray(refuses="exp-1")
    given = plan(mode="disaster")
    async with carried(array, tmp_path, given) as carrier:
        with pytest.raises(DeviceError, match=r"not halted are exp-1 \(busy\)") as caught:
            await carrier.carry(*steps(given))
        assert caught.value.code == "PARTIAL"
        array.refuses = ""
        await carrier.carry(*steps(given))
    assert array.calls == ["halt", "halt", "promote", "present b/1", "present e1"]


@pytest.mark.parametrize("mode", ["drill", "disaster"])
async def test_an_unfinished_first_synchronisation_is_refused(tmp_path: Path, mode: Mode) -> None:
    array = FakeArray(synced=False)
    with pytest.raises(Refused, match="vol-1, exp-1"):
        await run(array, tmp_path, mode)
    assert array.calls == []


async def test_what_still_receives_replication_is_never_presented(tmp_path: Path) -> None:
    array = FakeArray()
    given = plan(mode="disaster")
    present = next(step for step in steps(given) if step.key == keys.presented(GROUP))
    async with carried(array, tmp_path, given) as carrier:
        with pytest.raises(Refused, match="never presented"):
            await carrier.carry(present)
    assert array.calls == []


async def test_a_lag_above_the_objective_is_said(tmp_path: Path) -> None:
    carrier = await run(FakeArray(lag_s=61), tmp_path, "disaster")
    assert carrier.said[0] == "array1/g1 is 61 s behind its source, more than the objective of 60 s"


async def test_a_host_that_no_array_could_know_is_refused(tmp_path: Path) -> None:
    target = Target(name="E", segment="rack-1", hardware=hardware(wwpns=()))
    given = plan(mode="disaster", target=target)
    async with carried(FakeArray(), tmp_path, given) as carrier:
        with pytest.raises(Refused, match="host esx-01, volume vol-1: has no Fibre Channel port"):
            await carrier.carry(*steps(given))


def test_connecting_waits_for_the_barrier_and_for_the_halt() -> None:
    by_key = {step.key: step for step in steps(plan(mode="disaster"))}
    assert by_key[keys.halted(GROUP)].needs == (keys.PREFLIGHT,)
    assert set(by_key[promoted(GROUP)].needs) == {keys.BARRIER, keys.halted(GROUP)}
    assert set(by_key[keys.presented(GROUP)].needs) == {
        keys.BARRIER,
        keys.halted(GROUP),
        promoted(GROUP),
    }
    assert promoted(GROUP) not in {step.key for step in steps(plan())}
    assert {step.resources for step in by_key.values()} == {("array:r1",)}


def test_a_protected_array_without_a_copy_is_named() -> None:
    alone = msgspec.structs.replace(site(), arrays=site().arrays[:1])
    with pytest.raises(InvalidConfiguration, match="array array1: 0 recovery arrays"):
        steps(plan(site=alone))


def test_an_unknown_driver_is_named(tmp_path: Path) -> None:
    place = ArrayPlace(name="r1", driver="tape", side="recovery")
    endpoint = settings(tmp_path).pool
    assert endpoint == {}
    with pytest.raises(InvalidConfiguration, match="driver tape does not exist"):
        open_array(Array(place=place, endpoint=None), settings(tmp_path))  # type: ignore[arg-type]  # never looked at
