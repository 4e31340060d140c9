"""Text that others wrote, made safe for a terminal, a log and a document."""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def safe_text(text: str, *, limit: int = 0) -> str:
    r"""Returns foreign text with every control and format character shown as an escape.

    Newlines, escape sequences and right-to-left marks become `\n`, `\x1b`, `\u202e`, so that
    nothing that a vCenter, a BMC or an array calls itself acts on the operator's terminal.
    `limit` cuts to that many characters and marks the cut; 0 keeps all.
    """
    if text.isprintable() and not limit:
        return text
    shown = "".join(_escaped(character) for character in text)
    if limit and len(shown) > limit:
        return shown[: limit - 1] + "…"
    return shown


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _HIDDEN:
        return character
    return character.encode("unicode_escape").decode("ascii") if not character.isprintable() else character
