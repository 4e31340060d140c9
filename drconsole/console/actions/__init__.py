"""The keys: one table of actions, as data. Bindings, footers and help are all made from it.

A capital letter or "…" acts on many or is dangerous, and asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from textual.binding import BindingType

from drconsole.console.actions.action import MOVES, SCREENS, TITLES, Action
from drconsole.console.actions.drafts import DOCUMENTS, DRAFTS
from drconsole.console.actions.everywhere import FILTER, FIRST, LAST
from drconsole.console.actions.keymap import Keymap
from drconsole.console.actions.opening import OPENING
from drconsole.console.actions.recovering import RECOVERING
from drconsole.console.actions.reports import REPORTS
from drconsole.console.actions.run import RUN
from drconsole.console.actions.sites import SITES
from drconsole.console.actions.snapshots import READING, SNAPSHOTS
from drconsole.console.actions.targets import TARGETS
from drconsole.console.actions.uplinks import UPLINKS

__all__ = ["ACTIONS", "MOVES", "SCREENS", "TITLES", "Action", "Keymap", "actions_of", "bindings_of"]

ACTIONS = (
    *FIRST, *OPENING, *DRAFTS, *FILTER, *SITES, *TARGETS, *UPLINKS, *RUN, *READING, *SNAPSHOTS, *REPORTS,
    *RECOVERING, *DOCUMENTS, *LAST,
)  # fmt: skip
"""The most wanted first: the footer takes as many as fit."""


def actions_of(screen: str) -> Iterator[Action]:
    """Yields what a screen's keys do, the most wanted first."""
    return (action for action in ACTIONS if not action.screens or screen in action.screens)


def bindings_of(screen: str, keymap: Keymap | None = None) -> list[BindingType]:
    """Returns Textual's bindings of a screen: its actions, and the digits of the screens."""
    return (keymap or Keymap(ACTIONS)).bindings(screen)
