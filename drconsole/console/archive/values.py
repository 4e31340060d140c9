"""What an object holds, in words: its values with their units, its parts, and itself in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from drconsole.console.words import phrases
from drconsole.documents.difference import kind_words
from drconsole.documents.form import Part, form_of
from drconsole.documents.units import field_words, value_words
from drconsole.model.inventory import Datastore, Host, VirtualMachine
from drconsole.model.inventory.base import Element, Object

NameOf = Callable[[str], str]


class Held(NamedTuple):
    """A value or a part. `opens` is the part, or the several that stand under one word."""

    label: str
    words: str = ""
    opens: Element | tuple[Held, ...] | None = None


def held_in(element: Element, name_of: NameOf) -> tuple[Held, ...]:
    """Returns what an element holds, as its document has it; what is not there is left out."""
    return tuple(_held(element, name_of))


def _held(element: Element, name_of: NameOf) -> Iterator[Held]:
    form = form_of(type(element))
    for part in form.attributes:
        value = getattr(element, part.name)
        if part.name != "name" and (part.required or value != part.default):
            yield Held(field_words(part), _words(part, value, name_of))
    for part in form.children:
        found = getattr(element, part.name)
        if not part.many:
            if found is not None:
                yield Held(field_words(part), _few(found, name_of), found)
        elif found and part.form is None:
            words = ", ".join(_words(part, each, name_of) for each in found)
            yield Held(part.name.replace("_", " "), words)
        elif found:
            items = tuple(_item(part, number, each, name_of) for number, each in enumerate(found, 1))
            yield Held(part.name.replace("_", " "), str(len(items)), items)
    for text in element.extensions:
        yield Held("element of others", text)


def _item(part: Part, number: int, element: Element, name_of: NameOf) -> Held:
    """One of several parts: by its label, what its key refers to, or its number."""
    key = part.form.attribute(part.form.type.key_field) if part.form else None
    label = getattr(element, "label", "")
    if not label and key is not None:
        label = _words(key, getattr(element, key.name), name_of)
    return Held(label or f"{kind_words(part.xml)} {number}", _few(element, name_of), element)


def _few(element: Element, name_of: NameOf, most: int = 3) -> str:
    """Returns an element's first values, for the line that it opens from."""
    form = form_of(type(element))
    skipped = {"label", form.type.key_field}
    found = [
        f"{field_words(part)} {_words(part, getattr(element, part.name), name_of)}"
        for part in form.attributes
        if part.name not in skipped and getattr(element, part.name) != part.default
    ]
    return " · ".join(found[:most])


def _words(part: Part, value: Any, name_of: NameOf) -> str:
    if part.scalar is not None and part.scalar.refers and value:
        return name_of(str(value))
    return value_words(part, value)


def summary(thing: Object, inside: Sequence[str]) -> str:
    """Returns an object in one line; `inside` are the kinds of what stands in it."""
    words = [kind_words(thing.kind), *_facts(thing)]
    words += [phrases.count(number, kind_words(kind)) for kind, number in Counter(inside).items()]
    return " · ".join(word for word in words if word)


def _facts(thing: Object) -> list[str]:
    if isinstance(thing, VirtualMachine):
        size = f"{phrases.gib(thing.memory_mib)} GiB" if thing.memory_mib else ""
        return ["template" if thing.template else thing.power, size]
    if isinstance(thing, Host):
        size = f"{phrases.gib(thing.hardware.memory_mib)} GiB" if thing.hardware else ""
        return [thing.product.version if thing.product else "", size]
    if isinstance(thing, Datastore):
        return [thing.type]
    return []
