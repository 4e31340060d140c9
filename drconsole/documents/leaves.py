"""A value as a flat walk over its leaves: what differences and the judgement of a recovery compare.

A path names an object by its id and a part by its key field, so that it stays the same wherever the
object stands: `host[id=host-21]/physicalNic[name=vmnic0]/link`. Parts without a key field, and texts,
are numbered from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from drconsole.documents.form import Form, Part, form_of
from drconsole.model.inventory.base import Element, Object

Plain = str | int | bool | None


class Leaf(msgspec.Struct, frozen=True):
    """One scalar, where it stands, and what the model says of it."""

    path: str
    value: Plain
    part: Part


def values(element: Element) -> Iterator[tuple[str, Plain]]:
    """Yields path and value of every scalar of an object or of a whole snapshot.

    Values that equal their default are left out, as in documents: "not captured" and "not there" are
    no values. Extensions of others are leaves as well, `…/extension[1]`.
    """
    for leaf in leaves(element):
        yield leaf.path, leaf.value


def leaves(element: Element) -> Iterator[Leaf]:
    """Yields what `values` does, with the declaration of each."""
    path = f"{element.kind}[id={element.id}]" if isinstance(element, Object) else ""
    yield from _leaves(element, form_of(type(element)), path)


_EXTENSION = Part(name="extensions", xml="extension", key="extensions", many=True)


def _leaves(element: Element, form: Form, path: str) -> Iterator[Leaf]:
    under = f"{path}/" if path else ""
    for part in form.attributes:
        value = getattr(element, part.name)
        if part.required or value != part.default:
            yield Leaf(f"{under}{part.xml}", value, part)
    for part in form.children:
        held = getattr(element, part.name)
        items = held if part.many else () if held is None else (held,)
        for name, item in zip(part_names(items, part), items, strict=True):
            if part.form is None:
                yield Leaf(f"{under}{name}", item, part)
            else:
                yield from _leaves(item, part.form, f"{under}{name}")
    for number, text in enumerate(element.extensions, 1):
        yield Leaf(f"{under}extension[{number}]", text, _EXTENSION)


def part_names(items: tuple[Any, ...], part: Part) -> list[str]:
    """Returns a name for each child of one field: by id, by key field, else by position.

    A key that stands twice gets a number, so that no path names two things.
    """
    if not part.many:
        return [part.xml for _ in items]
    field = _key_of(part)
    if not field:
        return [f"{part.xml}[{number}]" for number in range(1, len(items) + 1)]
    names = []
    seen: Counter[str] = Counter()
    for item in items:
        name = f"{part.xml}[{field}={getattr(item, field)}]"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}[{seen[name]}]")
    return names


def _key_of(part: Part) -> str:
    if part.form is None:
        return ""
    return "id" if part.form.kind else part.form.type.key_field
