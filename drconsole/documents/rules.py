"""What a schema cannot say: rules between fields of one document."""

from __future__ import annotations

from lxml import etree

from drconsole.documents.kinds import HOST_MAPPING, SNAPSHOT, Document
from drconsole.documents.place import line_of, path_of
from drconsole.errors import InvalidDocument


def check_rules(root: etree._Element, document: Document, about: str) -> None:
    """Raises InvalidDocument for a valid document that contradicts itself."""
    names = {"d": document.namespace}
    if document is SNAPSHOT and is_true(root, "consistent"):
        for element in root.iterfind("d:danglingReference", names):
            raise _broken(element, "a dangling reference", 'consistent="false", or none of these', about)
    if document is HOST_MAPPING:
        for kind in ("host", "physicalServer"):
            for element in root.iterfind(f"d:{kind}", names):
                if is_true(element, "deploy") and not element.get("target"):
                    raise _broken(element, "deployed without a target", 'a target, or deploy="false"', about)


def is_true(element: etree._Element, flag: str) -> bool:
    """Returns a flag that is true where it is not given."""
    return element.get(flag, "true").strip() in ("true", "1")


def _broken(element: etree._Element, message: str, expected: str, about: str) -> InvalidDocument:
    return InvalidDocument(
        message, about=about, line=line_of(element), path=path_of(element), expected=expected
    )
