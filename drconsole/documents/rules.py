"""What a schema cannot say: rules between fields of one document."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from drconsole.documents.kinds import HOST_MAPPING, SNAPSHOT, Document
from drconsole.documents.place import Broken


def check_rules(root: etree._Element, document: Document) -> None:
    """Raises Broken for a valid document that contradicts itself."""
    names = {"d": document.namespace}
    if document is SNAPSHOT:
        _check_moment(root)
        _check_consistency(root, names)
    if document is HOST_MAPPING:
        _check_targets(root, names)


def _check_consistency(root: etree._Element, names: dict[str, str]) -> None:
    if is_true(root, "consistent"):
        for element in root.iterfind("d:danglingReference", names):
            raise Broken(element, "a dangling reference", 'consistent="false", or none of these')


def _check_targets(root: etree._Element, names: dict[str, str]) -> None:
    """A machine that is deployed has a target, and a host a management server to belong to (R39, R40)."""
    managed = root.find("d:managementServer", names) is not None
    for kind in ("host", "physicalServer"):
        for element in root.iterfind(f"d:{kind}", names):
            if not is_true(element, "deploy"):
                continue
            if not element.get("target"):
                raise Broken(element, "deployed without a target", 'a target, or deploy="false"')
            if kind == "host" and not managed:
                raise Broken(element, "deployed without a management server", "a managementServer")


def _check_moment(root: etree._Element) -> None:
    """The pattern of `taken` lets 31 February pass; the calendar does not."""
    try:
        datetime.fromisoformat(root.get("taken", ""))
    except ValueError:
        expected = "a moment in UTC, such as 2026-11-22T08:00:00Z"
        raise Broken(root, "no such moment", expected, attribute="taken") from None


def is_true(element: etree._Element, flag: str) -> bool:
    """Returns a flag that is true where it is not given."""
    return element.get(flag, "true").strip() in ("true", "1")
