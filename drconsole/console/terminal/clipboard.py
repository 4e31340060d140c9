"""OSC 52: text into the clipboard of the operator's own terminal, through SSH and tmux."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

LIMIT = 74_994
"""Bytes of text that go out at most: terminals and tmux drop longer sequences (100,000 of base64) unseen."""


def sequence(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Returns what makes a terminal copy `text`; inside tmux or screen it is passed through them.

    Raises ValueError that says how much too long it is.
    """
    data = text.encode("utf-8", "replace")
    if len(data) > LIMIT:
        raise ValueError(f"{len(data)} bytes are more than a terminal copies ({LIMIT})")
    plain = f"\x1b]52;c;{base64.b64encode(data).decode()}\x07"
    if environ.get("TMUX"):
        return "\x1bPtmux;" + plain.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("TERM", "").startswith("screen"):
        # GNU screen takes 768 bytes a string: in pieces.
        pieces = (plain[at : at + 700] for at in range(0, len(plain), 700))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
