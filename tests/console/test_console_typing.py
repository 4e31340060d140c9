"""Keys that come at once, as from a quick hand or a paste, do what they do one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drconsole.api.requests import CHANGES, Match
from tests.console.scripted_service import ScriptedService
from tests.console.small_world import RUN, world
from tests.console.terminal import console


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ScriptedService]:
    with world(tmp_path).listening() as found:
        yield found


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("/web-02\r", ("[1 Sites]", "filter: web-02", "Guests 1")),
        ("/cXRkps\r", ("[1 Sites]", "filter: cXRkps")),
        ("5tttt2\x10web-03", ("Find anything", "web-03")),
        (":targets\r", ("[2 Targets]", "Pool 8")),
        ("5:guest web-05\r", ("[1 Sites]", "Detail · web-05")),
        ("2/cCCX\x1b[B\r5", ("[5 Run]", RUN)),
        ("345\t?", ("[5 Run]", "Keys")),
    ],
)
def test_keys_that_come_at_once_keep_their_order(
    service: ScriptedService, keys: str, words: tuple[str, ...]
) -> None:
    with console(service.config) as terminal:
        terminal.sees("[1 Sites]", "● pittsburgh", "web-01")
        terminal.press(keys)
        terminal.sees(*words)
        assert terminal.ended(0.3) is None, terminal.text
    changes = CHANGES - {Match}  # the map is matched when it is looked at
    assert [request for request in service.asked if type(request) in changes] == []
