"""References that lead nowhere, found by what the model says of its own fields."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, ClassVar, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from drconsole.model.inventory import Element, Object, Snapshot
from drconsole.model.inventory.base import extra


class Reference(NamedTuple):
    """An object's field that names another object; `field` is as in documents, such as `disks.datastore`;
    the target should be of one of `kinds`."""

    kind: str
    id: str
    field: str
    target: str
    kinds: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind}[{self.id}].{self.field} → {self.target or '(nothing)'}"


def dangling(snapshot: Snapshot) -> tuple[Reference, ...]:
    """Returns every reference of a snapshot to an object that is not in it, in document order.

    As the document's schema has it: an object of another kind does not count, and where a reference
    is required, an empty one dangles too.
    """
    known: dict[str, set[str]] = {}
    for found in snapshot.objects():
        known.setdefault(found.kind, set()).add(found.id)
    right: dict[tuple[str, ...], set[str]] = {}
    lost = []
    for found in snapshot.objects():
        for field, target, kinds in targets(found):
            if kinds not in right:
                right[kinds] = set().union(*(known.get(kind, ()) for kind in kinds))
            if target not in right[kinds]:
                lost.append(Reference(found.kind, found.id, field, target, kinds))
    return tuple(lost)


def targets(found: Object) -> Iterator[Target]:
    """Yields (field, id, kinds) for every reference that an object or one of its parts holds.

    The id may be "" where the model requires one.
    """
    return _inside(found, "")


Target = tuple[str, str, tuple[str, ...]]


def _inside(part: Element, prefix: str) -> Iterator[Target]:
    for field in _fields(type(part)):
        value = getattr(part, field.name)
        if not value and not field.required:
            continue
        several = value if isinstance(value, tuple) else (value,)
        for entry in several:
            if field.kinds:
                yield prefix + field.name, entry, field.kinds
            else:
                yield from _inside(entry, f"{prefix}{field.name}.")


class _Field(NamedTuple):
    """A field that is a reference to one of `kinds`, or, without any, holds parts with references."""

    name: str
    kinds: tuple[str, ...]
    required: bool


@cache
def _fields(kind: type[Element]) -> tuple[_Field, ...]:
    found = []
    required = {field.name for field in msgspec.structs.fields(kind) if field.required}
    for name, annotation in get_type_hints(kind, include_extras=True).items():
        if get_origin(annotation) is ClassVar:
            continue
        inner = [annotation, *_arguments(annotation)]
        refers = next((kinds for one in inner if (kinds := extra(one, "refers"))), ())
        parts = (one for one in inner if isinstance(one, type) and issubclass(one, Element))
        if refers or any(_fields(part) for part in parts):
            found.append(_Field(name, refers, name in required))
    return tuple(found)


def _arguments(annotation: Any) -> list[Any]:
    arguments = list(get_args(annotation))
    return [*arguments, *(inner for argument in arguments for inner in _arguments(argument))]
