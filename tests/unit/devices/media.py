"""Folders of installation media as small as they can be."""

from __future__ import annotations

from pathlib import Path


def write_media(folder: Path) -> Path:
    """Writes the media that the small site's machines need, and returns the images' folder."""
    images = folder / "images"
    files = {
        "VMware-ESXi-8.0.3": {
            "mboot.efi": "boot loader",
            "b.b00": "kernel",
            "s.v00": "module",
            "boot.cfg": "title=Loading\nkernel=/B.B00\nkernelopt=runweasel cdromBoot\n"
            "modules=/S.V00 --- /IMGDB.TGZ\nbuild=8.0.3\n",
        },
        "VMware-vCenter-Server-8.0.3": dict.fromkeys(("vmlinuz", "initrd.img", "appliance.img"), "payload"),
        "Debian-12": dict.fromkeys(("vmlinuz", "initrd.img"), "payload"),
        "wipe": dict.fromkeys(("vmlinuz", "initrd.img"), "payload"),
    }
    for name, content in files.items():
        (images / name).mkdir(parents=True)
        for file, text in content.items():
            (images / name / file).write_text(text)
    return images
