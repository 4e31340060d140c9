"""The uplinks of a run's hosts, side by side: as captured, on the target now, planned, applied."""

from __future__ import annotations

from typing import Literal

import msgspec

UplinkState = Literal["pending", "read", "trying", "proved", "moving", "applied", "failed", "waiting"]
"""`proved` is a trial that stands and is reached, `waiting` one that an operator is asked about,
`moving` a host that leaves its provisioning address, `applied` one that is reached where it belongs."""


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
    captured NICs without a counterpart, `refused` ports that were rolled back and are not tried again.
    `spent`: all others have failed, and an apply of this very host allows the refused ones again. `trial` is
    the port that stands on trial, "" where none does. `now` is as of the last trial that stood, else as first
    read. `trouble` is the question that waits, or what failed, with its `remedy`. `cannot_apply` and
    `cannot_roll_back` say why not, "" where it can be done now. A `reviewed` host asks before it moves.
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
    trial: str = ""
    spent: bool = False
    reviewed: bool = False
    trouble: str = ""
    remedy: str = ""
    cannot_apply: str = ""
    cannot_roll_back: str = ""
