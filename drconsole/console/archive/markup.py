"""XML in colours: one row at a time, from the state in which the row begins."""

from __future__ import annotations

import re
from typing import Literal

State = Literal["text", "tag", "comment", "quote", "apostrophe"]
Piece = tuple[str, str]
"""Text and the role that it is drawn in. The pieces of a row are the row."""

_TEXT = re.compile(r"(<!--)|(<[?!][^>]*>?)|(</?)([^\s/>\"'=]*)|(&[^;\s<]{0,10};)|([^<&]+)|(.)", re.DOTALL)
_TAG = re.compile(r"([?/]?>)|(\")|(')|([^\s=/>\"']+)|(\s+)|(.)", re.DOTALL)
_REACH = 65536
"""So far back a row looks for the beginning of the tag that it stands in."""

_QUOTES: dict[str, State] = {'"': "quote", "'": "apostrophe"}


def pieces(text: str, state: State = "text") -> tuple[list[Piece], State]:
    """Returns a row's pieces and the state after it. What is no XML is plain text."""
    found: list[Piece] = []
    at = 0
    while at < len(text):
        step, state, parts = _STEPS[state](text, at, state)
        found += parts
        at += step
    return found, state


def _in_text(text: str, at: int, state: State) -> tuple[int, State, list[Piece]]:
    match = _TEXT.match(text, at)
    assert match is not None
    whole = match[0]
    if match[1]:
        return len(whole), "comment", [(whole, "dim")]
    if match[3]:
        return len(whole), "tag", [(match[3], "dim"), (match[4], "key")]
    return len(whole), "text", [(whole, "dim" if match[2] else "work" if match[5] else "text")]


def _in_tag(text: str, at: int, state: State) -> tuple[int, State, list[Piece]]:
    match = _TAG.match(text, at)
    assert match is not None
    whole = match[0]
    after: State = "text" if match[1] else _QUOTES.get(whole, "tag")
    return len(whole), after, [(whole, "work" if match[4] else "dim")]


def _in_comment(text: str, at: int, state: State) -> tuple[int, State, list[Piece]]:
    end = text.find("-->", at)
    if end < 0:
        return len(text) - at, "comment", [(text[at:], "dim")]
    return end + 3 - at, "text", [(text[at : end + 3], "dim")]


def _in_quotes(text: str, at: int, state: State) -> tuple[int, State, list[Piece]]:
    mark = '"' if state == "quote" else "'"
    end = text.find(mark, at)
    if end < 0:
        return len(text) - at, state, [(text[at:], "text")]
    return end + 1 - at, "tag", [(text[at:end], "text"), (mark, "dim")]


_STEPS = {
    "text": _in_text,
    "tag": _in_tag,
    "comment": _in_comment,
    "quote": _in_quotes,
    "apostrophe": _in_quotes,
}


def state_at(data: bytes, offset: int) -> State:
    """Returns the state in which a row begins, by what stands shortly before it."""
    floor = max(0, offset - _REACH)
    comment = data.rfind(b"<!--", floor, offset)
    if comment >= 0 and data.find(b"-->", comment, offset) < 0:
        return "comment"
    tag = data.rfind(b"<", floor, offset)
    if tag < 0 or data[tag : tag + 4] == b"<!--":
        return "text"
    return pieces(data[tag:offset].decode("utf-8", "replace"))[1]
