"""What provisioning asks of a bare machine, through whatever manages its power and boot order."""

from __future__ import annotations

from typing import Protocol

from drconsole.model.target import TargetHardware


class Machine(Protocol):
    """One machine. Every verb may be repeated; the state is read from the device, never assumed.

    Raises Unreachable, WrongCredentials, PinMismatch, DeviceError, and OutcomeUnknown where the
    connection died in a write.
    """

    async def probe(self) -> TargetHardware:
        """Reads identity, size, NICs with their link, disks, initiators, power and clock skew."""
        ...

    async def power(self) -> str:
        """Returns `on`, `off`, `changing`, or "" where it cannot be told."""
        ...

    async def turn_on(self, *, within_s: float) -> None:
        """Returns once it is on. Raises DeadlinePassed."""
        ...

    async def turn_off(self, *, within_s: float, graceful: bool = False) -> None:
        """Returns once it is off: asked politely for a quarter of the time if so wanted, then by force."""
        ...

    async def boot_from(self, url: str, *, always: bool = False) -> None:
        """Next boot (or every one) fetches this URL. Raises DeviceError where it does not stick."""
        ...

    async def boot_as_usual(self) -> None:
        """Takes any boot override back."""
        ...

    async def boots_as_usual(self) -> bool:
        """Whether no boot override is set."""
        ...

    async def erase(self, serial: str) -> bool:
        """Starts to erase one disk. Returns False where the machine cannot do that by itself."""
        ...

    async def close(self) -> None: ...
