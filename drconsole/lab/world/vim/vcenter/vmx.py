"""The .vmx file of a guest and the descriptor of a virtual disk: text in, values out, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping

_LINE = re.compile(r'^\s*([^#\s=][^=]*?)\s*=\s*"(.*)"\s*$')
_ESCAPE = re.compile(r"\|([0-9A-Fa-f]{2})")
_UNSAFE = re.compile(r'["|\x00-\x1f]')
SECTOR = 512


def parse(data: bytes) -> dict[str, str]:
    """Returns the settings of a .vmx, keys in lower case. Raises ValueError for what is none."""
    text = data.decode("utf-8")
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is not None:
            found[match.group(1).lower()] = _ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), match.group(2))
        elif line.strip() and not line.lstrip().startswith("#"):
            raise ValueError(f"not a setting: {line[:60]!r}")
    if "config.version" not in found:
        raise ValueError("no config.version")
    return found


def text(settings: Mapping[str, str]) -> bytes:
    """Returns the .vmx of settings, in their order."""
    lines = ['.encoding = "UTF-8"']
    for key, value in settings.items():
        quoted = _UNSAFE.sub(lambda m: f"|{ord(m.group()):02X}", value)
        lines.append(f'{key} = "{quoted}"')
    return ("\n".join(lines) + "\n").encode()


def descriptor(
    *, capacity_kib: int, extent: str, uuid: str, thin: bool, parent: str = "", adapter: str = "lsilogic"
) -> bytes:
    """Returns the descriptor of a virtual disk; `parent` makes it a difference to another."""
    kind = "vmfsSparse" if parent else "vmfs"
    lines = [
        "# Disk DescriptorFile",
        "version=1",
        'encoding="UTF-8"',
        f'createType="{kind}"',
        *([f'parentFileNameHint="{parent}"'] if parent else []),
        "# Extent description",
        f'RW {capacity_kib * 1024 // SECTOR} {kind.upper()} "{extent}"',
        "# The Disk Data Base",
        f'ddb.adapterType = "{adapter}"',
        f'ddb.uuid = "{uuid}"',
        *(['ddb.thinProvisioned = "1"'] if thin else []),
    ]
    return ("\n".join(lines) + "\n").encode()


class Descriptor:
    """What a disk's descriptor says: capacity in KiB, thin, uuid, and the disk it differs from."""

    def __init__(self, data: bytes) -> None:
        body = data.decode("utf-8", "replace")
        extents = re.findall(r"^RW (\d+) ", body, re.MULTILINE)
        if not extents:
            raise ValueError("no extent")
        self.capacity_kib = sum(int(sectors) for sectors in extents) * SECTOR // 1024
        self.thin = 'ddb.thinProvisioned = "1"' in body
        self.uuid = _one(r'^ddb\.uuid = "([^"]*)"', body)
        self.parent = _one(r'^parentFileNameHint="([^"]*)"', body)


def _one(pattern: str, body: str) -> str:
    match = re.search(pattern, body, re.MULTILINE)
    return match.group(1) if match else ""
