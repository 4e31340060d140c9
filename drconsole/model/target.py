"""Targets: bare machines of the recovery site's pool, and what a probe found in them."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.model.mapping import RoleKind

TargetState = Literal["free", "reserved", "leased", "in-service", "wiping", "unreachable"]


class _Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class TargetNic(_Value, frozen=True, kw_only=True):
    """A physical NIC as the BMC lists it, in slot order. `link` is None where the BMC cannot say."""

    id: str
    mac: str
    link: bool | None = None
    speed_mbit: int = 0


class TargetDisk(_Value, frozen=True, kw_only=True):
    """A local disk. `has_data` is None where nothing could tell."""

    id: str
    serial: str
    size_bytes: int
    has_data: bool | None = None
    secure_erase: bool = False


class TargetHardware(_Value, frozen=True, kw_only=True):
    """What the last probe read from the BMC. `wwpns` are of its Fibre Channel functions."""

    uuid: str
    serial: str = ""
    vendor: str = ""
    model: str = ""
    cpu_vendor: str = ""
    cpu_packages: int = 0
    cpu_cores: int = 0
    cpu_threads: int = 0
    memory_mib: int = 0
    boot_mode: Literal["uefi", "legacy", ""] = ""
    secure_boot: bool = False
    power: Literal["on", "off", "changing", ""] = ""
    nics: tuple[TargetNic, ...] = ()
    disks: tuple[TargetDisk, ...] = ()
    wwpns: tuple[str, ...] = ()
    skew_s: float = 0.0


class Target(_Value, frozen=True, kw_only=True):
    """A machine of the pool: its place from the configuration, its state from the journal.

    `checked` is the UTC time of the last probe ("" before the first), `error` what it met.
    """

    name: str
    segment: str
    state: TargetState = "free"
    run: str = ""
    role: str = ""
    role_kind: RoleKind | None = None
    may_wipe: bool = False
    hardware: TargetHardware | None = None
    checked: str = ""
    error: str = ""
