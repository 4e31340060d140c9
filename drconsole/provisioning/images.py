"""The folders of installation media: `images/PRODUCT-VERSION` (docs/network-boot.md, R56)."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from drconsole.errors import Refused

WIPE = "wipe"
"""The folder of what boots to wipe disks."""

_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FILES = {
    "linux": ("vmlinuz", "initrd.img"),
    "management": ("vmlinuz", "initrd.img", "appliance.img"),
    "wipe": ("vmlinuz", "initrd.img"),
}
_MADE_HERE = frozenset({"boot.ipxe", "boot.cfg", "ks.cfg", "answers.json", "report"})


class Medium(msgspec.Struct, frozen=True, kw_only=True):
    """What a hypervisor's own boot.cfg loads: the kernel, and the modules in their order."""

    kernel: str
    modules: tuple[str, ...]


def folder_name(product: str, version: str) -> str:
    """Returns the folder of a product: `VMware ESXi`, `8.0.3` → `VMware-ESXi-8.0.3`.

    Raises Refused where the metadata names no product or no version.
    """
    name = re.sub(r"[^A-Za-z0-9._]+", "-", f"{product}-{version}").strip("-.")
    if not product or not version or not name:
        raise Refused(
            f"the snapshot does not say what to install ({product or 'no product'} {version})",
            remedy="capture again with a profile that takes products and versions",
        )
    return name


def payload(images: Path, folder: str, name: str) -> Path | None:
    """Returns a file to serve, or None: nothing outside of its folder, nothing that is made a job."""
    if not _FILE.fullmatch(name) or name in _MADE_HERE:
        return None
    path = (images / folder / name).resolve()
    inside = path.is_relative_to(images.resolve())
    return path if inside and path.is_file() else None


def refuse_missing(images: Path, kind: str, folder: str) -> None:
    """Raises Refused, naming the files, where a medium is not complete. `kind` is a job's.

    Asked while a run is planned, before anything is halted for it.
    """
    names = _FILES.get(kind) or ("mboot.efi", *_loaded(medium(images, folder)))
    missing = [name for name in names if payload(images, folder, name) is None]
    if missing:
        raise Refused(
            f"the medium lacks {', '.join(missing)}",
            about=str(images / folder),
            remedy="copy the installation medium there",
        )


def _loaded(found: Medium) -> tuple[str, ...]:
    return found.kernel, *found.modules


def medium(images: Path, folder: str) -> Medium:
    """Reads the medium's boot.cfg; without one the kernel is b.b00 and all else a module.

    Raises Refused where the folder is not there.
    """
    home = images / folder
    if not home.is_dir():
        raise Refused("the medium is not there", about=str(home), remedy="copy it there")
    config = home / "boot.cfg"
    if config.is_file():
        return _parsed(config.read_text(encoding="utf-8", errors="replace"))
    names = sorted(path.name for path in home.iterdir() if _FILE.fullmatch(path.name))
    return Medium(
        kernel="b.b00",
        modules=tuple(n for n in names if n not in {"b.b00", "mboot.efi"} and n not in _MADE_HERE),
    )


def _parsed(text: str) -> Medium:
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    modules = (_relative(name) for name in values.get("modules", "").split("---"))
    return Medium(kernel=_relative(values.get("kernel", "b.b00")), modules=tuple(m for m in modules if m))


def _relative(name: str) -> str:
    """The medium's paths begin with `/`, which would leave the prefix; its files are upper case."""
    return name.strip().lstrip("/").lower()
