"""The form of each element in XML, read off the declarations of the model.

The codec, the schemas and the messages about bad documents all follow these forms, so that a field
that is added to the model is written, read, checked and explained without another line of code.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import msgspec
from msgspec import inspect

from drconsole.model.inventory.base import Element, Object


class Scalar(msgspec.Struct, frozen=True, kw_only=True):
    """A single value and its bounds. `low` and `high` are inclusive; `pattern` is unanchored."""

    type: Literal["string", "long", "boolean"]
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    min_length: int = 0
    pattern: str = ""
    refers: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What would be right, for a message."""
        if self.refers:
            return f"the id of a {' or '.join(self.refers)} of this snapshot"
        if self.values:
            return f"one of {', '.join(value or '(empty)' for value in self.values)}"
        if self.type == "boolean":
            return "true or false"
        if self.type == "long":
            return self._range
        if self.pattern:
            return f"text like {self.pattern}"
        return "text that is not empty" if self.min_length else "text"

    @property
    def _range(self) -> str:
        if self.low is not None and self.high is not None:
            return f"a whole number from {self.low} to {self.high}"
        return "a whole number" if self.low is None else f"a whole number, {self.low} or more"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One field of an element. `xml` is its attribute or child name, `key` its name in JSON.

    Exactly one of `scalar` and `form` is set; with `child` a scalar is a child element's text.
    """

    name: str
    xml: str
    key: str
    required: bool = False
    always: bool = False
    child: bool = False
    many: bool = False
    default: Any = None
    scalar: Scalar | None = None
    form: Form | None = None


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """An element: its class, its attributes and its children, each in document order."""

    type: type[Element]
    attributes: tuple[Part, ...]
    children: tuple[Part, ...]

    @property
    def kind(self) -> str:
        """The kind of object that this is, "" for a part."""
        return self.type.kind if issubclass(self.type, Object) else ""

    def attribute(self, xml: str) -> Part | None:
        """Returns the attribute of that name, or None."""
        return next((part for part in self.attributes if part.xml == xml), None)

    def child(self, xml: str) -> Part | None:
        """Returns the child of that name, or None."""
        return next((part for part in self.children if part.xml == xml), None)


@cache
def form_of(element: type[Element]) -> Form:
    """Derives the form of a class; raises TypeError where a field has no place in XML."""
    described = inspect.type_info(element)
    assert isinstance(described, inspect.StructType)
    parts = [_part(field) for field in described.fields if field.name != "extensions"]
    return Form(
        type=element,
        attributes=tuple(part for part in parts if not part.child),
        children=tuple(part for part in parts if part.child),
    )


def _part(field: inspect.Field) -> Part:
    declared, extra = _unwrapped(field.type)
    many = isinstance(declared, inspect.VarTupleType)
    item, item_extra = _unwrapped(declared.item_type) if many else (declared, {})
    form = form_of(item.cls) if isinstance(item, inspect.StructType) else None
    return Part(
        name=field.name,
        xml=extra.get("tag", field.encode_name),
        key=field.encode_name,
        required=field.required,
        always=extra.get("always", False),
        child=many or form is not None,
        many=many,
        default=None if field.required else field.default,
        scalar=None if form else _scalar(item, {**extra, **item_extra}),
        form=form,
    )


def _unwrapped(declared: inspect.Type) -> tuple[Any, dict[str, Any]]:
    """Takes off what is written around a type: `Annotated[...]` with our marks, and `| None`."""
    extra: dict[str, Any] = {}
    while True:
        if isinstance(declared, inspect.Metadata):
            extra = {**(declared.extra or {}), **extra}
            declared = declared.type
        elif isinstance(declared, inspect.UnionType):
            (declared,) = (one for one in declared.types if not isinstance(one, inspect.NoneType))
        else:
            return declared, extra


def _scalar(declared: inspect.Type, extra: dict[str, Any]) -> Scalar:
    match declared:
        case inspect.StrType(min_length=min_length, pattern=pattern):
            return Scalar(
                type="string",
                min_length=min_length or 0,
                pattern=(pattern or "").removeprefix("^").removesuffix("$"),
                refers=extra.get("refers", ()),
            )
        case inspect.IntType(ge=low, le=high):
            return Scalar(type="long", low=low, high=high)
        case inspect.BoolType():
            return Scalar(type="boolean")
        case inspect.LiteralType(values=values):
            return Scalar(type="string", values=tuple(str(value) for value in values))
    raise TypeError(f"{declared} has no form in XML")
