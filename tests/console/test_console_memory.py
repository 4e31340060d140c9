"""The garbage collector leaves alone what stays, and is given back."""

from __future__ import annotations

import gc
from pathlib import Path

from drconsole.console.app import ConsoleApp
from drconsole.console.terminal import memory


def test_what_is_there_is_left_alone_and_the_collector_works_on() -> None:
    kept = memory.Kept()
    before, callbacks = gc.get_freeze_count(), list(gc.callbacks)
    memory.hold()
    try:
        assert not gc.isenabled()
        kept.begin()
        assert gc.isenabled()
        assert gc.get_freeze_count() > before
        kept.begin()
        assert len(gc.callbacks) == len(callbacks) + 1
    finally:
        gc.enable()
        kept.end()
    assert gc.get_freeze_count() == 0
    assert gc.callbacks == callbacks


def test_what_makes_a_collection_slow_is_left_alone_too() -> None:
    kept = memory.Kept()
    kept.begin()
    try:
        gc.unfreeze()
        gc.freeze()
        before = gc.get_freeze_count()
        many = [{"number": [number]} for number in range(300_000)]
        gc.collect()
        assert gc.get_freeze_count() > before + 300_000
        assert len(many) == 300_000
    finally:
        kept.end()


async def test_a_console_gives_the_collector_back(tmp_path: Path) -> None:
    config = tmp_path / "drconsole.toml"
    config.write_text('[state]\ndir = "state"\n', encoding="utf-8")
    (tmp_path / "state").write_text("", encoding="utf-8")
    callbacks = list(gc.callbacks)
    app = ConsoleApp(str(config))
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert len(gc.callbacks) == len(callbacks) + 1
    assert gc.callbacks == callbacks
    assert gc.isenabled()
