"""The three documents: what each is called, its namespace, its version and its schema."""

from __future__ import annotations

from functools import cache
from importlib import resources

import msgspec

from drconsole.documents.form import Form, form_of
from drconsole.model.inventory.base import Element
from drconsole.model.inventory.snapshot import Snapshot
from drconsole.model.mapping import HostMapping, VmSelection


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of document. `root` is its root element, `name` its word in namespaces and files."""

    root: str
    name: str
    type: type[Element]
    version: int = 1

    @property
    def words(self) -> str:
        """Its name in a sentence."""
        return self.name.replace("-", " ").replace("vm", "VM")

    @property
    def namespace(self) -> str:
        return f"urn:drconsole:{self.name}:{self.version}"

    @property
    def form(self) -> Form:
        return form_of(self.type)

    @property
    def schema_file(self) -> str:
        return f"{self.name}-{self.version}.xsd"


SNAPSHOT = Document(root="snapshot", name="snapshot", type=Snapshot)
HOST_MAPPING = Document(root="hostMapping", name="host-mapping", type=HostMapping)
VM_SELECTION = Document(root="vmSelection", name="vm-selection", type=VmSelection)
DOCUMENTS = (SNAPSHOT, HOST_MAPPING, VM_SELECTION)


@cache
def schema_bytes(document: Document) -> bytes:
    """Returns the XSD that the package carries."""
    return (resources.files("drconsole.documents") / "schema" / document.schema_file).read_bytes()
