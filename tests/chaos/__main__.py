"""Prints the table of what a recovery survives.

usage: scripts/chaos [--long] [--json] [NAME …]      (no NAME: all rows of the short or the long set)
"""

from __future__ import annotations

import argparse
import os
import sys

from tests.chaos.left import MARK
from tests.chaos.table import ROWS, chosen, show


def main(arguments: list[str]) -> int:
    """Returns 0 where every row met its aim, 1 where one missed, 2 for no such row, 130 at ctrl-c."""
    parser = argparse.ArgumentParser(prog="scripts/chaos", description="Prints what a recovery survives.")
    parser.add_argument("--long", action="store_true", help="the long set: an hour or two")
    parser.add_argument("--json", action="store_true", help="the table as a JSON list on stdout")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ROWS)}")
    words = parser.parse_args(arguments)
    os.environ[MARK] = str(os.getpid())
    try:
        names = chosen(words.names, long=words.long)
    except KeyError as unknown:
        parser.error(f"there is no row {unknown}")
    try:
        return show(names, long=words.long, as_json=words.json)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
