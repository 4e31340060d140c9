"""A whole drill by keys alone, against a real service over a lab: what an operator does at night."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from textual.pilot import Pilot

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.lab import lab_options
from drconsole.console.app import ConsoleApp
from drconsole.documents import read_host_mapping, read_vm_selection
from drconsole.errors import DRConsoleError
from drconsole.lab.process import LabHandle, running

WITHIN_S = 60.0


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[LabHandle]:
    options = lab_options(
        str(tmp_path / "lab"), hosts=2, vms=8, targets=6, seed=1, speed=240.0, unlinked=0.25
    )
    with running(options) as handle:
        try:
            yield handle
        finally:
            asyncio.run(_end_service(handle.configuration))


async def _end_service(config: Path) -> None:
    """Ends the service that the console started, and waits until it is gone."""
    with suppress(DRConsoleError):
        async with await Client.connect(config, start=False) as client:
            pid = (await client.ask(requests.Status())).pid
            await client.ask(requests.Stop())
        with suppress(ChildProcessError):
            await asyncio.to_thread(os.waitpid, pid, 0)  # the console started it: it is our child


class Operator:
    """Presses keys and looks."""

    def __init__(self, app: ConsoleApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def types(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, what: str, seen: Callable[[], object], within: float = WITHIN_S) -> None:
        """Waits for something to become so."""
        end = time.monotonic() + within
        while not seen():
            assert time.monotonic() < end, f"never: {what}; {self.told()}"
            await self.pilot.pause(0.1)

    def told(self) -> str:
        """What the console knows, for the message of a failure."""
        store, following = self.app.store, self.app.store.following
        steps = following.steps.values() if following else ()
        going = [f"{s.key} {s.state} {s.error or ''}" for s in steps if s.state in ("running", "failed")]
        said = [f"{e.step} {e.text} {e.facts}"[:160] for e in following.log] if following else []
        return f"{self.app.screen} {store.note} {store.doing} {self.view_state()} {going} {said[-12:]}"

    async def run_is(self, *states: str) -> None:
        """Waits for the run's state."""
        await self.until(f"run {states}", lambda: self.view() is not None and self.view_state() in states)

    def view(self) -> object:
        following = self.app.store.following
        return following.view if following else None

    def view_state(self) -> str:
        following = self.app.store.following
        return following.view.state if following and following.view else ""


@asynccontextmanager
async def operator(config: Path) -> AsyncIterator[Operator]:
    app = ConsoleApp(str(config))
    async with app.run_test(size=(120, 40)) as pilot:
        yield Operator(app, pilot)


async def test_a_drill_by_keys_alone(lab: LabHandle, tmp_path: Path) -> None:
    async with operator(lab.configuration) as hands:
        store = hands.app.store
        await hands.until("a live site", lambda: store.inventories and any(_live(hands.app)))

        # Screen 1: capture.
        await hands.types("c")
        await hands.until("a snapshot", lambda: store.captured_of(store.site))
        captured = store.captured_of(store.site)
        assert captured is not None
        assert len(captured.snapshot.hosts) == 2

        # Screen 2: the pool is looked at, all of it.
        await hands.types("2", "C", "y")
        await hands.until("a checked pool", lambda: store.targets and all(t.hardware for t in store.targets))

        # Screen 3: every role has a target; another is picked for the last one; the document is written.
        await hands.types("3")
        await hands.until("a match", lambda: (m := store.mappings.get(store.site)) and not m.bare())
        mapping = store.mappings[store.site]
        await hands.types("G", "enter")
        await hands.pilot.pause(0.2)
        await hands.types("escape")
        await hands.types("w", *["backspace"] * 40, *_keys(tmp_path / "mapping.xml"), "enter")
        await hands.until("the mapping file", (tmp_path / "mapping.xml").exists)
        assert read_host_mapping((tmp_path / "mapping.xml").read_bytes()) == mapping.mapping()

        # Screen 4: one guest stays behind; the document is written, the flag turned back by reading it.
        await hands.types("4")
        await hands.until("verdicts", lambda: store.selections.get(store.site))
        selection = store.selections[store.site]
        chosen = next(g for g, on in selection.flags.items() if on)
        await hands.types("slash", *captured.guests[chosen].name, "enter", "g", "space")
        assert selection.flags[chosen] is False
        await hands.types("escape", "w", *["backspace"] * 40, *_keys(tmp_path / "vms.xml"), "enter")
        await hands.until("the selection file", (tmp_path / "vms.xml").exists)
        assert read_vm_selection((tmp_path / "vms.xml").read_bytes()) == selection.selection()

        # Screen 5: the drill, in which the new management server once refuses a host.
        lab.request("fault", name="task-fails", times=1, where={"method": "AddHost_Task"})
        await hands.types("R", "enter", "y")
        await hands.run_is("waiting")
        following = store.following
        assert following is not None
        await hands.until("the failed step", following.failed)
        assert hands.app.screen.id_word == "run"  # type: ignore[attr-defined]
        await hands.types("k")
        await hands.run_is("held")
        assert following.view is not None
        states = {guest.id: guest.state for guest in following.view.guests}
        assert states[chosen] == "not-selected"
        assert "registered" in states.values()
        assert following.uplinks
        assert all("applied" in shown for shown in following.uplinks.values())

        # And back: the machines are free again.
        await hands.types("C", "y")
        await hands.run_is("done")
        await hands.until("free targets", lambda: {t.state for t in store.targets or ()} == {"free"})


def _live(app: ConsoleApp) -> list[bool]:
    return [inventory.state(time.monotonic()) == "live" for inventory in app.store.inventories.values()]


def _keys(path: Path) -> list[str]:
    return list(str(path))
