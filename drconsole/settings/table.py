"""A table of the configuration, read key by key, so that no key is overlooked or unknown."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from drconsole.errors import InvalidConfiguration
from drconsole.settings.source import Place, Source

T = TypeVar("T")

_WORDS = {str: "text", bool: "true or false", int: "a whole number", dict: "a table", list: "a list"}


class Table:
    """One table. Each getter marks its key as known; `close` refuses the keys that nobody asked for.

    All raise InvalidConfiguration with file, line and what would be right.
    """

    def __init__(self, source: Source, place: Place = (), *, later: tuple[str, ...] = ()) -> None:
        self.source = source
        self.place = place
        self._later = later
        self._known: set[str] = set()
        self._values: dict[str, Any] = source.values
        for step in place:
            self._values = self._values[step]  # type: ignore[index]  # a place mixes keys and positions

    def __contains__(self, key: str) -> bool:
        return key in self._values

    @property
    def title(self) -> str:
        """Returns the header as the operator wrote it, such as `[site.pittsburgh]`."""
        words = ".".join(str(step) for step in self.place if isinstance(step, str))
        inner = any(isinstance(step, int) for step in self.place)
        return f"[[{words}]]" if inner else f"[{words}]" if words else "the top level"

    def wrong(self, key: str, message: str, expected: str) -> InvalidConfiguration:
        """Returns the error for a value, at its own line where it stands in the file."""
        return self.source.error((*self.place, key), f"{self.title} {key}: {message}", expected)

    def text(self, key: str, default: str | None = None) -> str:
        """Returns a text; required where no default is given."""
        return self._typed(key, str, default)

    def flag(self, key: str, default: bool) -> bool:
        """Returns true or false."""
        return self._typed(key, bool, default)

    def number(self, key: str, default: int | None = None, *, least: int = 0, most: int = 2**31) -> int:
        """Returns a whole number between `least` and `most`."""
        value = self._typed(key, int, default)
        if not least <= value <= most:
            raise self.wrong(key, f"{value} is out of range", f"{least} to {most}")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Returns a list of texts."""
        values = self._typed(key, list, None if default is None else list(default))
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, "not every entry is text", 'a list such as ["a", "b"]')
        return tuple(values)

    def form(self, key: str, read: Callable[[str], T], expected: str, default: T | None = None) -> T:
        """Returns a text that `read` understands; it raises ValueError for what it does not."""
        if key not in self and default is not None:
            self._known.add(key)
            return default
        value = self._typed(key, str, None)
        try:
            return read(value)
        except ValueError as error:
            raise self.wrong(key, f"{value!r} is not understood", expected) from error

    def choice(self, key: str, values: tuple[str, ...], default: str | None = None) -> str:
        """Returns one of the words that are possible here."""
        value = self.text(key, default)
        if value not in values:
            raise self.wrong(
                key, f"{value!r} is not known{_nearest(value, values)}", f"one of {_list(values)}"
            )
        return value

    def table(self, key: str) -> Table | None:
        """Returns the table under a key, None where there is none."""
        if key not in self:
            self._known.add(key)
            return None
        self._typed(key, dict, None)
        return Table(self.source, (*self.place, key))

    def tables(self, key: str, *, later: tuple[str, ...] = ()) -> Iterator[tuple[str, Table]]:
        """Yields (name, table) of a table of named tables, such as `[site.NAME]`."""
        for name in self._typed(key, dict, {}):
            if not isinstance(self._values[key][name], dict):
                raise self.source.error(
                    (*self.place, key, name), f"[{key}] holds a value {name!r}", f"a table [{key}.NAME]"
                )
            yield name, Table(self.source, (*self.place, key, name), later=later)

    def rows(self, key: str) -> Iterator[Table]:
        """Yields the tables of an array of tables, such as `[[site.NAME.group]]`."""
        rows = self._typed(key, list, [])
        for position, row in enumerate(rows):
            if not isinstance(row, dict):
                raise self.wrong(key, "not a list of tables", f"[[{'.'.join(map(str, self.place))}.{key}]]")
            yield Table(self.source, (*self.place, key, position))

    def names(self) -> tuple[str, ...]:
        """Returns all keys and marks them as known, for tables whose keys are names of their own."""
        self._known.update(self._values)
        return tuple(self._values)

    def choice_of_key(self, key: str, values: tuple[str, ...]) -> None:
        """Refuses a key that is none of these words."""
        if key not in values:
            raise self.wrong(key, f"unknown key{_nearest(key, values)}", f"one of {_list(values)}")

    def raw(self, key: str) -> Any:
        """Returns a value of whatever type it has."""
        self._known.add(key)
        return self._values[key]

    def close(self) -> None:
        """Refuses the first key that nobody asked for."""
        for key in self._values:
            if key in self._known:
                continue
            if key in self._later:
                raise self.wrong(key, "not yet in this version", "leave it out")
            raise self.wrong(
                key, f"unknown key{_nearest(key, self._known)}", f"one of {_list(sorted(self._known))}"
            )

    def _missing(self, key: str, expected: str) -> InvalidConfiguration:
        """A key is missing most often because it stands there misspelt: then that is its line."""
        for misspelt in difflib.get_close_matches(key, sorted(set(self._values) - self._known), n=1):
            return self.wrong(misspelt, f"unknown key, did you mean {key!r}?", f"{key}: {expected}")
        return self.wrong(key, "is missing", expected)

    def _typed(self, key: str, kind: type[T], default: T | None) -> T:
        self._known.add(key)
        if key not in self._values:
            if default is None:
                raise self._missing(key, _WORDS[kind])
            return default
        value = self._values[key]
        # bool is an int to Python, not to an operator.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise self.wrong(key, f"is {_word(value)}", _WORDS[kind])
        return value


def _word(value: object) -> str:
    return _WORDS.get(type(value), f"a {type(value).__name__}")


def _list(words: tuple[str, ...] | list[str]) -> str:
    return ", ".join(words)


def _nearest(word: str, known: set[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(word, sorted(known), n=1)
    return f", did you mean {close[0]!r}?" if close else ""
