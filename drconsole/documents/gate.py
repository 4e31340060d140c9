"""The gate for XML of others: what is refused before, and right after, a parser sees it.

Documents come as bytes, never as a path: libxml2 unpacks what it opens itself, 389 KB to 6 GB.
"""

from __future__ import annotations

import re
from functools import cache
from typing import cast

from lxml import etree

from drconsole.documents.form import Form
from drconsole.documents.kinds import DOCUMENTS, Document
from drconsole.errors import InvalidDocument

MAX_BYTES = 64 * 1024 * 1024
MAX_TAGS = 2_000_000
"""A document of 64 MB of ours has half of this; 3 million empty elements in 12 MB cost 340 MB."""

MAX_DEPTH = 32
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"PK\x03\x04": "zip"}
_DECLARED = re.compile(rb"\A(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_MISMATCH = re.compile(r"tag mismatch: (\S+) line (\d+) and")
_UNQUOTED = "Unescaped '<'"
_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def parse(data: bytes, about: str) -> tuple[Document, etree._Element]:
    """Returns the kind of document and its tree.

    Raises InvalidDocument for bytes that are no document of ours in a version that we read.
    """
    check_bytes(data, about)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=False,
        collect_ids=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise _malformed(error, data, about) from error
    document = recognise(root.tag, about, _start(root))
    _check_tree(root, about)
    return document, root


def root_of(data: bytes, about: str) -> Document:
    """Returns the kind of document by its first tag alone."""
    check_bytes(data, about)
    parser = etree.XMLPullParser(events=("start",), resolve_entities=False, no_network=True, load_dtd=False)
    try:
        for start in range(0, len(data), 4096):
            parser.feed(data[start : start + 4096])
            for _, element in parser.read_events():
                assert isinstance(element, etree._Element)
                return recognise(element.tag, about, _start(element))
        parser.close()
    except etree.XMLSyntaxError as error:
        raise _malformed(error, data, about) from error
    raise _refused("no element at all", about, expected="a whole XML document")


def check_bytes(data: bytes, about: str) -> None:
    """Refuses by size, packing, encoding, DTD and number of tags, at the cost of reading once."""
    if len(data) > MAX_BYTES:
        raise _refused(f"{len(data):,} bytes", about, expected=f"at most {MAX_BYTES:,} bytes")
    for magic, name in _PACKED.items():
        if data.startswith(magic):
            raise _refused(f"compressed by {name}", about, expected="the XML itself, unpacked")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused("not UTF-8", about, line=_line(data, error.start), expected="UTF-8") from error
    declared = _DECLARED.match(data)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii"):
        raise _refused(f"declares {declared[1].decode()}", about, line=1, expected="UTF-8")
    if found := _FORBIDDEN.search(data):
        word = found[0].decode().upper()
        raise _refused(f"{word} is not allowed", about, line=_line(data, found.start()), expected="no DTD")
    if data.count(b"<") > MAX_TAGS:
        raise _refused("too many elements", about, expected=f"at most {MAX_TAGS:,} tags")


def recognise(tag: str, about: str, line: int) -> Document:
    """Returns the document that a root element begins; refuses unknown roots and newer versions."""
    name = etree.QName(tag)
    for document in DOCUMENTS:
        if name.localname == document.root:
            _check_version(name.namespace or "", document, about, line)
            return document
    known = ", ".join(document.root for document in DOCUMENTS)
    raise _refused("an unknown document", about, line=line, path=name.localname, expected=f"one of {known}")


def _check_version(namespace: str, document: Document, about: str, line: int) -> None:
    if namespace == document.namespace:
        return
    version = namespace.removeprefix(f"urn:drconsole:{document.name}:")
    if version.isascii() and version.isdigit() and int(version[:9]) > document.version:
        raise _refused(
            f"version {version[:9]} is newer than this program",
            about,
            line=line,
            path=document.root,
            expected=f"version {document.version}, or a newer drconsole",
        )
    raise _refused(
        f"namespace {namespace or '(none)'}",
        about,
        line=line,
        path=document.root,
        expected=document.namespace,
    )


def _check_tree(root: etree._Element, about: str) -> None:
    if root.xpath(f"boolean({'/*' * (MAX_DEPTH + 1)})"):
        raise _refused("nested too deeply", about, expected=f"at most {MAX_DEPTH} levels")
    # A schemaLocation would make the validator open files of the author's choice.
    names = {"xsi": _INSTANCE}
    if root.xpath("boolean(//@xsi:*)", namespaces=names):
        (first, *_) = cast("list[object]", root.xpath("//*[@xsi:*][1]", namespaces=names))
        assert isinstance(first, etree._Element)
        raise _refused(
            "an XMLSchema-instance attribute",
            about,
            line=_start(first),
            expected="none: the schema is the program's own",
        )


def _malformed(error: etree.XMLSyntaxError, data: bytes, about: str) -> InvalidDocument:
    message = (error.msg or "not well-formed").split(", line ")[0]
    return _refused(
        f"not well-formed: {message}", about, line=_blamed(error, data), expected="a whole XML document"
    )


def _blamed(error: etree.XMLSyntaxError, data: bytes) -> int:
    """Returns the line to look at, which is not always the one where the parser had enough.

    A quote or bracket that is missing is felt at the next tag; an opening tag that is misspelt, at
    the closing one.
    """
    if (mismatch := _MISMATCH.search(error.msg or "")) and mismatch[1] not in _names():
        return int(mismatch[2])
    line, column = error.lineno or 0, error.offset or 0
    offset = 0
    for _ in range(line - 1):
        offset = data.find(b"\n", offset) + 1
    before = data[: offset + max(column - 1, 0)]
    opened = before.rfind(b"<")
    inside = opened > before.rfind(b">") or _UNQUOTED in (error.msg or "")
    return _line(data, opened) if inside else line


@cache
def _names() -> frozenset[str]:
    """Every element name of our documents."""

    def below(form: Form) -> set[str]:
        return {
            name
            for part in form.children
            for name in (part.xml, *(below(part.form) if part.form is not None else ()))
        }

    return frozenset(name for each in DOCUMENTS for name in (each.root, *below(each.form)))


def _start(element: etree._Element) -> int:
    # The stubs of lxml know the attribute, and not that it is a number.
    return cast("int", element.sourceline or 0)


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _refused(
    message: str, about: str, *, line: int = 0, path: str = "", expected: str = ""
) -> InvalidDocument:
    return InvalidDocument(message, about=about, line=line, path=path, expected=expected)
