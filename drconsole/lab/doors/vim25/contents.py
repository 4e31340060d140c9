"""Property collector replies, written from fragments that the objects keep.

A fragment is the XML of one property value in one API version. It stays until the property is
touched, so that capturing an idle site costs next to nothing.
"""

from __future__ import annotations

from typing import Any

from drconsole.lab.doors.vim25.encode import PREPARED, Writer, writer
from drconsole.lab.world.vim.objects import ManagedObject
from drconsole.lab.world.vim.paths import descend, parse
from drconsole.lab.world.vim.registry import wire_name
from drconsole.lab.world.vim.watching import Change, Content

Roots = dict[str, Any]
"""One object's root properties by name, for as long as one reply is written."""


def object_content(item: Content, name: str, version: str) -> str:
    """Returns an ObjectContent element; properties that are unset are absent."""
    roots: Roots = {}
    held = "".join(
        f"<propSet><name>{path}</name>{value}</propSet>"
        for path in item.paths
        if (value := fragment(item.item, path, version, roots))
    )
    return f"<{name}>{_object(item.item)}{held}</{name}>"


def object_update(item: Change, name: str, version: str) -> str:
    """Returns an ObjectUpdate element; a property that became unset has no value."""
    roots: Roots = {}
    held = "".join(
        f"<changeSet><name>{path}</name><op>assign</op>{value}</changeSet>"
        for path in item.paths
        if (value := fragment(item.item, path, version, roots)) or item.kind == "modify"
    )
    return f"<{name}><kind>{item.kind}</kind>{_object(item.item)}{held}</{name}>"


def fragment(item: ManagedObject, path: str, version: str, roots: Roots | None = None) -> str:
    """Returns a property's value as a `val` element, "" where it is unset.

    `roots` keeps the object's root properties for the other paths of one reply: computing a host's
    whole configuration anew for each of its parts would be most of a capture's cost.
    """
    key = (version, path)
    kept = item.fragments.get(key)
    if kept is None:
        kept = _written(item, path, writer(version), {} if roots is None else roots).encode()
        if parse(item.wsdl, path).root not in item.volatile:
            item.fragments[key] = kept
    return kept.decode()


def _written(item: ManagedObject, path: str, using: Writer, roots: Roots) -> str:
    checked = parse(item.wsdl, path)
    if checked.root not in roots:
        roots[checked.root] = item.value(checked.root)
    value = descend(roots[checked.root], checked)
    return "" if value is None else using.typed("val", checked.declared, value)


def _object(item: ManagedObject) -> str:
    return f'<obj type="{wire_name(type(item.ref()))}">{item.moid}</obj>'


def teach() -> None:
    """Tells the writer how the collector's contents and changes are written."""
    PREPARED[Content] = object_content
    PREPARED[Change] = object_update
