"""The difference between two snapshots by meaning: what an administrator did, not which lines moved.

Objects are matched by kind and id, parts by their key field, lists of references and names as sets
with an order. References are shown by the names of what they refer to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from drconsole.documents.form import Form, Part, form_of
from drconsole.documents.leaves import part_names
from drconsole.documents.units import change_words, field_words, value_words
from drconsole.model.inventory import COLLECTIONS, Object, Snapshot
from drconsole.model.inventory.base import Element

Sort = Literal["added", "removed", "moved", "changed"]
_WORDS = {
    "virtualMachine": "guest",
    "physicalNic": "NIC",
    "networkInterface": "interface",
    "virtualNic": "VMkernel",
    "vApp": "vApp",
}
_PARENTS = ("parent", "folder")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference. `path` leads from the object to the value, "" for the object itself.

    `before` and `after` are the raw values, None where there is none; `sentence` says it to people:
    `guest web-01: memory 16 → 32 GiB`. Foreign text in it is not made safe yet.
    """

    sort: Sort
    kind: str
    id: str
    name: str
    path: str = ""
    field: str = ""
    before: str | int | bool | None = None
    after: str | int | bool | None = None
    sentence: str


def differences(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """Returns every change from `old` to `new`, by kind in document order, then name, id and path.

    When and by what profile the snapshots were taken is not a difference.
    """
    names = _Names(old, new)
    before = {(each.kind, each.id): each for each in old.objects()}
    after = {(each.kind, each.id): each for each in new.objects()}
    changes: list[Change] = []
    for key in before.keys() | after.keys():
        one, other = before.get(key), after.get(key)
        if one is None:
            assert other is not None
            changes.append(_whole("added", other))
        elif other is None:
            changes.append(_whole("removed", one))
        else:
            changes += _Comparison(other, names).changes(one)
    return tuple(sorted(changes, key=_place))


def _place(change: Change) -> tuple[int, str, str, str, str]:
    return _KINDS.index(change.kind), change.name, change.id, change.path, change.field


_KINDS = ["managementServer", *(kind.kind for kind in COLLECTIONS.values())]


def kind_words(kind: str) -> str:
    """Returns a kind as people say it: `virtualMachine` is a guest."""
    return _WORDS.get(kind) or "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()


def _whole(sort: Literal["added", "removed"], thing: Object) -> Change:
    sentence = f"{kind_words(thing.kind)} {thing.name}: {sort}"
    return Change(sort=sort, kind=thing.kind, id=thing.id, name=thing.name, sentence=sentence)


class _Names:
    """Names of objects by kind and id, from the side that a value is from, else from the other."""

    def __init__(self, old: Snapshot, new: Snapshot) -> None:
        self._of = {(each.kind, each.id): each.name for side in (old, new) for each in side.objects()}

    def of(self, part: Part, value: object) -> object:
        """Returns the name of what a reference refers to; any other value as it is."""
        if part.scalar is None or not part.scalar.refers:
            return value
        found = (self._of.get((kind, str(value))) for kind in part.scalar.refers)
        return next((name for name in found if name), value)


class _Comparison:
    """The differences of one object that stands on both sides."""

    def __init__(self, thing: Object, names: _Names) -> None:
        self._thing = thing
        self._names = names

    def changes(self, old: Object) -> Iterator[Change]:
        yield from self._elements(old, self._thing, form_of(type(self._thing)), "", "")

    def _elements(self, old: Element, new: Element, form: Form, path: str, words: str) -> Iterator[Change]:
        for part in form.attributes:
            before, after = getattr(old, part.name), getattr(new, part.name)
            if before != after:
                yield self._value(part, before, after, path, words)
        for part in form.children:
            before, after = getattr(old, part.name), getattr(new, part.name)
            if before == after:
                continue
            if part.form is None:
                yield from self._texts(part, before, after, path, words)
            else:
                yield from self._parts(part, _items(before, part), _items(after, part), path, words)
        if old.extensions != new.extensions:
            yield self._change("changed", path, "extensions", f"{words}elements of others changed")

    def _value(self, part: Part, before: Any, after: Any, path: str, words: str) -> Change:
        moved = part.name in _PARENTS and not path
        old, new = self._names.of(part, before), self._names.of(part, after)
        # Two things of one name, one in place of the other: only their ids tell.
        if old == new:
            old, new = f"{old} ({before})", f"{new} ({after})"
        said = change_words(part, old, new)
        sentence = f"moved {said}" if moved else f"{words}{field_words(part)} {said}"
        return self._change(
            "moved" if moved else "changed", path, part.xml, sentence, before=before, after=after
        )

    def _texts(
        self, part: Part, before: tuple[str, ...], after: tuple[str, ...], path: str, words: str
    ) -> Iterator[Change]:
        """Lists of names and references: what came, what went; else only their order changed."""
        what = f"{words}{kind_words(part.xml)}"
        gone, come = _less(before, after), _less(after, before)
        for value in gone:
            named = value_words(part, self._names.of(part, value))
            yield self._change("removed", path, part.xml, f"{what} {named} removed", before=value)
        for value in come:
            named = value_words(part, self._names.of(part, value))
            yield self._change("added", path, part.xml, f"{what} {named} added", after=value)
        if not gone and not come:
            old, new = (
                ", ".join(str(self._names.of(part, each)) for each in side) for side in (before, after)
            )
            yield self._change(
                "changed", path, part.xml, f"{what} order {old} → {new}", before=old, after=new
            )

    def _parts(
        self, part: Part, before: tuple[Element, ...], after: tuple[Element, ...], path: str, words: str
    ) -> Iterator[Change]:
        assert part.form is not None
        old = dict(zip(part_names(before, part), before, strict=True))
        new = dict(zip(part_names(after, part), after, strict=True))
        for name in [*old, *(name for name in new if name not in old)]:
            one, other = old.get(name), new.get(name)
            said = f"{words}{self._part_words(part, other if other is not None else one, name)}"
            below = f"{path}/{name}" if path else name
            if one is None or other is None:
                sort: Sort = "added" if one is None else "removed"
                yield self._change(sort, below, "", f"{said} {sort}")
            elif one != other:
                yield from self._elements(one, other, part.form, below, f"{said} ")
        if old.keys() == new.keys() and list(old) != list(new):
            yield self._change("changed", path, part.xml, f"{words}{kind_words(part.xml)} order changed")

    def _part_words(self, part: Part, item: Element | None, name: str) -> str:
        """Returns `disk Hard disk 1`: a part by its label, by what its key refers to, or by its key."""
        word = kind_words(part.xml)
        if label := getattr(item, "label", ""):
            return f"{word} {label}"
        key = part.form.attribute(part.form.type.key_field) if part.form else None
        if not part.many:
            return word
        if key is None:
            return f"{word} {name.rpartition('[')[2].rstrip(']')}"
        return f"{word} {self._names.of(key, getattr(item, key.name))}"

    def _change(
        self, sort: Sort, path: str, field: str, words: str, *, before: Any = None, after: Any = None
    ) -> Change:
        thing = self._thing
        return Change(
            sort=sort,
            kind=thing.kind,
            id=thing.id,
            name=thing.name,
            path=path,
            field=field,
            before=before,
            after=after,
            sentence=f"{kind_words(thing.kind)} {thing.name}: {words}",
        )


def _items(held: Any, part: Part) -> tuple[Element, ...]:
    if part.many:
        return tuple(held)
    return () if held is None else (held,)


def _less(these: tuple[str, ...], those: tuple[str, ...]) -> list[str]:
    """Returns what is in `these` more often than in `those`, in order."""
    left = list(those)
    rest = []
    for each in these:
        if each in left:
            left.remove(each)
        else:
            rest.append(each)
    return rest
