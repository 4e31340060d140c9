"""What every provisioning handler works with: the jobs, the machines by their BMCs, the boot service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from drconsole.errors import DRConsoleError, InvalidConfiguration
from drconsole.model.step import Facts, Work
from drconsole.planning.plan_input import PlanInput
from drconsole.provisioning.answering import not_yet
from drconsole.provisioning.boot_service import BootService
from drconsole.provisioning.contract import Machine
from drconsole.provisioning.jobs import Job
from drconsole.provisioning.limits import Limits, limits_of
from drconsole.provisioning.redfish import open_machine
from drconsole.settings.values import Settings


class Bench:
    """One run's provisioning. Stateless but for the boot service and its log."""

    def __init__(self, settings: Settings, plan: PlanInput, boot: BootService) -> None:
        self.boot = boot
        self._settings = settings
        self._plan = plan

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
