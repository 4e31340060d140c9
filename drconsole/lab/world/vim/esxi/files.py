"""Files on datastores: paths such as `[ds] dir/file.vmx`, and reading them over HTTPS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drconsole.lab.world.vim.esxi.datastore import Datastore
from drconsole.lab.world.vim.new import fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drconsole.lab.world.vim.objects import Endpoint, ManagedEntity


def split_path(text: str) -> tuple[str, str]:
    """Returns the datastore's label and the path in it. Raises InvalidDatastorePath.

    Labels and folders may hold brackets: the label ends at the bracket that a known name ends at,
    which only `locate` can know; this takes the first one that is followed by a blank.
    """
    if not text.startswith("["):
        raise fault("InvalidDatastorePath", datastorePath=text)
    end = text.find("] ")
    if end < 0:
        if not text.endswith("]"):
            raise fault("InvalidDatastorePath", datastorePath=text)
        return text[1:-1], ""
    return text[1:end], text[end + 2 :].strip("/")


def locate(datastores: Iterable[Datastore], text: str) -> tuple[Datastore, str]:
    """Returns the datastore and the path inside it that a datastore path names.

    The longest known label wins. Raises InvalidDatastorePath for what is no path, InvalidDatastore
    for an unknown or inaccessible datastore.
    """
    name, _ = split_path(text)
    known = [item for item in datastores if text.startswith(f"[{item.label}]")]
    if not known:
        raise fault("InvalidDatastore", f"no datastore {name}", name=name)
    found = max(known, key=lambda item: len(item.label))
    if not found.accessible():
        raise fault("InvalidDatastore", f"{found.label} is not accessible", datastore=found.ref(), name=name)
    return found, text[len(found.label) + 2 :].strip().strip("/")


def datastore_path(datastore: Datastore, path: str) -> str:
    """Returns `[label] path`."""
    return f"[{datastore.label}] {path}"


def download(endpoint: Endpoint, path: str, datacenter: str, datastore: str) -> bytes:
    """Returns a file for `GET /folder/PATH?dcPath=&dsName=`.

    `path`, `datacenter` (its inventory path; "" for the only one) and `datastore` come decoded.
    Raises FileNotFoundError where any of them is unknown or the datastore is not accessible.
    """
    for item in endpoint.of(Datastore):
        if datastore in {item.name, item.label}:
            if datacenter and not _inside(item, datacenter):
                continue
            if not item.accessible():
                raise FileNotFoundError(f"{datastore} is not accessible")
            return item.volume.read(path.strip("/"))
    raise FileNotFoundError(f"no datastore {datastore} in {datacenter or 'the inventory'}")


def _inside(item: ManagedEntity, datacenter: str) -> bool:
    from drconsole.lab.world.vim.esxi.inventory import datacenter_of

    above = datacenter_of(item)
    return above is not None and above.path() == datacenter.strip("/")
