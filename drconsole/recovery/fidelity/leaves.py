"""An object taken apart into its leaves: one text a value, references as paths."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from drconsole.model.inventory import Element, Object
from drconsole.model.inventory.base import extra
from drconsole.recovery.fidelity.paths import Paths

_IDENTITY = frozenset({"id", "extensions"})
"""An id is of its site, and foreign extensions are no values of ours."""


class Leaf(msgspec.Struct, frozen=True):
    """A value. `place` tells it within its object, `property` is the place without its keys."""

    place: str
    property: str
    text: str


class _Field(msgspec.Struct, frozen=True):
    name: str
    shown: str
    refers: bool


def leaves(item: Object, paths: Paths) -> dict[str, Leaf]:
    """Returns place → leaf of everything that is set on an object."""
    return {leaf.place: leaf for leaf in _of(item, paths, "", "")}


def _of(value: Element, paths: Paths, place: str, path: str) -> Iterator[Leaf]:
    for field in _fields(type(value)):
        content = getattr(value, field.name)
        if content is None or content in ("", ()):
            continue
        here, prop = _joined(place, field.shown), _joined(path, field.shown)
        if isinstance(content, Element):
            yield from _of(content, paths, here, prop)
        elif isinstance(content, tuple) and isinstance(content[0], Element):
            for position, part in enumerate(content):
                yield from _of(part, paths, f"{here}[{_key(part, paths, position)}]", prop)
        else:
            yield Leaf(here, prop, _text(content, field, paths))


def _text(content: Any, field: _Field, paths: Paths) -> str:
    """References become paths, and a set of them is sorted: its order is its ids'."""
    if isinstance(content, tuple):
        if field.refers:
            return ", ".join(sorted(paths.of(str(part)) for part in content))
        return ", ".join(str(part) for part in content)
    if field.refers:
        return paths.of(content)
    return str(content).lower() if isinstance(content, bool) else str(content)


def _key(part: Element, paths: Paths, position: int) -> str:
    """What tells a part from its siblings on both sides alike."""
    if not part.key_field:
        return str(position)
    return paths.of(str(getattr(part, part.key_field)))


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


@cache
def _fields(kind: type[Element]) -> tuple[_Field, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(
        _Field(field.name, field.encode_name, _refers(hints[field.name]))
        for field in msgspec.structs.fields(kind)
        if field.name not in _IDENTITY
    )


def _refers(annotation: Any) -> bool:
    """Whether a field, or what a tuple of it holds, is a reference to an object."""
    if extra(annotation, "refers"):
        return True
    inner = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if get_origin(inner) is tuple:
        return extra(get_args(inner)[0], "refers") is not None
    return False
