"""The installed program is upgraded while a run goes on: nobody has to stop it for that."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from drconsole import __version__
from tests.lab.operator import Operator
from tests.lab.own_lab import OwnLab, own_lab

pytestmark = pytest.mark.timeout(300)
SPEED = 120
NEWER = "0.1.99"
SOURCE = Path(__file__).parents[2]
PATIENCE_S = 60.0


def test_a_run_goes_on_over_an_upgrade_and_is_finished_by_the_newer_version(tmp_path: Path) -> None:
    venv = _installed(_wheel(tmp_path / "older", __version__), tmp_path / "venv")
    newer = _wheel(tmp_path / "newer", NEWER)
    with own_lab(tmp_path / "lab", speed=SPEED) as lab:
        operator = Operator(lab.configuration, command=venv / "bin/drconsole")
        operator.json("capture", "pittsburgh")
        operator.json("target", "check")
        started = operator.json("recover", "pittsburgh", "--mode", "drill", "--detach")
        first, run = started["pid"], started["run"]
        _until(operator, run, "provision", "running")
        _install(newer, venv)
        view = _until(operator, run, "import", "running")
        assert view["runner"]["pid"] == first, "the upgrade ended the runner"
        os.kill(first, signal.SIGKILL)
        _taken_up_by_another(operator, run, first)
        assert operator("serve", "--stop").code == 0
        attached = operator("run", "attach", run, "--json", timeout=150)
        assert attached.code == 0, attached.stderr[-2000:]
        assert attached.json["state"] == "held"
        assert [d for d in attached.json["fidelity"]["differences"] if d["class"] == "lost"] == []
        assert _carried_by(lab, run) == [__version__, NEWER]


def _wheel(place: Path, version: str) -> Path:
    """Builds the product as it lies here under another version's name."""
    for name in ("drconsole", "themes"):
        shutil.copytree(SOURCE / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "drconsole/__init__.py"):
        text = (SOURCE / name).read_text(encoding="utf-8")
        named = re.sub(
            rf'^((?:__)?version(?:__)? = )"{re.escape(__version__)}"', rf'\1"{version}"', text, flags=re.M
        )
        (place / name).write_text(named, encoding="utf-8")
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "-t",
        "wheel",
        "-d",
        place / "dist",
    ]
    subprocess.run(words, cwd=place, check=True, capture_output=True, timeout=100)
    return next((place / "dist").glob(f"drconsole-{version}-*.whl"))


def _installed(wheel: Path, venv: Path) -> Path:
    """A venv with the wheel; what it depends on is this interpreter's."""
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", venv], check=True, capture_output=True, timeout=100
    )
    places = next((venv / "lib").glob("python3*/site-packages"))
    (places / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"], encoding="utf-8")
    _install(wheel, venv)
    return venv


def _install(wheel: Path, venv: Path) -> None:
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        venv / "bin/python",
        "install",
        "--quiet",
        "--no-compile",
    ]
    words: list[str | Path] = [
        *pip,
        "--disable-pip-version-check",
        "--no-index",
        "--no-deps",
        "--ignore-installed",
        wheel,
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=100)


def _until(operator: Operator, run: str, stage: str, state: str) -> dict[str, Any]:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        view: dict[str, Any] = operator.json("run", "show", run)
        if next(s["state"] for s in view["stages"] if s["name"] == stage) in (state, "done"):
            return view
        time.sleep(0.2)
    raise AssertionError(f"{stage} is not {state} after {PATIENCE_S} s")


def _taken_up_by_another(operator: Operator, run: str, before: int) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        runner = operator.json("run", "show", run)["runner"]
        if runner and runner["pid"] != before:
            return
        time.sleep(0.2)
    raise AssertionError("nobody took the run up")


def _carried_by(lab: OwnLab, run: str) -> list[str]:
    """The versions of the runners that had it, from the journal itself."""
    query = "SELECT facts FROM event WHERE run = ? AND text LIKE 'taken by runner%' ORDER BY seq"
    with closing(sqlite3.connect(lab.directory / "state/journal.db")) as connection:
        found = [re.search(rb'"version":"([^"]+)"', row[0]) for row in connection.execute(query, (run,))]
    return [match[1].decode() for match in found if match]
