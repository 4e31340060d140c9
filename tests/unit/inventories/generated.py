"""Generated inventories: any value that the model allows, with names that are meant to hurt."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from drconsole.documents.form import Form, Part, Scalar, form_of
from drconsole.model.inventory import Snapshot

HOSTILE = (
    "",
    " ",
    "a b",
    "a/b",
    "a%2fb",
    "[ds1] vm/x.vmx",
    "\"'&<>]]>",
    "line\nline\r\n\ttab",
    "\u202eevil\u200f",
    "x" * 80,
    "名前🌍é" * 20,
    "null",
    "true",
    "&#10;",
    "<!DOCTYPE x>",
)
_text = st.one_of(
    st.sampled_from(HOSTILE),
    # What XML 1.0 can carry: no control characters but three, no surrogates.
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=12),
)
_PATTERNS = {
    "([0-9a-f]{2}(:[0-9a-f]{2}){5})?": st.sampled_from(["", "00:50:56:00:00:01"]),
    "[0-9a-fA-F.:]*": st.sampled_from(["", "10.0.0.1", "fd00::1"]),
    "([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?": st.just(""),
}
_FOREIGN = st.sampled_from(
    [
        '<x:note xmlns:x="urn:x">kept</x:note>',
        '<note xmlns="urn:y" a="1"><inner></inner> mixed <inner></inner></note>',
        '<x:n xmlns="urn:drconsole:snapshot:1" xmlns:x="urn:x"><plain xmlns="">t</plain></x:n>',
    ]
)


def snapshots() -> st.SearchStrategy[Snapshot]:
    """Snapshots in canonical order that call themselves inconsistent: their references are any text."""
    return _values(form_of(Snapshot)).map(_canonical)


def _canonical(values: dict[str, Any]) -> Snapshot:
    taken: set[str] = set()
    for part in form_of(Snapshot).children:
        if part.form and part.form.kind and part.many:
            objects = [each for each in values[part.name] if not (each.id in taken or taken.add(each.id))]  # type: ignore[func-returns-value] # set.add in a filter
            values[part.name] = tuple(sorted(objects, key=lambda each: each.id))
        elif part.form and part.form.kind and values[part.name] is not None:
            taken.add(values[part.name].id)
    return Snapshot(**{**values, "consistent": False, "taken": "2026-11-22T08:00:00Z", "site": "s"})


def _values(form: Form) -> st.SearchStrategy[dict[str, Any]]:
    fields = {part.name: _of(part) for part in (*form.attributes, *form.children)}
    return st.fixed_dictionaries({**fields, "extensions": st.lists(_FOREIGN, max_size=1).map(tuple)})


def _of(part: Part) -> st.SearchStrategy[Any]:
    if part.form is not None:
        type_ = part.form.type
        one: st.SearchStrategy[Any] = _values(part.form).map(lambda values: type_(**values))
    else:
        assert part.scalar is not None
        one = _scalar(part.scalar)
    if part.many:
        return st.lists(one, max_size=2).map(tuple)
    # None is "not captured"; it is only written, and read back, where it is the default.
    return one if part.required or part.default is not None else st.none() | one


def _scalar(scalar: Scalar) -> st.SearchStrategy[Any]:
    if scalar.values:
        return st.sampled_from(scalar.values)
    if scalar.type == "boolean":
        return st.booleans()
    if scalar.type == "long":
        low = -(2**63) if scalar.low is None else scalar.low
        return st.integers(low, 2**63 - 1 if scalar.high is None else scalar.high)
    if scalar.pattern:
        return _PATTERNS.get(scalar.pattern, st.just("2026-11-22T08:00:00Z"))
    return _text.filter(bool) if scalar.min_length else _text
