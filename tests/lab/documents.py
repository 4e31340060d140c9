"""The two documents as an operator edits them: written by a command, changed as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.lab.operator import Operator


def half_of_it(operator: Operator, folder: Path) -> tuple[Path, Path]:
    """Writes the automatic match without esx-04, and a selection of half of the guests.

    Of the guests that come back, some ran on the host that does not.
    """
    mapping, selection = folder / "mapping.xml", folder / "selection.xml"
    for words in (("map", "pittsburgh", "--out", mapping), ("select", "pittsburgh", "--out", selection)):
        outcome = operator(*words)
        assert outcome.code == 0, outcome.stderr
    kept_back(mapping, "host", lambda number, element: 'name="esx-04' in element)
    kept_back(selection, "virtualMachine", lambda number, element: number % 4 in (0, 3))
    return mapping, selection


def kept_back(document: Path, tag: str, which: Callable[[int, str], bool]) -> None:
    """Sets deploy="false" on the elements of a tag that `which` picks by number and text."""
    numbers = iter(range(100_000))

    def flagged(found: re.Match[str]) -> str:
        element = found.group(0)
        out = which(next(numbers), element)
        return element.replace('deploy="true"', 'deploy="false"') if out else element

    text = document.read_text(encoding="utf-8")
    changed = re.sub(rf"<{tag} [^>]*>", flagged, text)
    assert changed != text, f"no {tag} was picked"
    document.write_text(changed, encoding="utf-8")
