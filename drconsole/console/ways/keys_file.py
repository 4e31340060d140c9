"""Keys that a user chose: ~/.config/drconsole/keys.toml, checked line by line; what is right of it is used.

[run]
retry = ["r"]
[everywhere]
palette = ["ctrl+f"]
[tables]
down = ["n"]
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

from textual.keys import Keys

from drconsole.console.actions import ACTIONS, MOVES, SCREENS, TITLES, Keymap
from drconsole.console.actions.action import key_word
from drconsole.console.actions.keymap import TABLES, key_named

EVERYWHERE = "everywhere"
_SECTIONS = (EVERYWHERE, TABLES, *TITLES)
_ALSO = {"vms": "guests", "table": TABLES}
_DIGITS = {str(number) for number in range(1, len(SCREENS) + 1)}
_NAMED = frozenset(key.value for key in Keys)

Chosen = dict[tuple[str, str], tuple[str, ...]]


def place() -> Path:
    """Returns where the file is looked for."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "drconsole/keys.toml"


def load(path: Path) -> tuple[Keymap, tuple[str, ...]]:
    """Returns the keys as the file sets them, and a line for each thing that is wrong in it. Blocks."""
    try:
        text = path.read_text(encoding="utf-8")
        sections = tomllib.loads(text)
    except FileNotFoundError:
        return Keymap(ACTIONS), ()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Keymap(ACTIONS), (f"{path}: {error}; the usual keys are used",)
    reading = _Reading(path, text)
    for section, rows in sections.items():
        reading.take(section, rows)
    return Keymap(ACTIONS, reading.without_clashes()), tuple(reading.wrong)


class _Reading:
    """One reading of the file."""

    def __init__(self, path: Path, text: str) -> None:
        self.wrong: list[str] = []
        self._path = path
        self._lines = text.splitlines()
        self._chosen: Chosen = {}
        self._from: dict[tuple[str, str], tuple[str, str]] = {}

    def take(self, section: str, rows: object) -> None:
        known = _ALSO.get(section, section)
        if known not in _SECTIONS or not isinstance(rows, dict):
            self._say(section, "", f"[{section}] is no screen; right would be {_near(section, _SECTIONS)}")
            return
        for name, keys in rows.items():
            self._row(section, known, name, keys)

    def _row(self, section: str, known: str, name: str, keys: object) -> None:
        names = _names(known)
        if name not in names:
            self._say(section, name, f"[{section}] has no action {name}; right would be {_near(name, names)}")
            return
        given = [keys] if isinstance(keys, str) else keys
        if not isinstance(given, list) or not given or not all(isinstance(key, str) for key in given):
            self._say(section, name, f'{name} wants a list of keys, such as ["r"]')
            return
        found = tuple(key_named(key) for key in given)
        if strange := [key for key, known_as in zip(given, found, strict=True) if not _is_key(known_as)]:
            self._say(section, name, f'{strange[0]} is no key; right would be "r", "F2" or "ctrl+r"')
            return
        if taken := [key for key in found if key in _DIGITS]:
            self._say(section, name, f"{taken[0]} is the key of a screen; right would be a letter")
            return
        for at in _places(known, name):
            self._chosen[at] = found
            self._from[at] = (section, name)

    def without_clashes(self) -> Chosen:
        """Leaves out what would give one key two meanings on a screen, and says so."""
        kept = dict(self._chosen)
        for at in sorted(self._chosen, key=lambda at: at[0] != TABLES):
            screen, name = at
            where = TITLES if screen == TABLES else (screen,)
            for other, key in _clash(kept, at, where):
                self._say(*self._from[at], f"{key} is also {other}'s key: {name} keeps its own")
                for each in [each for each in kept if self._from[each] == self._from[at]]:
                    del kept[each]
                break
        return kept

    def _say(self, section: str, name: str, what: str) -> None:
        told = f"{self._path} line {self._line(section, name)}: {what}"
        if told not in self.wrong:
            self.wrong.append(told)

    def _line(self, section: str, name: str) -> int:
        """The line of a section, or of a row of it: tomllib does not tell."""
        inside = False
        for number, line in enumerate(self._lines, 1):
            if head := re.match(r"\s*\[\s*[\"']?([\w-]+)[\"']?\s*\]", line):
                inside = head[1] == section
                if inside and not name:
                    return number
            elif inside and re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line):
                return number
        return 1


def _names(section: str) -> list[str]:
    if section == TABLES:
        return [move.name for move in MOVES]
    if section == EVERYWHERE:
        return [action.name for action in ACTIONS if not action.screens]
    return [action.name for action in Keymap(ACTIONS).actions_of(section)]


def _places(section: str, name: str) -> list[tuple[str, str]]:
    return [(screen, name) for screen in TITLES] if section == EVERYWHERE else [(section, name)]


def _clash(chosen: Chosen, at: tuple[str, str], screens: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields what else has one of these keys. An action of our table may take a table's key, a user's not."""
    keymap = Keymap(ACTIONS, chosen)
    wanted = chosen.get(at, ())
    moves = {(name, key) for name, keys, _ in keymap.moves() for key in keys}
    for screen in screens:
        own = {
            (action.name, key) for action in keymap.actions_of(screen) for key in keymap.keys(screen, action)
        }
        for name, key in sorted(own | moves):
            if key in wanted and name != at[1]:
                yield name, key


def _is_key(key: str) -> bool:
    bare = key.removeprefix("ctrl+").removeprefix("alt+").removeprefix("shift+")
    return key in _NAMED or bare in _NAMED or len(key_word(bare)) == 1


def _near(word: str, known: Iterable[str]) -> str:
    names = list(known)
    return (difflib.get_close_matches(word, names, 1, 0.5) or [", ".join(names)])[0]
