"""A runner that dies after every single write to the world, and the next one that takes up from there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from drconsole.errors import Unreachable
from drconsole.model.step import Mode
from drconsole.platforms.vsphere.session import Session, is_read
from drconsole.recovery import carry
from tests.lab.importing import Recovery, open_recovery

ONCE = ("create", "add-host", "register-guest", "power-on-guest", "mount", "clone", "promote")
DEATHS_AT_MOST = 40


class Died(BaseException):
    """The runner's process is gone: no handler gets to tidy up, no result is written."""


class Killer:
    """Lets the first write of an attempt reach the server, and kills the runner before it learns more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.deaths = 0
        self.armed = False
        invoke = Session.invoke

        async def deadly(session: Session, on: Any, method: str, /, **arguments: Any) -> Any:
            result = await invoke(session, on, method, **arguments)
            if self.armed and not is_read(method):
                self.armed = False
                self.deaths += 1
                raise Died(method)
            return result

        monkeypatch.setattr(Session, "invoke", deadly)


async def carried_by_mortals(recovery: Recovery, killer: Killer, key: str) -> None:
    """Runner after runner dies at the step's next write, until one finds nothing left to write."""
    for _runner in range(DEATHS_AT_MOST):
        killer.armed = recovery.steps[key].handler.startswith("vsphere.")
        try:
            await recovery.carry(key)
        except Died:
            await recovery.restart()
        else:
            return
    raise AssertionError(f"{key} never ends")


@pytest.mark.parametrize("mode", ["drill", "disaster"])
async def test_whatever_was_begun_is_finished_and_nothing_is_done_twice(
    mode: Mode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(monkeypatch)
    async with open_recovery(tmp_path, mode, hosts=2, guests=7, speed=3000) as recovery:
        for key in recovery.order():
            await carried_by_mortals(recovery, killer, key)
        assert killer.deaths > 60
        effects = Counter(recovery.effects(*ONCE))
        assert {line: count for line, count in effects.items() if count > 1} == {}
        registered = sum(effect == "register-guest" for effect, _ in effects)
        assert registered == len(recovery.of("register")) == 6


async def test_a_task_that_a_dead_runner_left_at_work_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = Killer(monkeypatch)
    async with open_recovery(tmp_path, hosts=2, guests=6, speed=40) as recovery:
        joining = recovery.of("add-host")[0].key
        await recovery.run(*recovery.steps[joining].needs)
        assert recovery.failed == {}
        killer.armed = True
        with pytest.raises(Died):
            await recovery.carry(joining)
        assert recovery.effects("add-host") == []
        await recovery.restart()
        await recovery.carry(joining)
        assert any("an earlier attempt at AddHost_Task was still at work" in line for line in recovery.said)
        assert len(recovery.effects("add-host")) == 1


async def test_a_task_whose_end_was_not_heard_of_is_not_started_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runner lives: it was the line that died while the task was waited for."""
    wait_task = Session.wait_task
    lost: list[str] = []

    async def lossy(session: Session, task: Any, deadline: float, *, about: str = "") -> Any:
        if not lost and "esx" in about:
            lost.append(about)
            raise Unreachable("the connection died", about=about)
        return await wait_task(session, task, deadline, about=about)

    async with open_recovery(tmp_path, hosts=2, guests=6, speed=40) as recovery:
        joining = recovery.of("add-host")[0].key
        await recovery.run(*recovery.steps[joining].needs)
        monkeypatch.setattr(Session, "wait_task", lossy)
        for pauses in ("RETRY_S", "SETTLE_S"):
            monkeypatch.setattr(carry, pauses, (0.01, 0.1))
        await recovery.carry(joining)
        assert lost
        assert any("an earlier attempt at AddHost_Task was still at work" in line for line in recovery.said)
        assert len(recovery.effects("add-host")) == 1
