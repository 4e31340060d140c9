"""What commands print: JSON or tables on stdout, narration on stderr. Foreign text is made safe here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from drconsole.errors import Refused
from drconsole.model.text import safe_text


def narrate(text: str) -> None:
    """Writes one line of narration to stderr."""
    click.echo(safe_text(text), err=True)


def print_json(value: Any) -> None:
    """Prints a value as JSON, indented, in UTF-8."""
    click.echo(quiet_json(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def quiet_json(text: str) -> str:
    """Returns JSON text of the same meaning in which nothing acts on a terminal.

    JSON escapes control characters below the blank only; those above, and what turns or hides text, are
    written as escapes too.
    """
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows under their headings, as wide as they are; no colours, no lines to cut away."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(column), *(len(row[i]) for row in cells), 0) for i, column in enumerate(columns)]
    for row in ([name.upper() for name in columns], *cells):
        line = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())


def print_bytes(data: bytes, out: str | None) -> None:
    """Writes a document to a file, or to stdout where none was named. Raises Refused where it cannot."""
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    try:
        Path(out).write_bytes(data)
    except OSError as error:
        raise Refused(f"cannot be written: {error.strerror}", about=out) from error
    narrate(f"written to {out}")


def _cell(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return safe_text(str(value))


def age(seconds: float | None) -> str:
    """Returns an age in the steps that operators read: seconds, minutes, hours."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def size(count: int) -> str:
    """Returns a number of bytes for people."""
    return f"{count / 1024:.0f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"
