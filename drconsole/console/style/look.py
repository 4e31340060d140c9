"""How things look: a style for each role, a glyph for each state, and both on a poor terminal."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from rich.cells import cell_len
from rich.style import Style

from drconsole.model.text import safe_text

Span = tuple[str, str]
"""A text and its role. The text may be foreign."""

Line = Sequence[Span]

_ASCII = str.maketrans(
    {
        "✓": "+", "▶": ">", "·": ".", "✗": "x", "○": "o", "●": "*", "→": "->", "←": "<-", "…": "...",
        "–": "-", "─": "-", "│": "|", "▸": ">", "▾": "v", "█": "#", "░": ".", "›": ">", "↑": "^", "×": "x",
        "▒": "=", "╵": "|", "↓": "v", "∞": "oo",
    }
)  # fmt: skip

_STATES = {
    "done": ("✓", "ok"), "running": ("▶", "work"), "pending": ("·", "dim"), "waiting": ("!", "warn"),
    "paused": ("!", "warn"), "held": ("●", "ok"), "failed": ("✗", "bad"), "skipped": ("○", "warn"),
    "cancelled": ("○", "warn"),
    "free": ("●", "ok"), "reserved": ("▶", "work"), "leased": ("▶", "work"), "in-service": ("●", "work"),
    "wiping": ("▶", "work"), "unreachable": ("✗", "bad"),
    "live": ("●", "ok"), "stale": ("○", "warn"), "unwatched": ("·", "dim"),
    "good": ("✓", "ok"), "tight": ("!", "warn"), "none": ("✗", "bad"), "off": ("○", "dim"), "on": ("●", "ok"),
    "suspended": ("!", "warn"), "yes": ("✓", "ok"), "no": ("·", "dim"), "never": ("○", "dim"),
    "recoverable": ("✓", "ok"), "caveats": ("!", "warn"), "connected": ("●", "ok"),
    "disconnected": ("✗", "bad"), "notResponding": ("✗", "bad"), "registered": ("✓", "ok"),
    "not-selected": ("○", "dim"), "not-recoverable": ("○", "dim"), "changed": ("!", "changed"),
    "ok": ("✓", "ok"), "late": ("!", "warn"), "former": ("○", "warn"), "lost": ("✗", "bad"),
}  # fmt: skip


def mark(state: str) -> tuple[str, str]:
    """Returns the glyph and the role of a state's word; a question mark for a word that is new here."""
    return _STATES.get(state, ("?", "warn"))


def wants_ascii(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the terminal takes ASCII only: by the locale, or by DRCONSOLE_ASCII (1, or 0 against it).

    Python itself sets LC_CTYPE to C.UTF-8 where the locale is C (PEP 538): that one is not believed.
    """
    if asked := environ.get("DRCONSOLE_ASCII"):
        return asked != "0"
    language = environ.get("LANG", "")
    coerced = environ.get("LC_CTYPE") == "C.UTF-8" and language in ("", "C", "POSIX")
    named = environ.get("LC_ALL") or ("" if coerced else environ.get("LC_CTYPE")) or language
    return "utf-8" not in named.lower() and "utf8" not in named.lower()


class Look:
    """What drawing needs to know: the styles of the theme, and whether only ASCII may be sent."""

    def __init__(self, styles: Mapping[str, Style], *, ascii_only: bool = False) -> None:
        self._styles = styles
        self.ascii_only = ascii_only

    def style(self, role: str) -> Style:
        """Returns the style of a role, or of several joined by blanks."""
        if " " not in role:
            return self._styles[role or "text"]
        return Style.combine(self._styles[part] for part in role.split())

    def over(self, role: str, cursor: Style) -> Style:
        """Returns the style of a role under a cursor; what has a ground of its own keeps it, to be read."""
        style = self.style(role)
        return cursor + style if style.bgcolor is not None else style + cursor

    def text(self, text: str) -> str:
        """Returns text as it may be sent: no control or format character, ASCII where need be."""
        if text.isascii() and text.isprintable():
            return text
        shown = _even(safe_text(text))
        if not self.ascii_only or shown.isascii():
            return shown
        return shown.translate(_ASCII).encode("ascii", "backslashreplace").decode()


_MARKS = 2
"""Marks that one letter may carry; a terminal draws more of them over the lines around it."""

_BY_NEIGHBOUR = (
    *((0x115F, 0x1160), (0x3164, 0x3164), (0xFFA0, 0xFFA0)),
    *((0xFE00, 0xFE0F), (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF), (0xE0100, 0xE01EF)),
)
"""Fillers of Hangul, variation selectors, letters of flags, skin tones: what one sees of them, and how
wide it is, hangs on what stands beside them."""


@lru_cache(maxsize=4096)
def _even(text: str) -> str:
    """Returns text in which every character takes the cells that all terminals give it.

    What terminals disagree about shifts the rest of a line or draws over other lines: it is shown as an
    escape. A mark without a letter gets a circle to stand on.
    """
    shown: list[str] = []
    marks = _MARKS
    for character in text:
        category = unicodedata.category(character)
        if category in ("Mn", "Mc") and not _by_neighbour(character):
            marks += 1
            if not shown:
                shown.append("◌")
                marks = 1
            shown.append(character if marks <= _MARKS else _escape(character))
            continue
        marks = 0
        odd = category in ("Cn", "Me") or _by_neighbour(character) or cell_len(character) == 0
        shown.append(_escape(character) if odd else character)
    return "".join(shown)


def _by_neighbour(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _BY_NEIGHBOUR)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
