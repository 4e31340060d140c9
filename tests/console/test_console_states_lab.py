"""Every state of a run and of a machine is seen in a console, by glyph and word: made by a lab's faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.lab_states import DEADLINES, SEEN, WORLD, Story, ask_first
from tests.console.terminal import console
from tests.lab.own_lab import own_lab

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def screens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with own_lab(tmp_path_factory.mktemp("states"), deadlines=DEADLINES, **WORLD) as lab:
        ask_first(lab)
        lab.captured()
        with console(lab.configuration) as terminal:
            terminal.sees("pittsburgh", within=60)
            yield Story(lab, terminal).tell()


@pytest.mark.parametrize("name", SEEN)
def test_a_state_is_seen_by_glyph_and_word(screens: dict[str, str], name: str) -> None:
    missing = [word for word in SEEN[name] if word not in screens[name]]
    assert not missing, screens[name]
