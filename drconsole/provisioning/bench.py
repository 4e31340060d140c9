"""What every provisioning handler works with: the jobs, the machines by their BMCs, the boot service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drconsole.errors import DRConsoleError, InvalidConfiguration
from drconsole.model.step import Done, Facts, Handler, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.answering import not_yet
from drconsole.provisioning.boot_service import BootService, open_boot
from drconsole.provisioning.contract import Machine
from drconsole.provisioning.jobs import Job, install_job
from drconsole.provisioning.limits import Limits, limits_of
from drconsole.provisioning.redfish import open_machine
from drconsole.provisioning.roles import former
from drconsole.settings.values import Settings


class Bench:
    """One run's provisioning. Stateless but for the boot service and its log.

    Without a boot service it opens the run's own at the first use, on the port that the run had before.
    """

    def __init__(self, settings: Settings, plan: PlanInput, boot: BootService | None) -> None:
        self._settings = settings
        self._plan = plan
        self._boot = boot
        self._starting = asyncio.Lock()

    @property
    def boot(self) -> BootService:
        assert self._boot is not None, "handlers are reached through Served alone"
        return self._boot

    async def serve(self) -> None:
        """Makes sure that the boot service listens. Raises Busy, and what `open_boot` raises."""
        async with self._starting:
            if self._boot is None:
                boot = open_boot(self._settings, self._plan)
                for role in former(self._plan):
                    # Nobody waits for this machine any more: should it come late, it gets no script.
                    boot.log.add(install_job(self._plan, role).id, "gave-up")
                await boot.start()
                self._boot = boot

    async def close(self) -> None:
        """Stops listening: whoever binds the handlers anew opens the service again, on the same port."""
        async with self._starting:
            boot, self._boot = self._boot, None
            if boot is not None:
                await boot.stop()

    def job(self, work: Work) -> Job:
        return self.boot.job(work.step.arguments["job"])

    def limits(self, job: Job) -> Limits:
        return limits_of(self._plan.deadlines, job)

    async def answer(self, job: Job) -> Facts | DRConsoleError:
        """Returns the facts of a machine that answers, or the reason why it does not."""
        return await not_yet(self._plan, self.boot, job, self.limits(job))

    @asynccontextmanager
    async def machine(self, job: Job) -> AsyncIterator[Machine]:
        """Opens the BMC of the job's target. Raises InvalidConfiguration where it left the pool."""
        place = self._settings.pool.get(job.target)
        if place is None:
            raise InvalidConfiguration("is not in the pool any more", about=job.target)
        machine = open_machine(place, self._settings)
        try:
            yield machine
        finally:
            await machine.close()


class Served:
    """A handler that works only while the run's boot service listens: in-doubt steps observe first
    after a restart, so machines that are in the middle of their install find it again at once."""

    def __init__(self, bench: Bench, handler: Handler) -> None:
        self._bench = bench
        self._handler = handler

    async def observe(self, work: Work) -> Done | None:
        await self._bench.serve()
        return await self._handler.observe(work)

    async def act(self, work: Work) -> None:
        await self._bench.serve()
        await self._handler.act(work)
