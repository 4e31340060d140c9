"""Applying a spec to a configuration: one rule for clusters, pools, guests and switches.

What a spec leaves unset stays; nested data objects are merged; a list of ArrayUpdateSpecs adds,
edits and removes by key; any other list replaces.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drconsole.lab.world.vim.new import changed, fault
from drconsole.lab.world.vim.registry import is_data, properties

Key = Callable[[Any], Any]


def merged(config: Any, spec: Any) -> Any:
    """Returns a copy of `config` with all that `spec` sets and `config` also has.

    Both are data objects; they need not be of one type. Where `config` is None the spec's own
    value stands.
    """
    if config is None:
        return spec
    infos = properties(type(config))
    values: dict[str, Any] = {}
    for name in properties(type(spec)):
        given = getattr(spec, name, None)
        if name not in infos or given is None or (isinstance(given, list) and not given):
            continue
        old = getattr(config, name, None)
        # A value of another type is another thing (a NIC's backing, a VLAN): it replaces.
        joins = is_data(given) and isinstance(old, type(given))
        values[name] = merged(old, given) if joins else given
    return changed(config, **values)


def edited(items: Any, updates: Any, key: Key) -> list[Any]:
    """Returns a list with ArrayUpdateSpecs applied: add, edit or remove by key.

    `key` gives the identity of an element and of a `removeKey`. Raises InvalidArgument for an
    edit or removal of what is not there, and AlreadyExists is left to the caller.
    """
    kept = {key(item): item for item in items}
    for update in updates:
        operation = str(update.operation)
        identity = update.removeKey if operation == "remove" else key(update.info)
        if operation != "add" and identity not in kept:
            raise fault("InvalidArgument", f"there is no {identity} to {operation}", invalidProperty="spec")
        if operation == "remove":
            del kept[identity]
        elif operation == "edit":
            kept[identity] = merged(kept[identity], update.info)
        else:
            kept[identity] = update.info
    return list(kept.values())
