"""Large input is refused before it is parsed: at once, and without a copy of it.

Each is read in a process of its own, whose peak of memory is the operating system's word for it.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

MIB = 1024
"""In KiB, the unit of ru_maxrss."""

CHILD = """
import json, resource, sys, time
from drconsole.documents import kind_of, read_snapshot
from drconsole.errors import InvalidDocument
import drconsole.documents.reading  # what a first read imports is not its memory

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

root = b'<snapshot xmlns="urn:drconsole:snapshot:1" site="a" taken="2026-11-22T08:00:00Z" profile="">'
data = eval(sys.argv[1], {"root": root})
told, before, start = [], peak(), time.process_time()
for look in (read_snapshot, kind_of):
    try:
        look(data)
    except InvalidDocument as error:
        told.append(str(error))
print(json.dumps({"told": told, "kib": peak() - before, "cpu_s": time.process_time() - start}))
"""


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("root + b' ' * 100_000_000 + b'</snapshot>'", "at most 67,108,864 bytes"),
        ("root + b'<host/>' * 15_000_000", "at most 67,108,864 bytes"),
        ("root + b'<a/>' * 3_000_000 + b'</snapshot>'", "at most 2,000,000 tags"),
    ],
    ids=["100 MB of blanks", "105 MB of elements", "12 MB of the smallest elements"],
)
def test_it_is_refused_quickly_in_little_memory(data: str, says: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, data],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen = json.loads(child.stdout)
    assert len(seen["told"]) == 2
    assert all(says in told for told in seen["told"])
    assert seen["kib"] < 40 * MIB
    assert seen["cpu_s"] < 1.0
