"""The schemas, generated from the model. `scripts/schema` writes them where the package keeps them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from lxml import etree

from drconsole.documents.form import Form, Part, Scalar
from drconsole.documents.kinds import HOST_MAPPING, SNAPSHOT, Document

XS = "http://www.w3.org/2001/XMLSchema"


def schema(document: Document) -> bytes:
    """Returns the XSD of a document: every element typed, keys a kind, a keyref a reference."""
    root = etree.Element(f"{{{XS}}}schema", nsmap={"xs": XS, "d": document.namespace})
    for name, value in (
        ("targetNamespace", document.namespace),
        ("elementFormDefault", "qualified"),
        ("version", str(document.version)),
    ):
        root.set(name, value)
    form = document.form
    whole = {"name": document.root, "type": f"d:{_type_name(form)}"}
    root.append(_x("element", whole, *_constraints(document)))
    root.extend([_complex_type(each) for each in _forms(form)])
    etree.indent(root, "  ")
    return etree.tostring(root, xml_declaration=True, encoding="utf-8") + b"\n"


def _x(name: str, attributes: dict[str, str], *children: etree._Element) -> etree._Element:
    element = etree.Element(f"{{{XS}}}{name}", attributes)
    element.extend(children)
    return element


def _forms(root: Form) -> list[Form]:
    """Returns every form below and with `root`, once each, in the order of their first use."""
    found: dict[str, Form] = {}

    def visit(form: Form) -> None:
        if _type_name(form) in found:
            return
        found[_type_name(form)] = form
        for part in form.children:
            if part.form is not None:
                visit(part.form)

    visit(root)
    return list(found.values())


def _type_name(form: Form) -> str:
    return form.type.__name__


def _complex_type(form: Form) -> etree._Element:
    """Foreign elements may stand before, between and after our own (R28).

    Each child comes in a group with the strangers that follow it: side by side, the wildcards of two
    children that are both absent would be ambiguous.
    """
    words = _x("documentation", {})
    words.text = " ".join((inspect.getdoc(form.type) or "").split("\n\n")[0].split())
    return _x(
        "complexType",
        {"name": _type_name(form)},
        _x("annotation", {}, words),
        _x("sequence", {}, _any(), *(_child(part) for part in form.children)),
        *(_attribute(part) for part in form.attributes),
    )


def _any() -> etree._Element:
    foreign = {"namespace": "##other", "processContents": "lax"}
    return _x("any", {**foreign, "minOccurs": "0", "maxOccurs": "unbounded"})


def _child(part: Part) -> etree._Element:
    element = _x("element", {"name": part.xml})
    if part.form is not None:
        element.set("type", f"d:{_type_name(part.form)}")
    else:
        assert part.scalar is not None
        _set_type(element, part.scalar)
    most = "unbounded" if part.many else "1"
    return _x("sequence", {"minOccurs": "0", "maxOccurs": most}, element, _any())


def _attribute(part: Part) -> etree._Element:
    assert part.scalar is not None
    attribute = _x("attribute", {"name": part.xml})
    if part.required:
        attribute.set("use", "required")
    _set_type(attribute, part.scalar)
    return attribute


def _set_type(owner: etree._Element, scalar: Scalar) -> None:
    facets = list(_facets(scalar))
    if facets:
        owner.append(_x("simpleType", {}, _x("restriction", {"base": f"xs:{scalar.type}"}, *facets)))
    else:
        owner.set("type", f"xs:{scalar.type}")


def _facets(scalar: Scalar) -> Iterator[etree._Element]:
    if scalar.min_length:
        yield _x("minLength", {"value": str(scalar.min_length)})
    if scalar.pattern:
        yield _x("pattern", {"value": scalar.pattern})
    for value in scalar.values:
        yield _x("enumeration", {"value": value})
    if scalar.low is not None:
        yield _x("minInclusive", {"value": str(scalar.low)})
    if scalar.high is not None:
        yield _x("maxInclusive", {"value": str(scalar.high)})


def _constraints(document: Document) -> list[etree._Element]:
    if document is SNAPSHOT:
        return _snapshot_constraints(document.form)
    if document is HOST_MAPPING:
        return [
            _constraint("unique", "target", "d:managementServer|d:host|d:physicalServer", "@target"),
            _constraint("key", "host", "d:host", "@protected"),
            _constraint("key", "physicalServer", "d:physicalServer", "@protected"),
        ]
    return [_constraint("key", "virtualMachine", "d:virtualMachine", "@id")]


def _snapshot_constraints(form: Form) -> list[etree._Element]:
    """Ids are unique over all kinds: the first key says that alone. A reference has a key over its kinds."""
    kinds = tuple(part.xml for part in form.children if part.form and part.form.kind)
    found = list(references(form))
    sets = dict.fromkeys([kinds, *((kind,) for kind in kinds), *(refers for _, _, refers in found)])
    keys = [
        _constraint("key", _key_name(each, kinds), "|".join(f"d:{kind}" for kind in each), "@id")
        for each in sets
    ]
    return keys + [
        _constraint(
            "keyref", _reference_name(selector, field), selector, field, refer=f"d:{_key_name(refers, kinds)}"
        )
        for selector, field, refers in found
    ]


def references(form: Form, path: str = "") -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yields every reference below `form`: selector, field (`@name`, or `.` for text) and kinds."""
    for part in form.attributes:
        if part.scalar and part.scalar.refers:
            yield path, f"@{part.xml}", part.scalar.refers
    for part in form.children:
        below = f"{path}/d:{part.xml}" if path else f"d:{part.xml}"
        if part.form is not None:
            yield from references(part.form, below)
        elif part.scalar and part.scalar.refers:
            yield below, ".", part.scalar.refers


def _key_name(kinds: tuple[str, ...], all_kinds: tuple[str, ...]) -> str:
    return "object" if kinds == all_kinds else "-or-".join(kinds)


def _reference_name(selector: str, field: str) -> str:
    return (selector.replace("d:", "").replace("/", ".") + "." + field.lstrip("@")).rstrip(".")


def _constraint(word: str, name: str, selector: str, field: str, refer: str = "") -> etree._Element:
    attributes = {"name": name, "refer": refer} if refer else {"name": name}
    return _x(word, attributes, _x("selector", {"xpath": selector}), _x("field", {"xpath": field}))
