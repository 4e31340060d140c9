"""The table itself: a miss is a miss, whatever became of its row, and what a row leaves is ended."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import psutil
import pytest

from tests.chaos import __main__ as chaos
from tests.chaos import left, table
from tests.chaos.inside.orders import FOLDER, NAME, ROOT, Orders, Place, Point
from tests.chaos.row import Measured, Row


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Rows that are not the product's; none is chosen by itself."""
    made: dict[str, object] = {}
    monkeypatch.setattr(table, "import_module", lambda name: made[name.rpartition(".")[2]])
    monkeypatch.setattr(chaos, "show", table.show)
    monkeypatch.setenv(left.MARK, "")
    return made


def answer(ok: bool, *, slow: bool = False) -> object:
    def row(long: bool) -> Row:
        return Row(name="n", figure="1 of 2", aim="2 of 2", ok=ok, slow=slow, note=f"long: {long}")

    return SimpleNamespace(row=row)


def test_a_row_that_meets_its_aim_ends_with_0(
    modules: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    modules["zombies"] = answer(True)
    assert chaos.main(["zombies"]) == 0
    assert "1 of 2" in capsys.readouterr().out


def test_a_missed_row_ends_with_1_and_says_so(
    modules: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    modules["zombies"], modules["takeover"] = answer(False), answer(True)
    assert chaos.main(["--long", "zombies", "takeover"]) == 1
    told = capsys.readouterr().out.splitlines()
    assert [("MISSED" in line, "long: True" in line) for line in told[1:]] == [(True, True), (False, True)]


def test_what_misses_by_seconds_alone_is_told_and_fails_the_long_set(
    modules: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    modules["takeover"] = answer(False, slow=True)
    assert (chaos.main(["takeover"]), chaos.main(["--long", "takeover"])) == (0, 1)
    assert capsys.readouterr().out.count("SLOW") == 2


def test_a_row_that_breaks_is_a_miss_with_its_reason(modules: dict[str, object]) -> None:
    async def row(long: bool) -> Row:
        raise ValueError("no world\ntoday")

    modules["zombies"] = SimpleNamespace(row=row)
    told = table.measure("zombies", long=False).row
    assert (told.ok, told.note) == (False, "ValueError: no world today")


def test_what_a_row_leaves_behind_is_ended_and_is_a_miss(
    modules: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[subprocess.Popen[bytes]] = []

    def row(long: bool) -> Row:
        command = [sys.executable, "-c", "import time; time.sleep(60)", "drconsole.service"]
        children.append(subprocess.Popen(command, start_new_session=True))
        return Row(name="n", figure="", aim="", ok=True)

    modules["zombies"] = SimpleNamespace(row=row)
    monkeypatch.setenv(left.MARK, "of this very test")
    found = table.measure("zombies", long=False).row
    assert not found.ok
    assert found.note.startswith(f"left behind: {children[0].pid} ")
    children[0].wait(5)
    assert not psutil.pid_exists(children[0].pid)


def test_only_rows_of_the_table_can_be_asked_for() -> None:
    with pytest.raises(SystemExit) as ended:
        chaos.main(["nothing"])
    assert ended.value.code == 2


def test_a_runner_dies_where_it_was_told_to_and_only_once(tmp_path: Path) -> None:
    """Were a hook not to fit the product any more, the runner would end with 99 and say why."""
    place = Place(tmp_path / NAME)
    place.order(Orders(kill=(Point("guests/a/register", "after-act"),)))
    script = f"""
import sys
sys.orig_argv = ["python", "-m", "drconsole.recovery.runner", "--config", "{tmp_path}/drconsole.toml"]
from tests.chaos.inside import hooks
hooks.install()
hooks.Dying(hooks.Place(__import__("pathlib").Path("{place.path}"))).at("guests/a/register", "after-act")
"""
    codes = [subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode for _ in "ab"]
    assert codes == [-9, 0]
    assert [line.what for line in place.log()] == ["born", "kill", "born"]
    assert (FOLDER / "sitecustomize.py").exists()


def test_every_row_of_the_table_is_there() -> None:
    for name in table.ROWS:
        module = cast("Measured", import_module(f"tests.chaos.{name}"))
        assert module.NAME
        assert module.AIM
        assert callable(module.row)
