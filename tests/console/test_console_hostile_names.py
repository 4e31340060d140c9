"""Names of others are shown, readable, and do nothing: no markup, no action, no escape sequence."""

from __future__ import annotations

import os
import subprocess
import unicodedata
from collections.abc import Callable, Iterator

import pytest

from drconsole.api.requests import CHANGES, Match, PlanRun
from drconsole.console.words.phrases import short_name
from tests.console.hostile import BARE, CORPUS, hostile_world, leaks, visible
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import in_xml
from tests.console.terminal import Terminal, console, drawn
from tests.lab.operator import COMMAND

SIZE = (200, 78)
"""Large enough for every name at once."""

PAGES = 12
"""Of the longest page, at the most."""

Stored = Callable[[str], str]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScriptedService]:
    with hostile_world(tmp_path_factory.mktemp("hostile")).listening() as found:
        yield found


@pytest.fixture
def terminal(service: ScriptedService) -> Iterator[Terminal]:
    """A console that is still there at the end, has asked for no change, and has sent nothing raw."""
    asked = len(service.asked)
    with console(service.config, SIZE) as opened:
        opened.sees("[1 Sites]", "● pittsburgh", "Guests 62")
        yield opened
        assert opened.ended(0.2) is None, opened.text
    assert leaks(bytes(opened.sent)) == []
    changes = CHANGES - {Match, PlanRun}  # what is looked at is matched, and judged by itself
    assert [request for request in service.asked[asked:] if type(request) in changes] == []


def shows(terminal: Terminal, stored: Stored = lambda name: name) -> None:
    """Every name of the corpus is shown at its beginning, on this screen or on the pages below."""
    wanted = {key: visible(stored(name)) for key, name in CORPUS.items() if key not in BARE}
    terminal.press("home")
    terminal.listen(0.5)
    seen = terminal.text
    for _ in range(PAGES):
        terminal.press("pgdn")
        terminal.listen(0.5)
        seen += terminal.text
        if all(name in seen for name in wanted.values()):
            break
    assert {key: name for key, name in wanted.items() if name not in seen} == {}, seen


def test_sites_and_targets(terminal: Terminal) -> None:
    terminal.press("tab")
    shows(terminal)
    assert len(terminal.places("● on")) == 1, terminal.text
    terminal.press("2")
    terminal.sees("[2 Targets]", "Pool")
    shows(terminal)
    assert len(terminal.places("● free ")) == 1, terminal.text


def test_map_and_guests_with_their_dialogs(terminal: Terminal) -> None:
    terminal.press("3")
    terminal.sees("[3 Map]", "Roles 64", "✓ good")
    shows(terminal, lambda name: short_name(in_xml(name)))
    terminal.press("enter")
    terminal.sees("enter chooses", "rack-1")
    terminal.escape("enter chooses")
    terminal.press("4")
    terminal.sees("[4 VMs]", "○ cannot")
    shows(terminal, in_xml)
    assert len(terminal.places("✓ recoverable")) == 1, terminal.text
    terminal.press("/", "z", "enter")
    terminal.sees("filter: z")


def test_a_run_its_tables_its_steps_and_its_log(terminal: Terminal) -> None:
    terminal.press("5")
    terminal.sees("[5 Run]", "✗ failed", "Machines 60")
    shows(terminal)
    terminal.press("t")
    terminal.sees("Steps 60")
    terminal.press("t")
    terminal.sees("Guests 62")
    shows(terminal)
    terminal.press("t", "tab")
    terminal.sees("Machines 60")
    shows(terminal)


def test_a_step_page_and_the_timeline(terminal: Terminal) -> None:
    terminal.press("5")
    terminal.sees("[5 Run]", "✗ failed", "Machines 60")
    terminal.press("t", "enter")
    terminal.sees("what now", "attempted", "seen after")
    shows(terminal)
    terminal.press("home")
    terminal.sees("seen after")
    terminal.escape("seen after")
    terminal.press("g")
    terminal.sees("bound")
    shows(terminal)


def test_uplinks(terminal: Terminal) -> None:
    terminal.press("6")
    terminal.sees("[6 Uplinks]", "Hosts 62", "waiting")
    shows(terminal)
    terminal.press("enter")


def test_snapshots_as_list_tree_xml_difference_and_search(terminal: Terminal) -> None:
    terminal.press("7")
    terminal.sees("[7 Snapshots]", "2 guests")
    for key, words in (("t", "Tree"), ("x", "XML"), ("d", "Difference")):
        terminal.press(key)
        terminal.sees(words)
    terminal.press("f")
    terminal.sees("esc")
    terminal.press(*"onerror", "enter")
    terminal.sees('"><img src=x onerror')


def test_reports(terminal: Terminal) -> None:
    terminal.press("8")
    terminal.sees("[8 Reports]", "Reports 1")
    terminal.press("enter")
    terminal.sees("Outcome")
    shows(terminal)


def test_finding_filtering_and_commands(terminal: Terminal) -> None:
    terminal.press("\x10")
    terminal.sees("Find anything")
    terminal.press(*"onerror")
    terminal.sees('guest      "><img src=x', 'target     "><img src=x')
    terminal.press("down", "enter")
    terminal.gone("Find anything")
    terminal.press("/")
    terminal.sees("inverts")
    terminal.press(*"click", "enter")
    terminal.sees("click", "[@click=app.quit]go[/]")
    terminal.press(":", *"guest [@")
    terminal.sees("[@click=app.quit]go[/]")
    terminal.press("esc")
    terminal.listen(0.5)  # what follows at once would be alt and a key
    terminal.press("?")
    terminal.sees("Keys")


def test_plain_lines(service: ScriptedService) -> None:
    """Nothing but letters and ends of lines is sent, whatever things are called."""
    typed = "\n".join(
        ("targets", "map", "vms", "run", "waiting", "step 1", "uplinks", "search onerror", "quit")
    )
    done = subprocess.run(
        [COMMAND, "--config", service.config, "--plain"],
        input=f"{typed}\n".encode(),
        capture_output=True,
        timeout=60,
        check=True,
        env={**os.environ, "LANG": "C.UTF-8"},
    )
    said = unicodedata.normalize("NFC", drawn(done.stdout.decode()))
    assert b"\x1b" not in done.stdout
    assert leaks(done.stdout) == []
    names = {key: visible(name) for key, name in CORPUS.items() if key not in BARE}
    assert {key: name for key, name in names.items() if name not in said} == {}, said
