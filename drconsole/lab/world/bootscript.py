"""What a network boot loader reads: the iPXE script and boot.cfg, exactly as docs/network-boot.md."""

from __future__ import annotations

from dataclasses import dataclass, field


class InstallFailed(Exception):
    """A boot or an installation that stops; the message is what the machine's screen shows."""


@dataclass(frozen=True)
class BootScript:
    """An iPXE script: boot a kernel with arguments, or go on to the disk (`kernel` is "")."""

    kernel: str = ""
    arguments: tuple[str, ...] = ()
    initrd: str = ""

    def option(self, name: str) -> str:
        """Returns the value of a `name=value` argument, "" where there is none."""
        prefix = f"{name}="
        return next((a[len(prefix) :] for a in self.arguments if a.startswith(prefix)), "")


@dataclass(frozen=True)
class BootConfig:
    """A boot.cfg: kernel, modules and options; URLs are already made whole with its prefix."""

    title: str = ""
    kernel: str = ""
    options: tuple[str, ...] = ()
    modules: tuple[str, ...] = field(default=())

    @property
    def kickstart(self) -> str:
        """The URL of `ks=`, "" where there is none."""
        return next((o[3:] for o in self.options if o.startswith("ks=")), "")


def parse_ipxe(text: str) -> BootScript:
    """Parses a script. Raises InstallFailed for anything that the loader does not know."""
    lines = [line.strip() for line in text.splitlines()]
    if not lines or lines[0] != "#!ipxe":
        raise InstallFailed("boot script: no #!ipxe in its first line")
    kernel, initrd = "", ""
    arguments: tuple[str, ...] = ()
    for line in lines[1:]:
        match line.split():
            case []:
                continue
            case [word, *_] if word.startswith("#"):
                continue
            case ["kernel", url, *rest]:
                kernel, arguments = url, tuple(rest)
            case ["initrd", url]:
                initrd = url
            case ["boot"] if kernel:
                return BootScript(kernel, arguments, initrd)
            case ["sanboot", "--drive", "0x80"]:
                return BootScript()
            case _:
                raise InstallFailed(f"boot script: {line!r} is not understood")
    raise InstallFailed("boot script: it ends without boot")


def parse_boot_config(text: str) -> BootConfig:
    """Parses a boot.cfg. Raises InstallFailed for an unknown key, or a path that starts with `/`."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        key, equals, value = line.partition("=")
        if not equals or key not in {*_KEYS}:
            raise InstallFailed(f"boot.cfg: {line!r} is not understood")
        values[key] = value.strip()
    prefix = values.get("prefix", "").rstrip("/")
    kernel = _joined(prefix, values.get("kernel", ""))
    if not kernel:
        raise InstallFailed("boot.cfg: no kernel")
    modules = (m.strip() for m in values.get("modules", "").split("---"))
    return BootConfig(
        values.get("title", ""),
        kernel,
        tuple(values.get("kernelopt", "").split()),
        tuple(_joined(prefix, module) for module in modules if module),
    )


_KEYS = ("bootstate", "title", "timeout", "prefix", "kernel", "kernelopt", "modules", "build", "updated")


def _joined(prefix: str, name: str) -> str:
    if name.startswith("/"):
        raise InstallFailed(f"boot.cfg: {name!r} starts with / and is outside of the prefix")
    return f"{prefix}/{name}" if prefix and name else name
