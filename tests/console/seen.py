"""What must be whole on every screen, read off its text: keys, states, the beginnings of names, borders."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from drconsole.console.actions import ACTIONS, SCREENS, Keymap
from drconsole.console.style import look

STATE_COLUMNS = frozenset({"STATE", "POWER", "FIT", "VERDICT", "VERIFIED", "DEPLOY"})
NAME_COLUMNS = frozenset({"NAME", "TARGET", "PROTECTED", "MACHINE", "HOST", "FOR", "RUN", "SITE", "STEP"})
SHORTEST = 8
"""So many characters of a longer name are seen at the least."""

_WORDS = frozenset(look._STATES) | {"cannot", "not", "leased", "with", "–"}
_GLYPHS = {glyph for glyph, _ in look._STATES.values()} | {"?"}
_LABELS = {action.label for action in ACTIONS} | {
    *("resume", "attach", "log", "machines", "steps", "guests", "timeline", "tree", "list", "table", "open"),
    *("machine", "text", "report", "runs", "cancel", "hide", "show", "back", "help"),
}
_PARTS = re.compile(r"\S+(?: \S+)*")


def faults(lines: Sequence[str], width: int, screen: str, names: Collection[str]) -> list[str]:
    """Returns what is clipped on a screen of that width that shows objects of these names."""
    return [
        *(f"{len(line)} cells: {line}" for line in lines if len(line) != width),
        *_head(lines[0]),
        *_keys(lines[-1], screen),
        *(fault for title, cell in cells(lines) for fault in _cell(title, cell, names)),
    ]


def _head(line: str) -> list[str]:
    return [word for number, word in enumerate(SCREENS.values(), 1) if f"{number} {word}" not in line]


def _keys(line: str, screen: str) -> list[str]:
    """Each entry of the footer is a key of the screen and a whole label."""
    shown = {action.shown for action in Keymap(ACTIONS).actions_of(screen)} | {"esc", "enter", "tab"}
    wrong = []
    for entry in re.split(r"\s{2,}", line.strip()):
        key, _, label = entry.partition(" ")
        if key not in shown or label not in _LABELS:
            wrong.append(f"key: {entry}")
    if not line.strip().startswith("? help"):
        wrong.append(f"no help: {line}")
    return wrong


def _cell(title: str, cell: str, names: Collection[str]) -> Iterator[str]:
    if not cell or cell == "–":
        return
    if title in STATE_COLUMNS:
        glyph, _, words = cell.partition(" ")
        if glyph not in _GLYPHS or words.split(" ")[0] not in _WORDS or cell.endswith(("…", "~")):
            yield f"state: {title} {cell}"
    elif not any(name.startswith(cell.rstrip("…~")) for name in names):
        yield f"name: {title} {cell}"
    elif cell.endswith(("…", "~")) and len(cell) <= SHORTEST:
        yield f"too short: {title} {cell}"


def cells(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields title and text of every cell in a column of states or of names, as far as it is seen."""
    for y, line in enumerate(lines):
        for pane in re.finditer(r"│([^│]*)", line):
            columns = [
                (part.group().split(" ")[0], pane.start(1) + part.start())
                for part in _PARTS.finditer(pane.group(1))
            ]
            known = [title for title, _ in columns if title in STATE_COLUMNS | NAME_COLUMNS]
            if len(columns) < 2 or not known or any(title != title.upper() for title in known):
                continue
            if not any(title in STATE_COLUMNS for title in known):
                continue
            for title, x in columns:
                if title in STATE_COLUMNS | NAME_COLUMNS:
                    yield from ((title, text) for text in _down(lines, y + 1, pane.start(), x))


def _down(lines: Sequence[str], y: int, left: int, x: int) -> Iterator[str]:
    for line in lines[y:]:
        if line[left] != "│":
            return
        found = _PARTS.match(line[x:])
        yield found.group().split(" │")[0].rstrip("│ ") if found else ""
