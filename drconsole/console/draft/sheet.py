"""Values by key that an operator edits: taken back, done again, and which of them are not saved yet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

Value = TypeVar("Value")


class Edit(msgspec.Struct, Generic[Value], frozen=True, kw_only=True):
    """One edit: the values that it changed, before and after; `words` say it to the operator."""

    words: str
    before: dict[str, Value]
    after: dict[str, Value]


class Sheet(Generic[Value]):
    """The values, their edits, and what was last saved. What an edit costs is what it changes, not all.

    `version` is another one after each change, also after one that was taken back.
    """

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values = dict(values)
        self.version = 0
        self._done: list[Edit[Value]] = []
        self._undone: list[Edit[Value]] = []
        self._saved: dict[str, Value] = {}

    @property
    def edited(self) -> bool:
        """Whether there is an edit that stands."""
        return bool(self._done)

    @property
    def unsaved(self) -> int:
        """How many values are not as they were saved (or as they began)."""
        return len(self._saved)

    def differs(self, key: str) -> bool:
        """Whether a value is not as it was saved."""
        return key in self._saved

    def load(self, values: Mapping[str, Value]) -> None:
        """Begins anew with these values: nothing is unsaved, nothing can be taken back."""
        self._done.clear()
        self._undone.clear()
        self._saved.clear()
        self.values = dict(values)
        self.version += 1

    def change(self, words: str, new: Mapping[str, Value]) -> int:
        """Makes an edit of those values that differ; returns how many did. None is no edit."""
        after = {key: value for key, value in new.items() if self.values[key] != value}
        if after:
            before = {key: self.values[key] for key in after}
            self._done.append(Edit(words=words, before=before, after=after))
            self._undone.clear()
            self._put(after)
        return len(after)

    def undo(self) -> str:
        """Takes the last edit back and returns its words, "" where there is none."""
        if not self._done:
            return ""
        edit = self._done.pop()
        self._undone.append(edit)
        self._put(edit.before)
        return edit.words

    def redo(self) -> str:
        """Does what was taken back last again and returns its words, "" where there is nothing."""
        if not self._undone:
            return ""
        edit = self._undone.pop()
        self._done.append(edit)
        self._put(edit.after)
        return edit.words

    def save(self) -> None:
        """What stands now is what is saved; edits can still be taken back."""
        self._saved.clear()

    def _put(self, new: Mapping[str, Value]) -> None:
        for key, value in new.items():
            old = self.values[key]
            saved = self._saved.setdefault(key, old)
            if saved == value:
                del self._saved[key]
            self.values[key] = value
            self.replaced(key, old, value)
        self.version += 1

    def replaced(self, key: str, old: Value, new: Value) -> None:
        """Is told of each value that was replaced, for sums that are kept up; nothing here."""
