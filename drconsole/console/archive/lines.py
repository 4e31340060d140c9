"""A document's bytes as rows that can be shown one at a time, and where a text stands in them.

Nothing here holds the document twice: a row is cut out of the bytes when it is looked at.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from xml.sax.saxutils import escape

ROW_BYTES = 768
"""A longer line goes on in the next row: a document may be one line of 60 MB."""

_CHUNK = 1 << 20
_MOST = 100_000


class Lines:
    """The rows of a document. Make it with `index`, in a thread: a large one takes a while."""

    def __init__(self, data: bytes, starts: array[int]) -> None:
        self.data = data
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, row: int) -> int:
        """Returns at which byte a row begins."""
        return self._starts[row]

    def end(self, row: int) -> int:
        """Returns the byte after a row, without what ends its line."""
        end = self._starts[row + 1] if row + 1 < len(self._starts) else len(self.data)
        while end > self._starts[row] and self.data[end - 1] in b"\r\n":
            end -= 1
        return end

    def text(self, row: int) -> str:
        """Returns a row; bytes that are no UTF-8 are shown as such."""
        return self.data[self._starts[row] : self.end(row)].decode("utf-8", "backslashreplace")

    def row_at(self, offset: int) -> int:
        """Returns the row that a byte stands in."""
        return max(0, bisect_right(self._starts, offset) - 1)


def index(data: bytes) -> Lines:
    """Returns the rows of a document."""
    starts = array("Q")
    at, size = 0, len(data)
    while at < size:
        starts.append(at)
        end = data.find(b"\n", at, at + ROW_BYTES) + 1
        at = end if end else _cut(data, min(at + ROW_BYTES, size))
    return Lines(data, starts)


def _cut(data: bytes, at: int) -> int:
    """Moves a cut back to where a character begins."""
    for back in range(4):
        if at >= len(data) or data[at - back] & 0xC0 != 0x80:
            return at - back
    return at


def find_all(data: bytes, text: str) -> tuple[int, ...]:
    """Returns the bytes at which a text stands, in order, 100,000 at the most.

    ASCII letters match in either case. What XML writes in another way (`&`) is found as well.
    Run it in a thread: it goes through the bytes piece by piece, so that others get their turn.
    """
    forms = {form.encode().lower() for form in (text, escape(text, {'"': "&quot;"})) if form}
    longest = max(map(len, forms), default=0)
    found: set[int] = set()
    for start in range(0, len(data), _CHUNK) if forms else ():
        piece = data[start : start + _CHUNK + longest - 1].lower()
        for form in forms:
            at = piece.find(form)
            while at >= 0 and len(found) < _MOST:
                found.add(start + at)
                at = piece.find(form, at + len(form))
    return tuple(sorted(found))
