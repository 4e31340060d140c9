"""The keys as one table in Markdown, for the README: made from the table of actions, as footers are."""

from __future__ import annotations

import re
from collections.abc import Iterable

from drconsole.console.actions import ACTIONS, TITLES, Keymap
from drconsole.console.actions.action import key_word

BEGIN, END = "<!-- keys: scripts/keys writes this -->", "<!-- keys end -->"


def table(keymap: Keymap | None = None) -> str:
    """Returns a row for what works everywhere, for tables, and for each screen."""
    keymap = keymap or Keymap(ACTIONS)
    everywhere = [
        (shown, action.label or action.help) for action, shown in keymap.shown("sites") if not action.screens
    ]
    moves = [(" ".join(map(key_word, keys)), told) for _, keys, told in keymap.moves()]
    rows = [("everywhere", [("1–8", "screens"), ("tab", "next pane"), *everywhere]), ("in tables", moves)]
    for screen, title in TITLES.items():
        own = [
            (shown, action.label or action.help) for action, shown in keymap.shown(screen) if action.screens
        ]
        rows.append((title, own))
    lines = [
        "| where | keys |",
        "|---|---|",
        *(f"| {where} | {_told(keys)} |" for where, keys in rows if keys),
    ]
    return "\n".join(lines)


def _told(keys: Iterable[tuple[str, str]]) -> str:
    return " · ".join(f"`{key}` {_short(told)}".replace("|", "\\|") for key, told in keys)


def _short(told: str) -> str:
    """What a key does, up to where it is explained; `tree: close it` is told of the tree anyway."""
    about, colon, rest = told.partition(": ")
    said = rest if colon and " " not in about else about
    return re.split("; |, ", said, maxsplit=1)[0]


def renewed(readme: str) -> str:
    """Returns a README with the table as it is now. Raises ValueError where it has no place for it."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no lines `{BEGIN}` and `{END}`")
    return f"{before}{begin}\n{table()}\n{end}{after}"
