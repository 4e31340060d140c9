"""Measures one part of the product and prints ratios, which hold on any machine; times do not.

usage: scripts/bench NAME [ARGUMENT …]      (no NAME lists them)

Each bench is a file of scripts/benches with a `main(arguments) -> int`, and says in its first line
what it measures.
"""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BENCHES = ROOT / "scripts" / "benches"


def main() -> int:
    sys.path[:0] = [str(ROOT), str(BENCHES)]
    files = {file.stem: file for file in sorted(BENCHES.glob("*.py")) if not file.stem.startswith("_")}
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name not in files:
        for each, file in files.items():
            summary = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
            print(f"{each:12} {summary.splitlines()[0] if summary else ''}")
        return 2 if name else 0
    outcome = runpy.run_path(str(files[name]))["main"](arguments)
    return int(outcome)


if __name__ == "__main__":
    sys.exit(main())
