"""What a console keeps in the account's own state directory: the theme, typed commands, how it ended."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

HISTORY = 500
"""Commands that are kept."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen the last time."""

    theme: str = ""


def folder() -> Path:
    """Returns where it is kept."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "drconsole"


def recall() -> Remembered:
    """Returns what was chosen the last time; nothing where that cannot be read."""
    try:
        return msgspec.json.decode((folder() / "console.json").read_bytes(), type=Remembered)
    except (OSError, msgspec.MsgspecError):
        return Remembered()


def remember(chosen: Remembered) -> None:
    """Keeps what was chosen. Blocks. Raises OSError."""
    _put(folder() / "console.json", msgspec.json.encode(chosen))


def typed() -> list[str]:
    """Returns the commands of earlier sessions, oldest first."""
    try:
        lines = (folder() / "history").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line for line in lines if line][-HISTORY:]


def keep_typed(line: str) -> None:
    """Adds a command to those of earlier sessions. Blocks. Raises OSError.

    Other consoles of this account add theirs meanwhile: the file is read anew.
    """
    before = [old for old in typed() if old != line]
    text = "".join(f"{each}\n" for each in [*before, line.replace("\n", " ")][-HISTORY:])
    _put(folder() / "history", text.encode())


def keep_crash(text: str) -> Path:
    """Keeps how the console ended unexpectedly, the last time only, and returns where. Raises OSError."""
    where = folder() / "crash.txt"
    _put(where, text.encode(errors="backslashreplace"))
    return where


def _put(path: Path, data: bytes) -> None:
    """Writes a file that only this account reads, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
