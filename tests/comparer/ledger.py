"""The ledger's order: what may not happen before what, what may not happen twice, what never."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ONCE = frozenset(
    ["create", "add-host", "register-guest", "power-on-guest", "install-start", "promote", "present", "clone"]
)
"""Effects that one run may have on an object only once."""


class Entry(NamedTuple):
    """One line of the ledger."""

    at: str
    actor: str
    effect: str
    object: str
    detail: dict[str, Any]


def read_ledger(path: Path) -> list[Entry]:
    """Returns all entries, oldest first."""
    with path.open(encoding="utf-8") as lines:
        return [Entry(**json.loads(line)) for line in lines]


def disorder(entries: Iterable[Entry], roles: dict[str, str]) -> list[str]:
    """Returns each breach of the order within one run's entries, as a sentence; none is right.

    `roles` is target → what it has to become (`hypervisor`, `management`), of everything deployed.
    """
    told = list(entries)
    return [*_early_presents(told, roles), *_early_guests(told), *_repeats(told), *_leaks(told)]


def _early_presents(entries: list[Entry], roles: dict[str, str]) -> Iterator[str]:
    ready: set[tuple[str, str]] = set()
    needed = {(f"machine/{target}", became) for target, became in roles.items()}
    for entry in entries:
        if entry.effect == "ready":
            ready.add((entry.object, str(entry.detail["became"])))
        if entry.effect == "present":
            for machine, became in sorted(needed - ready):
                yield f"{entry.object} was presented before {machine} was ready as {became}"


def _early_guests(entries: list[Entry]) -> Iterator[str]:
    """A guest's volume is the one that its host's machine has mounted as the datastore of its .vmx."""
    machines: dict[str, str] = {}
    mounted: set[tuple[str, str]] = set()
    for entry in entries:
        if entry.effect == "add-host":
            machines[entry.object.rpartition("/")[2]] = f"machine/{entry.detail['target']}"
        elif entry.effect == "mount":
            mounted.add((entry.object.partition("/mount/")[0], str(entry.detail["datastore"])))
        elif entry.effect == "update" and "/datastore/" in entry.object and "name" in entry.detail:
            old, new = entry.object.rpartition("/")[2], str(entry.detail["name"])
            mounted |= {(machine, new) for machine, name in mounted if name == old}
        elif entry.effect == "register-guest":
            yield from _early_guest(entry, machines, mounted)


def _early_guest(entry: Entry, machines: dict[str, str], mounted: set[tuple[str, str]]) -> Iterator[str]:
    host = str(entry.detail["host"])
    datastore = str(entry.detail["vmx"]).partition("] ")[0].removeprefix("[")
    if host not in machines:
        yield f"{entry.object} was registered before its host {host} was added"
    elif (machines[host], datastore) not in mounted:
        yield f"{entry.object} was registered before its volume ({datastore}) was mounted"


def _repeats(entries: list[Entry]) -> Iterator[str]:
    counted = Counter(
        (entry.effect, entry.object, str(entry.detail.get("initiator", "")) if _shared(entry) else "")
        for entry in entries
        if entry.effect in ONCE
    )
    for (effect, item, to), times in counted.items():
        if times > 1:
            yield f"{effect} of {item} {to} happened {times} times".replace("  ", " ")


def _shared(entry: Entry) -> bool:
    """A volume is lawfully presented to several initiators."""
    return entry.effect == "present"


def _leaks(entries: list[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.effect == "leak":
            yield f"{entry.object} shares VLAN {entry.detail['vlan']} with {entry.detail['protected']}"
