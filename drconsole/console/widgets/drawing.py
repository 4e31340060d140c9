"""From words to cells: the one place where text becomes something that is sent to the terminal.

A line is spans of (text, role). Text may be foreign: it is made safe here, and is never markup.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from drconsole.console.style.look import Line, Look, Span
from drconsole.model.text import safe_text


def cells_of(shown: str) -> int:
    """Returns how many cells safe text takes."""
    return len(shown) if shown.isascii() else cell_len(shown)


def fitted(text: str, width: int, look: Look, *, right: bool = False) -> str:
    """Returns safe text in exactly `width` cells; what is cut is cut at its end, and marked."""
    shown = look.text(text)
    length = cells_of(shown)
    if length > width:
        mark = "~" if look.ascii_only else "…"
        return set_cell_size(shown, width - 1) + mark if width > 1 else set_cell_size(shown, width)
    return " " * (width - length) + shown if right else shown + " " * (width - length)


def strip_of(line: Line, width: int, look: Look, under: Style) -> Strip:
    """Returns a line as cells: cut to `width`, padded to it, over the style `under`."""
    segments: list[Segment] = []
    left = width
    for text, role in line:
        shown = look.text(text)
        length = cells_of(shown)
        style = under + look.style(role)
        if length > left:
            segments.append(Segment(fitted(text, left, look), style))
            left = 0
            break
        segments.append(Segment(shown, style))
        left -= length
    if left:
        segments.append(Segment(" " * left, under))
    return Strip(segments, width)


def joined(segments: Iterable[Segment]) -> list[Segment]:
    """Returns cells with neighbours of one style made one, which takes fewer bytes to say."""
    found: list[Segment] = []
    for segment in segments:
        if found and found[-1].style is segment.style:
            found[-1] = Segment(found[-1].text + segment.text, segment.style)
        else:
            found.append(segment)
    return found


def length_of(line: Line, look: Look) -> int:
    """Returns how many cells a line takes."""
    return sum(cells_of(look.text(text)) for text, _ in line)


def wrapped(text: str, width: int) -> list[str]:
    """Returns prose in lines of at most `width` characters; words that are longer are broken."""
    import textwrap

    return [
        part
        for paragraph in text.splitlines() or [""]
        for part in (textwrap.wrap(paragraph, max(width, 10)) or [""])
    ]


def bar(fraction: float, width: int) -> list[Span]:
    """Returns a progress bar of `width` cells; `fraction` is 0 to 1."""
    filled = round(max(0.0, min(1.0, fraction)) * width)
    return [("█" * filled, "bar"), ("░" * (width - filled), "track")]


def prose(text: str, role: str = "text", width: int = 70) -> list[Line]:
    """Returns text as wrapped lines; what it holds of control characters is shown, not obeyed."""
    return [[(part, role)] for part in wrapped(safe_text(text), width)]
