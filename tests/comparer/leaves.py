"""Objects of a dump taken apart into leaves: one text a value, the parts of a list told by a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

Object = dict[str, Any]
Dump = dict[str, list[Object]]

KEYS = {
    "groups": "name",
    "rules": "name",
    "routes": "network",
    "physicalNics": "name",
    "virtualSwitches": "name",
    "portGroups": "name",
    "virtualNics": "name",
    "members": "host",
    "entities": "member",
    "disks": "key",
    "networkInterfaces": "key",
    "interfaces": "name",
}
"""Lists of a dump whose parts are objects, and the property that tells these apart on both sides."""


class Leaf(NamedTuple):
    """A value. `place` tells it within its object, `property` is the place without keys."""

    place: str
    property: str
    text: str


def leaves(item: Object) -> dict[str, Leaf]:
    """Returns place → leaf, of every value but the path, by which objects are matched."""
    parts = (_of(value, name, name) for name, value in item.items() if name != "path")
    return {leaf.place: leaf for part in parts for leaf in part}


def _of(value: Any, place: str, prop: str) -> Iterator[Leaf]:
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _of(part, f"{place}.{name}", f"{prop}.{name}")
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        key = KEYS.get(prop.rpartition(".")[2])
        for position, part in enumerate(value):
            told = part[key] if key else position
            yield from _of(part, f"{place}[{told}]", prop)
    else:
        yield Leaf(place, prop, json.dumps(value, ensure_ascii=False, sort_keys=True))
