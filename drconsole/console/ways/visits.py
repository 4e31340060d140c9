"""Where one has been: screens with their cursors and filters, back and forward as in a browser."""

from __future__ import annotations

import msgspec

_KEPT = 100


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A screen as it was left: the cursor of each of its tables by the table's id, and the filter."""

    screen: str
    cursors: dict[str, str] = {}
    filter: str = ""


class Visits:
    """The way that one came, and where one stands on it. Going somewhere new forgets the way forward."""

    def __init__(self) -> None:
        self._way: list[Visit] = []
        self._at = -1
        self._last = ""

    def leave(self, visit: Visit) -> None:
        """Notes how the screen looks that one stands on."""
        if self._at >= 0 and self._way[self._at].screen == visit.screen:
            self._way[self._at] = visit

    def arrive(self, screen: str, *, anew: bool = False) -> None:
        """Notes a screen that one has gone to; `anew`: also where one stands on it already."""
        here = self._way[self._at].screen if self._at >= 0 else ""
        if here == screen and not anew:
            return
        if here and here != screen:
            self._last = here
        self._way = [*self._way[: self._at + 1], Visit(screen=screen)][-_KEPT:]
        self._at = len(self._way) - 1

    def step(self, by: int) -> Visit | None:
        """Goes back (-1) or forward (1) and returns the visit there; None at the end of the way."""
        if not 0 <= self._at + by < len(self._way):
            return None
        if self._way[self._at].screen != self._way[self._at + by].screen:
            self._last = self._way[self._at].screen
        self._at += by
        return self._way[self._at]

    @property
    def here(self) -> Visit | None:
        """How this screen looked when it was left."""
        return self._way[self._at] if self._at >= 0 else None

    @property
    def last(self) -> str:
        """The screen before this one, "" where there was none."""
        return self._last
