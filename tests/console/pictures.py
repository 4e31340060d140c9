"""Pictures of screens: kept as SVG files, compared cell by cell, however their cells are cut into parts."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("pictures")
TAKE = "DRCONSOLE_TAKE_PICTURES"
"""The environment variable with which a picture is taken anew instead of compared."""

_WIDTH, _HEIGHT = 12.2, 24.4
"""Of a cell, as rich draws it."""

_CLASS = re.compile(r"\.terminal-\d+-(r\d+) \{ ([^}]*) \}")
_TEXT = re.compile(r'<text class="terminal-\d+-(r\d+)" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
_GROUND = re.compile(r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="24.65"')


class Cell(NamedTuple):
    """A character with the style that it is drawn in, and what lies under it."""

    character: str = " "
    style: str = ""
    ground: str = ""


Picture = dict[tuple[int, int], Cell]


def picture_of(svg: str) -> Picture:
    """Returns the cells of a picture by row and column; what is empty is not in it."""
    styles = dict(_CLASS.findall(svg))
    cells: Picture = {}
    for colour, x, y, width in _GROUND.findall(svg):
        row, first = round((float(y) - 1.5) / _HEIGHT), round(float(x) / _WIDTH)
        for column in range(first, first + round(float(width) / _WIDTH)):
            cells[row, column] = Cell(ground=colour)
    for name, x, y, text in _TEXT.findall(svg):
        row, first = round((float(y) - 20) / _HEIGHT), round(float(x) / _WIDTH)
        for column, character in enumerate(html.unescape(text).replace("\xa0", " "), first):
            if not character.isspace():
                under = cells.get((row, column), Cell())
                cells[row, column] = Cell(character, styles[name], under.ground)
    return cells


def kept(file: Path) -> Picture:
    """Returns a picture that was taken before."""
    return picture_of(file.read_text(encoding="utf-8"))


def keep(file: Path, svg: str) -> None:
    """Keeps a picture that was taken now."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(svg, encoding="utf-8")


def differences(before: Picture, after: Picture) -> list[str]:
    """Returns the rows that differ, as they were and as they are, and what differs in them."""
    told = []
    for row in sorted({place[0] for place in before.keys() | after.keys()}):
        places = [place for place in before.keys() | after.keys() if place[0] == row]
        odd = sorted(place[1] for place in places if before.get(place) != after.get(place))
        if odd:
            first = (row, odd[0])
            told.append(
                f"row {row}, {len(odd)} cells from {odd[0]}: {before.get(first)} → {after.get(first)}"
            )
            told += [f"  was {_row(before, row)}", f"  is  {_row(after, row)}"]
    return told


def _row(picture: Picture, row: int) -> str:
    last = max((column for at, column in picture if at == row), default=-1)
    return "".join(picture.get((row, column), Cell()).character for column in range(last + 1))
