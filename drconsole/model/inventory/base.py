"""What all values of an inventory share, and how their fields are declared.

One declaration drives everything that must agree: the XML documents and their schema, the check
for dangling references, the difference by meaning, and the comparison of a recovered site. So a
field says all there is to say about it where it stands:

- a scalar (`str`, `int`, `bool`, an enumeration of literals) is an XML attribute;
- a tuple of scalars is repeated child elements holding text;
- an element, or a tuple of elements, is one or repeated child elements;
- `Annotated[..., Meta(...)]` bounds it; `refers(...)` makes it a reference to the id of an object
  of one of these kinds; `tag(...)` names the child elements of a tuple in the singular.

Names are camelCase in XML and JSON. None, "" and () mean "not captured, or not there" and are
left out of documents.

The garbage collector does not look at them (`gc=False`): frozen values that hold only texts, numbers
and tuples of their like form no circle, and a large site has 100,000 of them.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta


class Element(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename="camel",
    forbid_unknown_fields=True,
    gc=False,
):
    """A part of an object: it has no id of its own and lives inside its owner.

    `extensions` keeps elements of foreign namespaces (R28), each as canonical XML text, in order.
    """

    key_field: ClassVar[str] = ""
    """The field that tells this part from its siblings, such as a device name; "" for a position."""

    extensions: tuple[str, ...] = ()


class Object(Element, frozen=True, kw_only=True):
    """A managed thing with an id that is unique in its snapshot and a name that need not be."""

    kind: ClassVar[str] = ""
    """Its word in documents and dumps, such as `virtualMachine`."""

    id: Annotated[str, Meta(min_length=1)]
    name: str


def refers(*kinds: str) -> Meta:
    """Marks a string field as the id of an object of one of `kinds`."""
    return Meta(extra={"refers": kinds})


def tag(name: str) -> Meta:
    """Names the child elements that a tuple field is written as."""
    return Meta(extra={"tag": name})


def always() -> Meta:
    """Marks a scalar that documents spell out even where it has its default, such as `deploy`."""
    return Meta(extra={"always": True})


def extra(annotation: Any, name: str) -> Any:
    """Returns what `refers` (a tuple of kinds) or `tag` (a name) put on an annotation, or None."""
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.extra and name in meta.extra:
            return meta.extra[name]
    return None


MacAddress = Annotated[str, Meta(pattern=r"^([0-9a-f]{2}(:[0-9a-f]{2}){5})?$")]
"""Lower case, colons; "" where unknown."""

IpAddress = Annotated[str, Meta(pattern=r"^[0-9a-fA-F.:]*$")]
Uuid = Annotated[str, Meta(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$")]
VlanId = Annotated[int, Meta(ge=0, le=4095)]
"""0 is untagged, 4095 passes every tag through to the guest."""

Mtu = Annotated[int, Meta(ge=1280, le=9190)]
Count = Annotated[int, Meta(ge=0)]
Moment = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z$")
]
"""UTC with Z, such as 2026-11-22T08:00:00Z."""

SnapshotId = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
"""`sha256:` and the hash of a snapshot's exact bytes."""

NonEmpty = Annotated[str, Meta(min_length=1)]
PrefixLength = Annotated[int, Meta(ge=0, le=128)]
