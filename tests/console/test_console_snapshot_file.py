"""A snapshot file is read with nothing else there: no service, no configuration, no site."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from drconsole.documents import write_host_mapping, write_snapshot
from drconsole.model.mapping import HostMapping
from tests.console.archive_world import history
from tests.console.hostile import leaks
from tests.console.small_world import in_xml, renamed
from tests.console.terminal import Terminal, terminal
from tests.console.test_console_snapshots import look_for

SIZES = ((80, 24), (120, 40))
_OPEN = "from drconsole.cli.main import main; main(['snapshot', 'open', {!r}])"


@contextmanager
def reading(file: Path, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    """Opens the console on a file, where nothing is configured."""
    nothing = {"HOME": str(file.parent), "DRCONSOLE_CONFIG": ""}
    with terminal([sys.executable, "-c", _OPEN.format(str(file))], size, nothing) as shown:
        yield shown


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "kept.xml"
    path.write_bytes(history()[2].data)
    return path


@pytest.mark.parametrize("size", SIZES)
def test_summary_tree_and_xml_of_a_file(file: Path, size: tuple[int, int]) -> None:
    with reading(file, size) as shown:
        shown.sees(
            "[Snapshot file]", "kept.xml › summary", "pittsburgh", "✓ yes: hash", "guests", "from a file"
        )
        assert "connecting" not in shown.text
        shown.press("t")
        shown.sees("Tree", "▸ vc-01", "/ filter", "e export part")
        look_for(shown, "web-02")
        shown.sees("1 of 42", "guest in esx-02")
        shown.press("enter")
        shown.sees("▾ esx-02", "▸ web-02", "guest · on · 16 GiB")
        shown.press("enter")
        shown.sees("▾ web-02", "resource pool")
        shown.press("x")
        shown.sees('<virtualMachine id="vm-2" name="web-02"')
        shown.escape("› XML")
        shown.sees("› summary")
        shown.press("q")
        assert shown.ended() == 0
    assert not (file.parent / "state").exists()


def test_what_needs_a_service_says_that_there_is_none(file: Path) -> None:
    with reading(file) as shown:
        shown.sees("✓ yes: hash")
        for key in ("1", "-", ":"):
            shown.press(key)
            shown.sees("there is no service")
        shown.press("?")
        shown.sees("On Snapshot file")
        assert "recover" not in shown.text
        shown.escape("On Snapshot file")
        shown.press("R", "b", "f", "i")
        shown.listen(0.5)
        assert "[Snapshot file]" in shown.text


def test_a_part_of_a_file_is_written(file: Path) -> None:
    part = file.with_name("part.xml")
    with reading(file) as shown:
        shown.sees("✓ yes: hash")
        shown.press("t")
        shown.sees("▸ vc-01")
        shown.press("G")
        shown.press("e")
        shown.sees("Export physicalServer db-01")
        shown.press("\x15")
        shown.gone("physicalServer-db-01.xml")
        shown.press(str(part))
        shown.sees("part.xml")
        shown.press("enter")
        shown.sees("wrote")
    assert b'<physicalServer xmlns="urn:drconsole:snapshot:1" id="db-01"' in part.read_bytes()


def test_two_files_are_compared(file: Path) -> None:
    older = file.with_name("older.xml")
    older.write_bytes(history()[0].data)
    with reading(file) as shown:
        shown.sees("✓ yes: hash")
        shown.press("d")
        shown.sees("What changed", str(file.parent)[-30:])
        shown.press("older.xml", "enter")
        shown.sees("Difference 2026-11-16 08:00Z → 2026-11-22 08:00Z · 3 changes", "new-01: added")
        shown.press("n", "n")
        shown.sees("web-02: host esx-01 → esx-02", "4/4")
        shown.press("enter")
        shown.sees("› tree", "▾ esx-02", "▸ web-02")
        shown.press("d")
        shown.sees("What changed")
        shown.press("nothing.xml", "enter")
        shown.sees("comparing with nothing.xml: not done")


def test_a_file_that_is_no_snapshot_says_why_and_is_shown_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mapping.xml"
    mapping = HostMapping(site="pittsburgh", snapshot="sha256:" + "0" * 64)
    path.write_bytes(write_host_mapping(mapping))
    with reading(path) as shown:
        shown.sees("reading mapping.xml: not done", "this is a host mapping")
        shown.escape("not done")
        shown.press("x")
        shown.sees("<hostMapping", "urn:drconsole:host-mapping:1")


def test_names_in_a_file_do_nothing(tmp_path: Path) -> None:
    evil = "\x9b31m\u202egpj[@click=app.exit]\x9d0;x\x9c"
    site = renamed(lambda name: f"{evil}{name}")
    path = tmp_path / "evil.xml"
    path.write_bytes(write_snapshot(msgspec.structs.replace(site, site=in_xml("site"))))
    with reading(path, (160, 44)) as shown:
        shown.sees("✓ yes: hash")
        shown.press("t")
        shown.sees("▸ vc-01")
        look_for(shown, "web")
        shown.sees(r"\x9b31m\u202egpj[@click=app.exit]\x9d0;x\x9cweb-01")
        shown.press("x")
        shown.sees(r'name="\x9b31m\u202egpj[@click=app.exit]\x9d0;x\x9cone"')
    assert leaks(bytes(shown.sent)) == []


def test_off_a_terminal_it_is_refused(file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _OPEN.format(str(file))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "needs a terminal" in done.stderr
    assert done.stdout == ""
