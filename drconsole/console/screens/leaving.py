"""Leaving with changes that stand in no file."""

from __future__ import annotations

from drconsole.console.screens.dialogs import Confirm
from drconsole.console.widgets.drawing import prose
from drconsole.console.words import phrases


class Leave(Confirm):
    """Asks whether drafts may be forgotten. They live in this console alone."""

    def __init__(self, number: int) -> None:
        words = (
            f"{phrases.count(number, 'change')} of mappings and selections (screens 3 and 4), in no "
            "file: leaving forgets them. w on those screens writes them."
        )
        super().__init__("Leave", prose(words, "warn"), "leaves all the same")
