"""An array whose every change proves the run first: a runner that was replaced changes nothing more."""

from __future__ import annotations

from drconsole.model.step import Work
from drconsole.replication.contract import GroupStatus, Presentation, ReplicationDriver


class ProvenDriver:
    """A driver for one step. Each verb that changes something raises Fenced where the run was taken over.

    Proven is the single verb and not the act: between two of an act's questions to a slow array there is
    time enough for a takeover.
    """

    def __init__(self, driver: ReplicationDriver, work: Work) -> None:
        self._driver = driver
        self._work = work

    async def discover(self) -> tuple[GroupStatus, ...]:
        return await self._driver.discover()

    async def query(self, group: str) -> GroupStatus:
        return await self._driver.query(group)

    async def sync(self, group: str, *, token: str) -> None:
        await self._work.check()
        await self._driver.sync(group, token=token)

    async def halt(self, group: str, *, token: str, planned: bool = False) -> None:
        await self._work.check()
        await self._driver.halt(group, token=token, planned=planned)

    async def fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        await self._work.check()
        await self._driver.fence(group, volumes, token=token)

    async def lift_fence(self, group: str, volumes: tuple[str, ...], *, token: str) -> None:
        await self._work.check()
        await self._driver.lift_fence(group, volumes, token=token)

    async def promote(self, group: str, *, token: str) -> None:
        await self._work.check()
        await self._driver.promote(group, token=token)

    async def test_start(self, group: str, *, token: str, label: str) -> None:
        await self._work.check()
        await self._driver.test_start(group, token=token, label=label)

    async def test_stop(self, group: str, handle: str) -> None:
        await self._work.check()
        await self._driver.test_stop(group, handle)

    async def present(self, volumes: tuple[str, ...], initiators: tuple[str, ...]) -> None:
        await self._work.check()
        await self._driver.present(volumes, initiators)

    async def unpresent(self, volumes: tuple[str, ...], initiators: tuple[str, ...]) -> None:
        await self._work.check()
        await self._driver.unpresent(volumes, initiators)

    async def presentations(self) -> tuple[Presentation, ...]:
        return await self._driver.presentations()

    async def close(self) -> None:
        await self._driver.close()
