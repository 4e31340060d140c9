"""A wheel adds steps to recoveries; one that is broken is named, and takes nothing else down."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.journal.journal import Journal
from drconsole.model.step import Step
from drconsole.planning import keys
from drconsole.recovery import customer, extensions
from drconsole.recovery.runner import Runner
from tests.unit.runs.following import run_state, states
from tests.unit.runs.plans import frozen, settings, source, step, url
from tests.unit.runs.world import World, WorldRoom

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "bank-steps"
version = "1.0"
[project.entry-points."drconsole.steps"]
bank = "bank_steps:extension"
[tool.hatch.build.targets.wheel]
packages = ["bank_steps"]
"""

CODE = """
from drconsole.model.step import Done, Step
from drconsole.planning import keys


class Tell:
    def __init__(self):
        self.told = False

    async def observe(self, work):
        return Done(result={"told": work.step.arguments["whom"]}) if self.told else None

    async def act(self, work):
        work.say("telling the bank")
        self.told = True


class Extension:
    handlers = {"bank.tell": Tell()}

    def steps(self, plan):
        if plan.mode == "planned":
            return ()
        return [Step(key="guests/bank/tell", stage="guests", handler="bank.tell", title="Tell the bank",
                     arguments={"whom": plan.site.name})]

    def before(self, plan):
        return {"guests/bank/tell": ["guests/*/power-on"]}


extension = Extension()
"""

PLAN = (
    step(keys.PREFLIGHT),
    step("guests/vm-1/register", keys.PREFLIGHT),
    step("guests/vm-1/power-on", "guests/vm-1/register"),
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory that Python looks for wheels in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] in ("bank_steps", "broken_steps")]:
        del sys.modules[name]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real wheel, built by a foreign builder."""
    folder = tmp_path_factory.mktemp("bank")
    (folder / "bank_steps").mkdir()
    (folder / "bank_steps/__init__.py").write_text(CODE)
    (folder / "pyproject.toml").write_text(PROJECT)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=folder, check=True)
    return next((folder / "dist").glob("*.whl"))


def install(wheel: Path, place: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)


def written(place: Path, code: str, name: str = "broken") -> None:
    """An installed distribution as its metadata tell of it."""
    (place / f"{name}_steps.py").write_text(code)
    info = place / f"{name}_steps-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-steps\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[drconsole.steps]\n{name} = {name}_steps\n")


def joined() -> tuple[Step, ...]:
    return customer.with_own(source("R-1", "drill"), PLAN)


async def test_its_steps_are_planned_and_carried_out_like_any_other(
    place: Path, wheel: Path, tmp_path: Path
) -> None:
    install(wheel, place)
    plan = joined()
    own = next(step for step in plan if step.key == "guests/bank/tell")
    assert own.needs == (keys.PREFLIGHT,)
    assert {s.key for s in plan if own.key in s.optional_needs} == {"guests/vm-1/power-on"}
    (line,) = customer.told(source("R-1", "drill"), plan)
    assert (line.key, line.source) == (own.key, "bank-steps (bank)")
    journal = Journal(url(tmp_path))
    await frozen(journal, plan)
    await Runner(settings(tmp_path), journal, "R-1", [WorldRoom(World(tmp_path / "world"))]).carry()
    assert run_state(journal) == "held"
    assert states(journal)[own.key] == "done"
    await journal.close()


STEP = "handlers = {{'{0}': 1}}\ndef steps(plan):\n    return [Step(key='{1}', stage='{2}', handler='{0}')]"

BAD = [
    ("import nothing_that_is_there", "cannot be loaded: ModuleNotFoundError"),
    ("raise SystemError('x')", "cannot be loaded: SystemError"),
    ("handlers = {}", "has no `steps(plan)`"),
    ("handlers = {}\ndef steps(plan):\n    return 1 / 0", "gives no steps: ZeroDivisionError"),
    ("handlers = {}\ndef steps(plan):\n    return ['x']", "gives a str for a step"),
    (STEP.format("broken.x", "a/b/c", "a"), "does not begin with a stage"),
    (STEP.format("recovery.gate", "guests/b/c", "guests"), "not its own"),
    (STEP.format("broken.x", "guests/vm-1/register", "guests"), "is there already"),
    ("raise SystemExit(0)", "cannot be loaded: SystemExit"),
]


@pytest.mark.parametrize(("code", "told"), BAD)
def test_a_broken_one_is_named_with_its_distribution_and_adds_nothing(
    place: Path, code: str, told: str
) -> None:
    written(place, f"from drconsole.model.step import Step\n{code}\n")
    found = extensions.added(source("R-1", "drill"), PLAN)
    assert found.steps == PLAN
    (finding,) = found.findings
    assert finding.blocks
    assert "broken-steps (broken)" in finding.subject
    assert told in finding.text
    assert "uninstall" in finding.remedy


async def test_one_that_breaks_while_a_run_goes_on_fails_its_own_step_alone(
    place: Path, tmp_path: Path
) -> None:
    written(place, "raise ImportError('half an update')")
    journal = Journal(url(tmp_path))
    own = step("guests/own/x", handler="broken.x", critical=False)
    await frozen(journal, [*PLAN, own])
    await Runner(settings(tmp_path), journal, "R-1", [WorldRoom(World(tmp_path / "world"))]).carry()
    assert states(journal) == {
        **{step.key: "done" for step in PLAN},
        own.key: "skipped",
    }
    await journal.close()


def test_one_that_no_step_of_the_run_needs_is_not_even_loaded(place: Path) -> None:
    written(place, "raise ImportError('broken')")
    assert extensions.handlers(step.handler for step in PLAN) == {}
