"""200 single mutations of good documents, each of which breaks a type, a key, a reference or the form.

Each must be refused, and the line that is named must be the line that was changed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

import msgspec
import pytest
from lxml import etree

from drconsole.documents import (
    read_host_mapping,
    read_snapshot,
    read_vm_selection,
    write_host_mapping,
    write_snapshot,
    write_vm_selection,
)
from drconsole.documents.form import Form, Part
from drconsole.documents.kinds import HOST_MAPPING, SNAPSHOT, VM_SELECTION, Document, schema_bytes
from drconsole.errors import InvalidDocument
from tests.unit.inventories.rich import rich_mapping, rich_selection, rich_snapshot

SEED = 20261122
TOTAL = 200
READERS: dict[str, Callable[[bytes], object]] = {
    "snapshot": read_snapshot,
    "host-mapping": read_host_mapping,
    "vm-selection": read_vm_selection,
}
_CONSTRAINTS = ("key", "reference")
_TAG = re.compile(r"^( *)<(\w+)((?: [\w:]+=\"[^\"]*\")*)(/?)>(?:([^<]*)</\w+>)?$")
_ATTRIBUTE = re.compile(r' (\w+)="([^"]*)"')


class Mutation(msgspec.Struct, frozen=True):
    """A document with one thing changed, and the 1-based line at which it was."""

    document: str
    sort: str
    what: str
    line: int
    text: str


def _documents() -> list[tuple[Document, str]]:
    return [
        (SNAPSHOT, write_snapshot(rich_snapshot()).decode()),
        (HOST_MAPPING, write_host_mapping(rich_mapping()).decode()),
        (VM_SELECTION, write_vm_selection(rich_selection()).decode()),
    ]


def _mutations() -> Iterator[Mutation]:
    for document, text in _documents():
        lines = text.splitlines()
        stack: list[tuple[str, Form]] = []
        for number, line in enumerate(lines, 1):
            found = _TAG.match(line)
            depth = (len(line) - len(line.lstrip())) // 2
            del stack[depth:]
            if found is None:
                continue
            form = document.form if depth == 0 else _below(stack[-1][1], found[2])
            if form is not None:
                stack.append((found[2], form))
                changes = _of_element(line, found, form, root=depth == 0)
            else:
                part = stack[-1][1].child(found[2])
                assert part is not None
                changes = _of_text(line, found, part)
            for sort, what, changed in changes:
                mutated = "\n".join([*lines[: number - 1], changed, *lines[number:]]) + "\n"
                yield Mutation(document.name, sort, f"{number} {what}", number + changed.count("\n"), mutated)


def _below(form: Form, tag: str) -> Form | None:
    part = form.child(tag)
    assert part is not None, tag
    return part.form


def _of_element(line: str, found: re.Match[str], form: Form, *, root: bool) -> Iterator[tuple[str, str, str]]:
    """Yields sort, name and the changed line of each way to break one element."""
    for attribute in _ATTRIBUTE.finditer(found[3]):
        name, _ = attribute.groups()
        part = form.attribute(name)
        if part is None:
            continue
        for sort, value in _wrong_values(part):
            yield sort, f"{name}={value}", line.replace(attribute[0], f' {name}="{value}"', 1)
        if part.required:
            yield "form", f"no {name}", line.replace(attribute[0], "", 1)
        yield "form", f"{name} without its last quote", line.replace(attribute[0], attribute[0][:-1], 1)
        yield "form", f"{name} without its first quote", line.replace(f' {name}="', f" {name}=", 1)
        yield "form", f"{name} with a bracket", line.replace(f' {name}="', f' {name}="<', 1)
        yield "form", f"{name} with a bare &", line.replace(f' {name}="', f' {name}="&', 1)
        yield "form", f"{name} twice", line.replace(attribute[0], attribute[0] * 2, 1)
        yield "form", f"{name} misspelt", line.replace(f" {name}=", f" {name}X=", 1)
    if not root:
        yield (
            "form",
            "unknown element",
            line.replace(f"<{found[2]}", f"<{found[2]}X", 1)
            if found[4]
            else (f"{found[1]}<stranger/>{line.lstrip()}"),
        )
        yield "form", "no end of the tag", line[:-1]
        yield "form", "another opening tag", line.replace(f"<{found[2]}", f"<{found[2]}X", 1)
        yield "form", "text between", f"{found[1]}junk {line.lstrip()}"
        if found[4] and (form.kind or "protected=" in line or " id=" in line):
            yield "key", "twice", f"{line}\n{line}"


def _of_text(line: str, found: re.Match[str], part: Part) -> Iterator[tuple[str, str, str]]:
    for sort, value in _wrong_values(part):
        yield sort, f"{found[2]}={value}", line.replace(f">{found[5]}<", f">{value}<", 1)
    yield "form", "element in text", line.replace("</", "<b/></", 1)


def _wrong_values(part: Part) -> Iterator[tuple[str, str]]:
    assert part.scalar is not None
    scalar = part.scalar
    if scalar.refers:
        yield "reference", "nothing-1"
        yield "reference", ""
    elif scalar.values or scalar.type != "string" or scalar.pattern:
        yield "type", "wrong!"
        if scalar.type == "long":
            yield "type", "1.5"
            yield "type", str(2**63)
        if scalar.low is not None:
            yield "type", str(scalar.low - 1)
        if scalar.high is not None:
            yield "type", str(scalar.high + 1)
    elif scalar.min_length:
        yield "type", ""


def _chosen() -> list[Mutation]:
    """50 of each sort, or all of a sort that has fewer, filled up with types."""
    chance = random.Random(SEED)
    by_sort: dict[str, list[Mutation]] = {}
    for mutation in _mutations():
        by_sort.setdefault(mutation.sort, []).append(mutation)
    chosen = []
    for sort in ("key", "reference", "form"):
        chosen += chance.sample(by_sort[sort], min(50, len(by_sort[sort])))
    return chosen + chance.sample(by_sort["type"], TOTAL - len(chosen))


def test_the_documents_are_good_before_they_are_broken() -> None:
    for document, text in _documents():
        READERS[document.name](text.encode())


def test_there_are_as_many_as_promised_of_every_sort() -> None:
    chosen = _chosen()
    assert len(chosen) == TOTAL
    assert {mutation.document for mutation in chosen} == set(READERS)
    assert {mutation.sort for mutation in chosen} == {"type", "key", "reference", "form"}


@pytest.mark.parametrize(
    "mutation", _chosen(), ids=lambda each: re.sub(r"[^ -~]", "?", f"{each.document} {each.sort} {each.what}")
)
def test_each_is_refused_with_the_right_line(mutation: Mutation) -> None:
    with pytest.raises(InvalidDocument) as caught:
        READERS[mutation.document](mutation.text.encode())
    assert caught.value.line == mutation.line, caught.value
    assert caught.value.expected
    # What cannot be parsed has a line, and no elements to make a path of.
    if "not well-formed" not in caught.value.message:
        assert caught.value.path.startswith(("snapshot", "hostMapping", "vmSelection"))


def test_every_mutation_that_can_be_made_is_refused_with_the_right_line() -> None:
    wrong = []
    for mutation in _mutations():
        try:
            READERS[mutation.document](mutation.text.encode())
            wrong.append((mutation.what, "not refused"))
        except InvalidDocument as error:
            if error.line != mutation.line:
                wrong.append((mutation.what, f"line {error.line} {error}"))
    assert wrong == []


def test_the_published_schema_alone_refuses_the_same_keys_and_references() -> None:
    """Readers of others have nothing but the schema; we check its keyrefs by other means."""
    broken = [each for each in _mutations() if each.document == "snapshot" and each.sort in _CONSTRAINTS]
    assert {each.sort for each in broken} == set(_CONSTRAINTS)
    published = etree.XMLSchema(etree.fromstring(schema_bytes(SNAPSHOT)))
    for mutation in broken:
        assert not published.validate(etree.fromstring(mutation.text.encode())), mutation.what


def test_a_reference_to_an_object_of_another_kind_is_one_to_nothing() -> None:
    site = rich_snapshot()
    first, *others = site.virtual_machines
    wrong = msgspec.structs.replace(first, folder=site.hosts[0].id)
    data = write_snapshot(msgspec.structs.replace(site, virtual_machines=(wrong, *others)))
    with pytest.raises(InvalidDocument, match="which is not in this document") as refused:
        read_snapshot(data)
    assert refused.value.path.endswith("@folder")
    assert refused.value.expected == "the id of a folder"
