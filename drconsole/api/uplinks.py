"""The uplinks of a run's hosts, side by side: as captured, on the target now, planned, applied."""

from __future__ import annotations

from typing import Literal

import msgspec

UplinkState = Literal["pending", "read", "trying", "proved", "applied", "failed", "waiting"]


class UplinkSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """A captured switch: its NICs, and what it carries, such as `vmk0 Management` or `App-120`."""

    name: str
    nics: tuple[str, ...]
    carries: tuple[str, ...] = ()


class UplinkPort(msgspec.Struct, frozen=True, kw_only=True):
    """A physical NIC of the target, as it was last read."""

    name: str
    link: bool
    speed_mbit: int = 0
    booted: bool = False


class HostUplinks(msgspec.Struct, frozen=True, kw_only=True):
    """One host. `planned` and `applied` give each captured NIC its NIC on the target.

    `why` explains each planned change, `unconnected` are roles that are left without a link, `dropped`
    captured NICs without a counterpart, `refused` ports that were tried or rolled back and are not tried
    again. `cannot_apply` and `cannot_roll_back` say why not, "" where it can be done now.
    """

    host: str
    target: str
    state: UplinkState
    captured: tuple[UplinkSwitch, ...] = ()
    now: tuple[UplinkPort, ...] = ()
    planned: dict[str, str] = {}
    applied: dict[str, str] = {}
    why: dict[str, str] = {}
    unconnected: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    trouble: str = ""
    cannot_apply: str = ""
    cannot_roll_back: str = ""
