"""A planned run's last writes and its fence: the array decides, and the operator where it is silent."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from msgspec.structs import replace

from drconsole.errors import DeviceError, Question, Unreachable
from drconsole.model.step import Done, Facts, Step
from drconsole.planning import keys
from drconsole.planning.plan_input import PlanInput
from drconsole.replication import group_handler, planned
from drconsole.replication.contract import GroupStatus, VolumeStatus
from drconsole.replication.handlers import handlers
from drconsole.replication.steps import cleanup_steps, steps
from drconsole.settings.values import DEADLINES, Array, Endpoint, Settings
from tests.unit.devices.plans import plan, settings
from tests.unit.devices.work import FakeWork

GROUP = "array1/g1"
EARLY, NOW, LATE = "2026-11-22T08:00:00Z", "2026-11-22T08:00:07Z", "2026-11-22T08:00:09Z"
_NOWHERE = Endpoint(address="127.0.0.1:1", username="u", password="env:X", pin="sha256:" + "0" * 64)


@dataclass
class Device:
    """An array as a driver sees it; `fails` is raised by its changing verbs."""

    status: GroupStatus
    fails: Exception | None = None
    calls: list[str] = field(default_factory=list)

    async def query(self, group: str) -> GroupStatus:
        if isinstance(self.fails, Unreachable):
            raise self.fails
        return self.status

    async def sync(self, group: str, *, token: str) -> None:
        self._called("sync")
        self.status = replace(self.status, point_in_time=LATE, as_of=LATE)

    async def fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        self._called(f"fence {','.join(sorted(volumes))}")
        self._set(volumes, fenced=True)

    async def lift_fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        self._called(f"lift {','.join(sorted(volumes))}")
        self._set(volumes, fenced=False)

    async def close(self) -> None:
        """Nothing is open."""

    def _called(self, verb: str) -> None:
        if self.fails is not None:
            raise self.fails
        self.calls.append(verb)

    def _set(self, volumes: tuple[str, ...], *, fenced: bool) -> None:
        changed = (replace(v, fenced=fenced) if v.id in volumes else v for v in self.status.volumes)
        self.status = replace(self.status, volumes=tuple(changed))


def device(state: str = "target", *ids: str) -> Device:
    volumes = tuple(VolumeStatus(id=i, source=i, state="target") for i in ids)
    found = GroupStatus(id="g1", state="target", as_of=NOW, point_in_time=EARLY, volumes=volumes)
    return Device(replace(found, state=state))


@dataclass
class Bench:
    """A planned run over a recovery array and a protected one."""

    plan: PlanInput
    settings: Settings
    recovery: Device
    source: Device
    approved: frozenset[str] = frozenset()
    results: dict[str, Facts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bound = handlers(self.settings, self.plan)
        found = (*steps(self.plan), *cleanup_steps(self.plan))
        self.steps = {step.key: step for step in found}

    def opened(self, array: Array, _settings: Settings) -> Device:
        return self.recovery if array.place.side == "recovery" else self.source

    async def carry(self, key: str, **arguments: object) -> Done | None:
        step: Step = self.steps[key]
        step = replace(step, arguments=step.arguments | arguments)
        work = FakeWork(step, "planned", self.results, [])
        work.approved = self.approved
        handler = self.bound[step.handler]
        if (found := await handler.observe(work)) is None:
            await handler.act(work)
            found = await handler.observe(work)
        if found is not None:
            self.results[key] = found.result
        return found


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = plan(mode="planned", deadlines=DEADLINES)
    known = {place.name: Array(place=place, endpoint=_NOWHERE) for place in made.site.arrays}
    configured = replace(settings(tmp_path), arrays=known)
    volumes = [volume for entry in made.site.groups for volume in entry.volumes]
    found = Bench(made, configured, device("target", *volumes), device("source", *volumes))
    monkeypatch.setattr(group_handler, "open_array", found.opened)
    monkeypatch.setattr(planned, "_PATIENCE_S", (0.0,))
    monkeypatch.setattr(planned, "_LOOK_S", 0.0)
    return found


async def test_only_a_point_in_time_after_the_guests_were_off_counts(bench: Bench) -> None:
    found = await bench.carry(keys.synced(GROUP))
    assert found is not None
    assert found.result == {"after": NOW, "point_in_time": LATE}
    assert bench.recovery.calls == ["sync"]


async def test_an_array_that_cannot_be_asked_is_waited_for(bench: Bench) -> None:
    bench.recovery.fails = DeviceError("no such call", code="UNIMPLEMENTED")
    with pytest.raises(Question, match="have not arrived"):
        await bench.carry(keys.synced(GROUP), within_s=0.0)


async def test_a_source_that_is_gone_is_the_operators_to_decide(bench: Bench) -> None:
    bench.recovery.fails = DeviceError("its source does not answer", code="FAILED_PRECONDITION")
    with pytest.raises(Question, match="go on without them") as asked:
        await bench.carry(keys.synced(GROUP))
    bench.approved = frozenset({asked.value.message})
    found = await bench.carry(keys.synced(GROUP))
    assert found is not None
    assert (found.result["after"], found.result["accepted_by"]) == ("", "ann")


@pytest.mark.parametrize(
    ("synced", "power", "lost"), [(True, "off", 0.0), (True, "", 5.0), (False, "off", 5.0)]
)
async def test_nothing_is_lost_only_where_the_guests_were_off_and_then_synchronised(
    bench: Bench, synced: bool, power: str, lost: float
) -> None:
    bench.results[keys.synced(GROUP)] = {"after": NOW if synced else "", "point_in_time": LATE}
    if power:
        bench.results[keys.shut_down("vm-1")] = {"power": power}
    bench.recovery.status = replace(bench.recovery.status, state="halted", point_in_time=LATE, lag_s=5.0)
    found = await bench.carry(keys.halted(GROUP), guests=["vm-1"])
    assert found is not None
    assert found.result["rpo_s"] == lost


async def test_volumes_of_what_stays_there_are_not_fenced(bench: Bench) -> None:
    every = [volume.id for volume in bench.source.status.volumes]
    lying = [{"guest": "vm-left", "volumes": [every[0]]}]
    found = await bench.carry(keys.fenced(GROUP), kept=[], lying=lying)
    assert found is not None
    assert found.result == {"fenced": every[1:], "kept": every[:1]}
    assert bench.source.calls == [f"fence {','.join(sorted(every[1:]))}"]
    assert bench.recovery.calls == []


@pytest.mark.parametrize("trouble", [Unreachable("gone"), DeviceError("no such call", code="UNIMPLEMENTED")])
async def test_where_the_source_cannot_be_fenced_somebody_has_to_say_that_it_is(
    bench: Bench, trouble: Exception
) -> None:
    bench.source.fails = trouble
    with pytest.raises(Question, match="array1 cannot be made to fence") as asked:
        await bench.carry(keys.fenced(GROUP))
    bench.approved = frozenset({asked.value.message})
    found = await bench.carry(keys.fenced(GROUP))
    assert found is not None
    assert found.result["accepted_by"] == "ann"


async def test_a_run_that_was_given_up_lets_the_hosts_there_write_again(bench: Bench) -> None:
    await bench.carry(keys.fenced(GROUP), kept=[], lying=[])
    key = next(key for key in bench.steps if key.endswith("/lift-fence"))
    assert await bench.carry(key) is not None
    assert not any(volume.fenced for volume in bench.source.status.volumes)
