"""What the handlers of this room have in common: one group, and its array opened for each use."""

from __future__ import annotations

from abc import ABC, abstractmethod

import msgspec

from drconsole.errors import InvalidConfiguration
from drconsole.model.step import Done, Work
from drconsole.replication.contract import ReplicationDriver
from drconsole.replication.groups import Group
from drconsole.replication.proven import ProvenDriver
from drconsole.replication.registry import open_array
from drconsole.settings.values import Settings


class GroupHandler(ABC):
    """One verb on one group. Opens the group's array around each observation and act."""

    def __init__(self, settings: Settings, rpo_s: float | None) -> None:
        self.settings = settings
        self.rpo_s = rpo_s

    async def observe(self, work: Work) -> Done | None:
        group = group_of(work)
        driver = self._open(group)
        try:
            return await self._observe(work, group, driver)
        finally:
            await driver.close()

    async def act(self, work: Work) -> None:
        group = group_of(work)
        driver = self._open(group)
        try:
            await self._act(work, group, ProvenDriver(driver, work))
        finally:
            await driver.close()

    @abstractmethod
    async def _observe(self, work: Work, group: Group, driver: ReplicationDriver) -> Done | None: ...

    @abstractmethod
    async def _act(self, work: Work, group: Group, driver: ReplicationDriver) -> None: ...

    def array_of(self, group: Group) -> str:
        """The array that the verb is about: the recovery one, unless a handler says otherwise."""
        return group.recovery

    def _open(self, group: Group) -> ReplicationDriver:
        name = self.array_of(group)
        array = self.settings.arrays.get(name)
        if array is None:
            raise InvalidConfiguration("is not configured any more", about=f"array {name}")
        return open_array(array, self.settings)


def group_of(work: Work) -> Group:
    """Returns the group that a step is about."""
    return msgspec.convert(work.step.arguments["group"], Group)
