"""Documents: writing, reading, checking and comparing a large snapshot, over parsing its bytes.

usage: scripts/bench documents [HOSTS [GUESTS]]      1000 and 10000 where not given
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

from lxml import etree
from msgspec.structs import replace

from drconsole.documents import gate, kinds, read_snapshot, validation, write_snapshot
from drconsole.documents.difference import differences
from drconsole.model.inventory import Snapshot
from drconsole.repository import frames
from tests.unit.inventories.rich import rich_snapshot


def main(arguments: list[str]) -> int:
    """Prints CPU seconds (median of 5) and how many times the floor each is."""
    hosts, guests = (int(each) for each in [*arguments, "1000", "10000"][:2])
    if len(arguments) == 1:
        guests = 10 * hosts
    snapshot = _site(hosts, guests)
    later = _an_hour_later(snapshot)
    data, later_data = write_snapshot(snapshot), write_snapshot(later)
    _, root = gate.parse(data, "")
    print(f"{hosts} hosts, {guests} guests: {len(data) / 1e6:.1f} MB of XML")
    floor = _median(lambda: etree.fromstring(data))
    rows: dict[str, Callable[[], Any]] = {
        "write": lambda: write_snapshot(snapshot),
        "gate and parse": lambda: gate.parse(data, ""),
        "schema, keys": lambda: validation.validate(root, kinds.SNAPSHOT),
        "read, all of it": lambda: read_snapshot(data),
        "difference": lambda: differences(snapshot, later),
        "pack a key": lambda: frames.pack(data),
        "pack a delta": lambda: frames.pack(later_data, data),
    }
    print(f"{'floor: parse':16} {floor:7.3f} s    1.0 ×")
    for name, work in rows.items():
        took = _median(work)
        print(f"{name:16} {took:7.3f} s {took / floor:6.1f} ×")
    print(f"a key is {len(frames.pack(data)):,} bytes, a delta {len(frames.pack(later_data, data)):,}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")
    return 0


def _site(hosts: int, guests: int) -> Snapshot:
    snapshot = rich_snapshot(guests=guests)
    host = snapshot.hosts[0]
    return replace(
        snapshot, hosts=tuple(replace(host, id=f"host-{number}") for number in range(21, 21 + hosts))
    )


def _an_hour_later(snapshot: Snapshot) -> Snapshot:
    first, *others = snapshot.virtual_machines
    return replace(
        snapshot,
        taken="2026-11-22T09:00:00Z",
        virtual_machines=(replace(first, memory_mib=first.memory_mib * 2), *others),
    )


def _median(work: Callable[[], Any]) -> float:
    took = []
    for _ in range(5):
        start = time.process_time()
        work()
        took.append(time.process_time() - start)
    return statistics.median(took)
