"""A TOML text with the line of each of its keys, which tomllib does not tell.

The text is parsed whole by tomllib. The lines are found by giving it the text once more, statement
by statement: so the grammar stays tomllib's, and this module only counts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drconsole.errors import InvalidConfiguration

Place = tuple[str | int, ...]
"""The way to a value: keys, and positions within arrays of tables."""


class Source:
    """The parsed text of one configuration file. `values` is what tomllib made of it.

    Raises InvalidConfiguration, with the line, for text that is no TOML.
    """

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        try:
            self.values: dict[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InvalidConfiguration(
                str(error), about=str(path), line=_line_of(error), expected="valid TOML 1.0"
            ) from error
        self._lines: dict[Place, int] = {}
        for place, line in _index(text):
            # The first statement about a place is where the operator looks for it.
            self._lines.setdefault(place, line)

    def line(self, place: Place) -> int:
        """Returns the 1-based line of a key, else of the nearest table around it, else 0."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 0)

    def error(self, place: Place, message: str, expected: str) -> InvalidConfiguration:
        """Returns the error that names this file, the line of `place`, and what would be right."""
        return InvalidConfiguration(message, about=str(self.path), line=self.line(place), expected=expected)


def _line_of(error: tomllib.TOMLDecodeError) -> int:
    """Python 3.14 gives the line as an attribute; before, it stands in the message only."""
    _, _, tail = str(error).partition("at line ")
    digits = tail.partition(",")[0]
    return int(digits) if digits.isdigit() else 0


def _index(text: str) -> Iterator[tuple[Place, int]]:
    """Yields each key's place and line. `text` is known to be valid."""
    table: Place = ()
    arrays: dict[Place, int] = {}
    for line, statement in _statements(text):
        stripped = statement.lstrip()
        values = tomllib.loads(statement)
        if stripped.startswith("["):
            table = _enter(_first_path(values), arrays, append=stripped.startswith("[["))
            yield table, line
            if isinstance(table[-1], int):
                yield table[:-1], line
        else:
            yield from ((place, line) for place in _places(values, table))


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yields (line, statement): lines are joined until they parse, as multi-line values need it."""
    held: list[str] = []
    start = 0
    # Not splitlines: TOML knows two line ends, Unicode more, and names may hold those.
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if not held and (not line.strip() or line.lstrip().startswith("#")):
            continue
        start = start if held else number
        held.append(line)
        if _parses("\n".join(held)):
            yield start, "\n".join(held)
            held.clear()


def _parses(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _first_path(values: dict[str, Any]) -> tuple[str, ...]:
    """Returns the keys of a table header, which parses to one key a level."""
    path: tuple[str, ...] = ()
    while values:
        key, inner = next(iter(values.items()))
        path = (*path, key)
        values = inner[0] if isinstance(inner, list) else inner
    return path


def _enter(path: tuple[str, ...], arrays: dict[Place, int], *, append: bool) -> Place:
    """Returns the place of a header, with the position of the present table of each array in it."""
    place: Place = ()
    for depth, key in enumerate(path, start=1):
        place = (*place, key)
        if append and depth == len(path):
            arrays[place] = arrays.get(place, -1) + 1
        if place in arrays:
            place = (*place, arrays[place])
    return place


def _places(values: dict[str, Any], table: Place) -> Iterator[Place]:
    """Yields the place of each key of a statement, dotted and inline ones too."""
    for key, value in values.items():
        yield (*table, key)
        if isinstance(value, dict):
            yield from _places(value, (*table, key))
