"""The plain console: lines alone, for dumb terminals and screen readers, and all of a drill by them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from drconsole.api import requests
from drconsole.api.client import Client
from drconsole.cli.lab import lab_options
from drconsole.console.plain.session import COMMANDS, help_lines
from drconsole.errors import DRConsoleError
from drconsole.lab.process import LabHandle, running
from drconsole.model.step import step_key
from tests.console.plain_talk import talk
from tests.console.small_world import RUN, world
from tests.console.terminal import terminal

FAILED = step_key("provision", "esx-01", "install")


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
    """Ends the service that the plain console started, and waits until it is gone."""
    with suppress(DRConsoleError):
        async with await Client.connect(config, start=False) as client:
            pid = (await client.ask(requests.Status())).pid
            await client.ask(requests.Stop())
        with suppress(psutil.NoSuchProcess):
            await asyncio.to_thread(psutil.Process(pid).wait, 20)


def console_command(config: Path) -> list[str]:
    command = "import sys; from drconsole.cli.main import main; main(sys.argv[1:])"
    return [sys.executable, "-c", command, "--config", str(config)]


def test_a_drill_from_the_capture_to_the_cleanup_in_lines_alone(lab: LabHandle) -> None:
    with talk(lab.configuration) as heard:
        heard.hears("no snapshot yet", "1. sites", "help")
        heard.types("capture")
        heard.hears("captured: ", "2 hosts, 8 guests, verified")
        heard.types("search shop-db")
        heard.hears("guest shop-db, in esx-0")
        heard.types("targets")
        heard.hears("6 targets", ": free")
        heard.types("leave shop-*")
        heard.hears("2 guests left out")
        lab.request("fault", name="task-fails", times=1, where={"method": "AddHost_Task"})
        heard.types("recover")
        heard.hears("1. drill", "which mode")
        heard.types("1")
        heard.hears("2 guests left out", "type yes")
        heard.types("yes")
        heard.hears("stage preflight begins", "Bare machines boot", "failed", "this waits for you")
        heard.types("waiting")
        heard.hears("1. failed import/")
        heard.types("step 1")
        heard.hears("attempt 1", "you can retry")
        heard.types("retry 1")
        heard.hears("is held")
        heard.types("run")
        heard.hears("stage verify: done", "2 not-selected", "fidelity")
        heard.types("uplinks")
        heard.hears("planned: ", "applied")
        heard.types("cleanup")
        heard.hears("type yes")
        heard.types("yes")
        heard.hears("cleanup done", "is done", "The drill is over")
        heard.types("targets")
        heard.hears("6 targets", ": free")
        heard.types("quit")
        heard.hears("Left; whatever runs goes on.")
        assert heard.ended() == 0
        assert b"\x1b" not in heard.sent
        assert b"\r" not in heard.sent


def test_in_earnest_the_sites_name_is_typed_or_nothing_is_started(tmp_path: Path) -> None:
    with world(tmp_path, run=False).listening() as service, talk(service.config) as heard:
        heard.types("recover")
        heard.hears("which mode")
        heard.types("disaster")
        heard.hears("THIS IS REAL", "pittsburgh: ")
        heard.types("pitsburgh")
        heard.hears("nothing was started")
        assert not service.asked_for(requests.Recover)
        heard.types("recover")
        heard.hears("which mode")
        heard.types("2")
        heard.hears("pittsburgh: ")
        heard.types("pittsburgh")
        heard.hears(f"{RUN} started")
        assert service.asked_for(requests.Recover)[-1].confirm == "pittsburgh"


def test_what_waits_is_counted_and_answered_by_its_number(tmp_path: Path) -> None:
    with world(tmp_path).listening() as service, talk(service.config) as heard:
        heard.types("run")
        heard.hears("stage provision: failed", "waiting for you: 1", f"1. failed {FAILED}")
        heard.types("skip 1")
        heard.hears("given up with it", "why?")
        heard.types("")
        heard.hears("nothing was skipped")
        heard.types("skip 1")
        heard.hears("why?")
        heard.types("no spare")
        heard.hears("skipped: 1 step")
        assert service.asked_for(requests.Skip) == [requests.Skip(run=RUN, step=FAILED, reason="no spare")]
        heard.types("approve")
        heard.hears("no question waits")
        heard.types("cancel")
        heard.hears("type yes")
        heard.types("no")
        heard.hears("nothing was cancelled")
        assert not service.asked_for(requests.Cancel)


def test_a_word_may_be_cut_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    with world(tmp_path).listening() as service, talk(service.config) as heard:
        heard.types("targ X")
        heard.hears("1 target", "X: unreachable")
        heard.types("re")
        heard.hears("no command is called re", "recover", "retry")
        heard.types("site 7")
        heard.hears("no site is called so")
        heard.types("snapshots")
        heard.hears("snapshots: not done.")
        heard.process.stdin.close()  # type: ignore[union-attr]
        assert heard.ended() == 0


def test_an_observer_is_told_so_and_changes_nothing(tmp_path: Path) -> None:
    with world(tmp_path).listening() as service, talk(service.config, "--observe") as heard:
        heard.hears("You only look")
        heard.types("retry")
        heard.hears("an observer changes nothing")
        assert not service.asked_for(requests.Retry)


def test_names_of_others_are_shown_and_do_nothing_and_ascii_stays_ascii(tmp_path: Path) -> None:
    hostile = "\x1b[31m\x07名\u202e"
    service = world(tmp_path, named=lambda name: f"{hostile}{name}")
    with service.listening(), talk(service.config, environ={"DRCONSOLE_ASCII": "1"}) as heard:
        heard.types("targets")
        heard.hears(r"\x1b[31m\x07\u540d\u202eD: free")
        heard.types("vms")
        heard.hears("guests", "cannot be recovered")
        heard.types("help")
        heard.hears("quit: leave")
        assert bytes(heard.sent).isascii()
        assert b"\x1b" not in heard.sent


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {"TERM": ""}])
def test_a_dumb_terminal_gets_the_lines_by_itself(tmp_path: Path, environ: dict[str, str]) -> None:
    service = world(tmp_path)
    with service.listening(), terminal(console_command(service.config), (80, 24), environ) as shown:
        shown.sees("plain lines", "11. quit", "drconsole>")
        shown.press("quit", "enter")
        assert shown.ended(20) == 0
        assert b"\x1b" not in shown.sent


def test_ctrl_c_leaves_the_lines(tmp_path: Path) -> None:
    service = world(tmp_path)
    command = [*console_command(service.config), "--plain"]
    with service.listening(), terminal(command, (80, 24)) as shown:
        shown.sees("11. quit", "drconsole>")
        shown.press("\x03")
        assert shown.ended(20) == 0
    assert not service.asked_for(requests.Cancel)


def test_every_command_has_its_line_of_help() -> None:
    told = help_lines(())
    assert all(
        any(line.startswith(f"{name}: ") and len(line) > len(name) + 8 for line in told) for name in COMMANDS
    )


def test_no_textual_is_loaded_for_lines() -> None:
    program = (
        "import json, sys; import drconsole.console.plain.session; heavy = ('textual', 'pyVmomi', 'aiohttp');"
        "print(json.dumps([name for name in heavy if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []
