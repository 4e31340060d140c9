"""Snapshots by keys, through a real pty: list, tree, XML, differences, search, files; no site is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.api import requests
from tests.console.archive_world import archive, history
from tests.console.scripted_service import ScriptedService
from tests.console.terminal import Terminal, console

SIZES = ((80, 24), (120, 40))
OPEN = "2026-11-22 08:00Z"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with archive(tmp_path).listening() as found:
        yield found


def at_snapshots(terminal: Terminal) -> None:
    """Goes to the screen and waits for its list."""
    terminal.sees("● pittsburgh")
    terminal.press("7")
    terminal.sees("[7 Snapshots]", OPEN, "2 guests", "1 guest", "the first", "✓ yes", "! no")


def closed(terminal: Terminal, text: str) -> None:
    """Waits until the line of the filter has been closed: an enter that follows is then the table's."""
    until = time.monotonic() + 30
    while any(line.strip() == text for line in terminal.lines) and time.monotonic() < until:
        terminal.listen(0.1)


def look_for(terminal: Terminal, text: str, prompt: str = "names that contain") -> None:
    """Opens the line of the filter, waits until it is there, types and keeps it."""
    terminal.press("/")
    terminal.sees(prompt)
    terminal.press(text, "enter")
    closed(terminal, text)


def type_over(terminal: Terminal, old: str, new: str) -> None:
    """Takes back what stands in a line, waits until it is gone, types something else and enter."""
    terminal.press("\x15")
    terminal.gone(old)
    terminal.press(new)
    terminal.sees(new[-20:])
    terminal.press("enter")


@pytest.mark.parametrize("size", SIZES)
def test_list_tree_and_xml_of_a_snapshot(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        at_snapshots(terminal)
        terminal.press("enter")
        terminal.sees("Summary", "hash, schema and keys", "physical servers")
        terminal.press("t")
        terminal.sees("Tree", "▸ vc-01", "management server", "▾ production")
        look_for(terminal, "web-02")
        terminal.sees("1 of 42", "guest in esx-02")
        terminal.press("enter")
        terminal.sees("▾ esx-02", "guest · on · 16 GiB")
        terminal.press("l")
        terminal.sees("▾ web-02", "resource pool")
        terminal.press(*"jjjjjjjjjj")
        terminal.sees("memory", "16 GiB", "▸ disks")
        terminal.press("h", "h")
        terminal.sees("▾ esx-02", "▸ web-02")
        terminal.press("x")
        terminal.sees("XML", '<virtualMachine id="vm-2" name="web-02"')
        terminal.escape("› XML")
        terminal.sees("› all sites", "Snapshots 3")


def test_a_text_is_looked_for_in_xml_and_gone_through(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("x")
        terminal.sees("<snapshot", "/ search")
        look_for(terminal, "WEB-02", "a text to look for")
        terminal.sees("1 of 4", "n next")
        terminal.press("n", "n")
        terminal.sees("3 of 4")
        terminal.press("N")
        terminal.sees("2 of 4")
        terminal.press("/")
        terminal.sees("WEB-02")
        type_over(terminal, "WEB-02", "nowhere")
        terminal.sees("nowhere is not in this document")


@pytest.mark.parametrize("size", SIZES)
def test_what_changed_between_any_two(service: ScriptedService, size: tuple[int, int]) -> None:
    with console(service.config, size) as terminal:
        at_snapshots(terminal)
        terminal.press("d")
        terminal.sees(
            "Difference 2026-11-17 08:00Z → 2026-11-22 08:00Z", "new-01: added", "memory 8 → 16 GiB"
        )
        terminal.escape("› difference")
        terminal.press("j", "j", "b")
        terminal.sees("● base")
        terminal.press("k", "enter")
        terminal.sees("Difference 2026-11-16", "~ changed", "web-02: host esx-01 → esx-02")
        terminal.press("enter")
        # The change leads to its object in the tree, escape back to the difference, then to the list.
        terminal.sees("Tree", "▾ esx-02", "▸ web-02")
        terminal.escape("› tree")
        terminal.sees("› difference", "Difference 2026-11-16")
        terminal.escape("› difference")
    compared = [(asked.before, asked.after) for asked in service.asked_for(requests.DiffSnapshots)]
    monday, tuesday, sunday = (each.entry.id for each in history())
    assert {(tuesday, sunday), (monday, tuesday)} <= set(compared)


def test_the_next_change_and_those_that_a_filter_leaves(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("d")
        terminal.sees("2 guests · 2 changes", "2/3")
        terminal.press("n")
        terminal.sees("3/3")
        terminal.press("n")
        terminal.sees("the last change")
        terminal.press("N")
        terminal.sees("2/3")
        look_for(terminal, "memory")
        terminal.sees("1 change of 2", "1 guest · 1 change")


def test_where_was_it_then(service: ScriptedService) -> None:
    with console(service.config, (80, 24)) as terminal:
        at_snapshots(terminal)
        terminal.press("f")
        terminal.sees("Find in snapshots", "last tuesday")
        terminal.press("web-02", "tab", "the day of the flood", "enter")
        terminal.sees("the day of the flood is no day")
        type_over(terminal, "the day of the flood", "2026-11-16")
        terminal.sees("web-02 on 2026-11-16 · 1 hit", "esx-01, one")
        terminal.press("enter")
        terminal.sees("2026-11-16 08:00Z › tree", "▾ esx-01", "▸ web-02")
        terminal.press("f")
        terminal.sees("Find in snapshots")
        terminal.press("enter")
        terminal.sees("web-02 · 3 hits", "esx-02, one", "esx-01, one")
    every, on = [(a.every, a.on) for a in service.asked_for(requests.SearchSnapshots)][::-1]
    assert (every, on) == ((True, ""), (False, "2026-11-16"))


def test_export_of_the_whole_and_of_a_part(service: ScriptedService, tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.xml", tmp_path / "part.xml"
    part.write_text("before", encoding="utf-8")
    with console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("j", "E")
        terminal.sees("Export the snapshot", "snapshot-pittsburgh-2026-11-17")
        type_over(terminal, "snapshot-pittsburgh", str(whole))
        terminal.sees(f"wrote {whole}")
        terminal.press("t")
        terminal.sees("▸ vc-01")
        terminal.press("e")
        terminal.sees("Export managementServer vc")
        type_over(terminal, "managementServer-vc", str(part))
        terminal.sees("Replace the file")
        terminal.press("y")
        terminal.sees(f"wrote {part}")
    assert whole.read_bytes() == history()[1].data
    assert b'<managementServer xmlns="urn:drconsole:snapshot:1" id="vc"' in part.read_bytes()


def test_import_of_a_file(service: ScriptedService, tmp_path: Path) -> None:
    file, wrong = tmp_path / "other.xml", tmp_path / "wrong.xml"
    file.write_bytes(history()[0].data.replace(b"2026-11-16", b"2026-11-01"))
    wrong.write_text("<snapshot/>", encoding="utf-8")
    with console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("i")
        terminal.sees("Import a snapshot")
        terminal.press(str(file), "enter")
        terminal.sees("stored", "2026-11-01 08:00Z", "Snapshots 4")
        terminal.press("i")
        terminal.sees("Import a snapshot")
        terminal.press(str(wrong), "enter")
        terminal.sees("not done", "wrong.xml")


def test_all_of_it_with_the_site_gone(tmp_path: Path) -> None:
    service = archive(tmp_path, live=False)
    with service.listening(), console(service.config) as terminal:
        terminal.sees("pittsburgh")
        terminal.press("7")
        terminal.sees(OPEN, "2 guests", "not watched yet")
        terminal.press("t")
        terminal.sees("▸ vc-01")
        terminal.press("x")
        terminal.sees("<managementServer")


def test_what_was_read_is_read_on_without_the_service(tmp_path: Path) -> None:
    service = archive(tmp_path)
    (tmp_path / "state").write_text("", encoding="utf-8")  # no other is started in its place
    with service.listening(), console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("t")
        terminal.sees("▸ vc-01")
        service.end()
        terminal.sees("service lost", within=20)
        terminal.press("x")
        terminal.sees("<managementServer")
        look_for(terminal, "esx-03", "a text to look for")
        terminal.sees("1 of")
        terminal.press("t")
        terminal.sees("▸ vc-01")
        look_for(terminal, "esx-03")
        terminal.sees("1 of 42")
        terminal.press("enter")
        terminal.sees("▸ esx-03")


def test_an_older_snapshot_is_recovered_from(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("j", "R")
        terminal.sees("Recover pittsburgh", "2026-11-17")


def test_an_older_snapshot_is_worked_with(service: ScriptedService) -> None:
    with console(service.config) as terminal:
        at_snapshots(terminal)
        terminal.press("j", "m")
        terminal.sees("[3 Map]", "(older)")
    tuesday = history()[1].entry.id
    assert tuesday in [asked.snapshot for asked in service.asked_for(requests.Match)]
