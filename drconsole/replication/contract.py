"""What the product asks of an array: the field's verbs, each idempotent, each re-read.

HALT is `halt` and a `query` that confirms it; CONNECT is `promote`, `present` and the hosts' rescan.
The unit is the replication group. A driver knows one array and keeps no state of its own.
"""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec

GroupState = Literal["source", "target", "partial", "halted", "promoted"]
"""`target`: receives replication; `partial`: some volumes halted; `promoted`: writable here."""


class _Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class VolumeStatus(_Value, frozen=True, kw_only=True):
    """A replica volume. `source` is the protected array's id of it; one of naa and nfs_path is set.

    `synced` is False while the first synchronisation still runs; `error` is the array's words.
    `fenced`, of a source: no host can write to it any more.
    """

    id: str
    source: str
    state: GroupState
    synced: bool = True
    fenced: bool = False
    naa: str = ""
    nfs_host: str = ""
    nfs_path: str = ""
    size_bytes: int = 0
    error: str = ""


class Clone(_Value, frozen=True, kw_only=True):
    """A drill's consistent point-in-time copy of a group."""

    handle: str
    label: str
    point_in_time: str
    volumes: tuple[VolumeStatus, ...]


class GroupStatus(_Value, frozen=True, kw_only=True):
    """A replication group, never cached: `as_of` and `point_in_time` are the array's UTC times.

    `lag_s` is how far the replica is behind its source, None where the array cannot say.
    """

    id: str
    state: GroupState
    as_of: str
    point_in_time: str
    volumes: tuple[VolumeStatus, ...]
    lag_s: float | None = None
    source_confirmed: bool = False
    clones: tuple[Clone, ...] = ()


class Presentation(_Value, frozen=True, kw_only=True):
    """A volume as it is presented, with the initiators (WWPNs, IQNs, NFS client addresses)."""

    volume: str
    lun: int | None = None
    initiators: tuple[str, ...] = ()


class ReplicationDriver(Protocol):
    """One array. Every verb may be repeated; none trusts what it asked for, only what it reads.

    Raises Unreachable, WrongCredentials, PinMismatch, DeviceError (code NOT_FOUND,
    FAILED_PRECONDITION, ABORTED, REFUSED) and OutcomeUnknown where the connection died in a call.
    """

    async def discover(self) -> tuple[GroupStatus, ...]: ...

    async def query(self, group: str) -> GroupStatus: ...

    async def sync(self, group: str, *, token: str) -> None:
        """Brings over what the source holds now. Planned runs only: it contacts the protected side."""
        ...

    async def halt(self, group: str, *, token: str, planned: bool = False) -> None: ...

    async def fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        """On the protected array: no host can write to these volumes of a source any more."""
        ...

    async def lift_fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        """On the protected array: hosts can write to these volumes again."""
        ...

    async def promote(self, group: str, *, token: str) -> None: ...

    async def test_start(self, group: str, *, token: str, label: str) -> None: ...

    async def test_stop(self, group: str, handle: str) -> None: ...

    async def present(self, volumes: tuple[str, ...], initiators: tuple[str, ...]) -> None: ...

    async def unpresent(self, volumes: tuple[str, ...], initiators: tuple[str, ...]) -> None: ...

    async def presentations(self) -> tuple[Presentation, ...]: ...

    async def close(self) -> None: ...
