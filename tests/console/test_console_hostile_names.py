"""Names of others are shown, readable, and do nothing: no markup, no action, no escape sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from drconsole.api.requests import CHANGES, Match
from drconsole.console.phrases import short_name
from tests.console.hostile import BARE, CORPUS, hostile_world, leaks, visible
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import in_xml
from tests.console.terminal import Terminal, console

SIZE = (200, 78)
"""Large enough for every name at once."""

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
    changes = CHANGES - {Match}  # the map is matched when it is looked at
    assert [request for request in service.asked[asked:] if type(request) in changes] == []


def shows(terminal: Terminal, stored: Stored = lambda name: name) -> None:
    """Every name of the corpus is shown at its beginning, on this screen or at its table's end."""
    wanted = {key: visible(stored(name)) for key, name in CORPUS.items() if key not in BARE}
    seen = terminal.text
    terminal.press("G")
    terminal.listen(0.5)
    seen += terminal.text
    assert {key: name for key, name in wanted.items() if name not in seen} == {}, seen


def test_sites_and_targets(terminal: Terminal) -> None:
    terminal.press("tab")
    shows(terminal)
    terminal.press("2")
    terminal.sees("[2 Targets]", "Pool")
    shows(terminal)


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
    terminal.press("/", "z", "enter")
    terminal.sees("filter: z")


def test_a_run_its_tables_its_steps_and_its_log(terminal: Terminal) -> None:
    terminal.press("5")
    terminal.sees("[5 Run]", "✗ failed", "Machines 62")
    shows(terminal)
    terminal.press("t")
    terminal.sees("Steps 62")
    terminal.press("t")
    terminal.sees("Guests 62")
    shows(terminal)
    terminal.press("t", "enter")
    terminal.sees("Steps 1 of")
