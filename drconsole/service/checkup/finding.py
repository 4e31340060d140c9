"""One line of a check-up."""

from __future__ import annotations

from typing import Literal

import msgspec

Grade = Literal["ok", "note", "bad"]


class CheckFinding(msgspec.Struct, frozen=True, kw_only=True):
    """`bad` would stop or endanger a recovery, `note` is worth knowing. `remedy` is what to do, or ""."""

    subject: str
    grade: Grade
    text: str
    remedy: str = ""


def ok(subject: str, text: str) -> CheckFinding:
    return CheckFinding(subject=subject, grade="ok", text=text)


def note(subject: str, text: str, remedy: str = "") -> CheckFinding:
    return CheckFinding(subject=subject, grade="note", text=text, remedy=remedy)


def bad(subject: str, text: str, remedy: str = "") -> CheckFinding:
    return CheckFinding(subject=subject, grade="bad", text=text, remedy=remedy)
