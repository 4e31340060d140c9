"""Themes and keys that users change: noticed while the console runs, read, and checked."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from drconsole.console.actions import Keymap
from drconsole.console.style import themes
from drconsole.console.style.themes import ThemeFile
from drconsole.console.ways import keys_file

Signature = tuple[tuple[str, int, int], ...]
"""Each file's path, time and size."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What was read; `wrong` says what is wrong with it, a line each."""

    signature: Signature
    themes: dict[str, ThemeFile]
    keymap: Keymap
    wrong: tuple[str, ...]


def look(known: Signature) -> Read | None:
    """Returns themes and keys where a file differs from what is known, else None. Blocks."""
    signature = _signature()
    if signature == known:
        return None
    found, errors = themes.load_all()
    keymap, wrong = keys_file.load(keys_file.place())
    return Read(signature=signature, themes=found, keymap=keymap, wrong=(*map(str, errors), *wrong))


def _signature() -> Signature:
    paths = [path for folder in themes.folders() for path in sorted(folder.glob("*.toml"))]
    return tuple(found for path in (*paths, keys_file.place()) if (found := _stamp(path)))


def _stamp(path: Path) -> tuple[str, int, int] | None:
    try:
        stat = os.stat(path)
    except OSError:
        return None
    return str(path), stat.st_mtime_ns, stat.st_size
