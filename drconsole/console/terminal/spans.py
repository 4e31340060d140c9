"""What is sent of a picture that changed in places: the changed cells, and nothing beside them.

Textual sends a line from where its widget begins; over a slow line a cell that changes in the fifth column
of a table would bring four others along.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate
from textual.strip import Strip


class Spans(ChopsUpdate):
    """An update that is cut at both ends."""

    def render_segments(self, console: Console) -> str:
        """Returns what is written to the terminal."""
        written: list[str] = []
        at = (-1, -1)
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                if strip is None or x >= right or end <= left:
                    continue
                begin, stop = max(left, x), min(right, end)
                if at != (begin, y):
                    written.append(Control.move_to(begin, y).segment.text)
                written.append(_cut(strip, begin - x, stop - x).render(console))
                at = (stop, y)
        return "".join(written)


def _cut(strip: Strip, begin: int, end: int) -> Strip:
    return strip if (begin, end) == (0, strip.cell_length) else strip.crop(begin, end)


def cut(update: ChopsUpdate) -> Spans:
    """Returns an update of Textual's as one that is cut."""
    return Spans(update.chops, update.spans, update.chop_ends)
