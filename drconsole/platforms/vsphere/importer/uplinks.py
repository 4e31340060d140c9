"""Handlers of uplink remediation that change a host: try an arrangement, then move for good (R83, R84).

The host is reached alone, over its provisioning address. Before that address is given up, a second
VMkernel interface with the captured address is tried on the planned ports, and the management server
itself is asked whether it reaches the host there. One that does not work is rolled back over the path
that still stands, and the next one is tried. Only then does one call move vmk0. Where the run is
reviewed, an operator is asked before that, and may have the trial rolled back instead.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec

from drconsole.errors import DeviceError, OutcomeUnknown, Question, Unreachable
from drconsole.model.inventory import Host
from drconsole.model.step import Done, Work, step_key
from drconsole.planning.trials import arrangement, management_ports, told
from drconsole.planning.uplinks import Layout, UplinkPlan
from drconsole.platforms.vsphere.importer import host_layout
from drconsole.platforms.vsphere.importer.ports import port_facts
from drconsole.platforms.vsphere.importer.reaching import reaches, still_fresh
from drconsole.platforms.vsphere.importer.recovered import SiteHandler, only_host
from drconsole.platforms.vsphere.session import Session

ARRANGEMENTS = 3
"""How many are tried on a host before an operator is asked."""

_ASKED = 5
"""How often the management server is asked whether it reaches a trial: switches learn, ports come up."""

_PATIENCE = 1 / 60
"""The share of the step's deadline that all of this asking may take: 5 s by default."""


_ANSWERS = (
    "approve: move it, if it is reached then; roll back: take the trial back and try the next port;"
    " skip: give the host up"
)


def _refused(work: Work) -> tuple[str, ...]:
    """The ports that operators have rolled back on this target."""
    return tuple(work.step.arguments.get("refused", ()))


def _moment() -> str:
    return datetime.now(UTC).strftime("%H:%M:%S.%fZ")


class _Fresh(SiteHandler):
    """A host that is still reached alone: what it reports, and how its network is changed."""

    def captured(self, work: Work) -> Host:
        return msgspec.convert(work.step.arguments["host"], Host)

    def booted(self, work: Work) -> str:
        return str(work.result(step_key("uplinks", self.captured(work).name, "read"))["booted"])

    async def system(self, work: Work) -> tuple[Session, Any]:
        """Returns the session with the host itself, and its network system."""
        session = await self.site.host(work, self.captured(work).name)
        path = "configManager.networkSystem"
        return session, (await session.read(await only_host(session), path))[path]

    async def info(self, work: Work) -> Any:
        session, system = await self.system(work)
        return (await session.read(system, "networkInfo"))["networkInfo"]

    async def change(self, work: Work, config: Any) -> None:
        session, system = await self.system(work)
        await work.check()
        await session.invoke(
            system, "UpdateNetworkConfig", config=config, changeMode="modify", _about=session.about
        )

    def layout(self, work: Work, nics: dict[str, str]) -> host_layout.Layout:
        """Returns the host's layout for an arrangement of its ports."""
        planned = msgspec.convert(work.step.arguments["layout"], Layout)
        return host_layout.Layout(
            host=self.captured(work),
            nics=nics,
            vlan=work.step.arguments["vlan"],
            booted=self.booted(work),
            ports=management_ports(planned, nics),
        )


class TryUplinks(_Fresh):
    """Finds an arrangement under which the management server reaches the host, and leaves it on trial."""

    async def observe(self, work: Work) -> Done | None:
        captured = self.captured(work)
        if not await still_fresh(work, captured):
            return None
        info = await self.info(work)
        trial = host_layout.standing_trial(info)
        plan = self._tried(work, info, trial) if trial is not None else None
        if plan is None or not await reaches(self.site, work, captured):
            return None
        return Done(
            result={
                "nics": plan.moves,
                "why": plan.why,
                "dropped": list(plan.dropped),
                "unconnected": list(plan.unconnected),
                "port": self._port(work, info, plan),
                "ports": [port_facts(nic) for nic in info.pnic],
            }
        )

    async def act(self, work: Work) -> None:
        failed: list[str] = []
        for _arrangement in range(ARRANGEMENTS):
            info = await self._without_trial(work)
            plan = self._plan(work, info, failed)
            if plan is None:
                break
            port = self._port(work, info, plan)
            work.progress(f"trying {port} for management")
            await self.change(work, host_layout.trial(self.layout(work, plan.moves), info))
            if await self._proved(work):
                self._say(work, plan, info)
                return
            await self._without_trial(work)
            work.say(f"the management server does not reach the host on {port}; rolled back")
            failed.append(port)
        raise self._stuck(work, failed)

    def _stuck(self, work: Work, failed: list[str]) -> DeviceError:
        """Nothing is left to try: says what was, and what operators have kept from it."""
        tried = f"{' nor on '.join(failed)}; rolled back" if failed else "any port: none has a link"
        remedy = "check the ports' links and VLANs at the switch, then retry; or replace the target"
        if refused := ", ".join(_refused(work)):
            tried = tried.replace("any port: none", "any other port: none")
            tried += f"; rolled back by operators before: {refused}"
            remedy += f"; to apply the host allows {refused} again"
        return DeviceError(
            f"the management server does not reach the host on {tried}", about=work.step.object, remedy=remedy
        )

    async def _without_trial(self, work: Work) -> Any:
        """Takes back a trial that stands, also an earlier attempt's, and returns what is left."""
        info = await self.info(work)
        if host_layout.standing_trial(info) is None:
            return info
        await self.change(work, host_layout.trial_undone(info, self.booted(work)))
        return await self.info(work)

    def _plan(self, work: Work, info: Any, failed: list[str]) -> UplinkPlan | None:
        """Links are read anew: a cable may have been pulled or plugged since the plan was made."""
        planned = msgspec.convert(work.step.arguments["layout"], Layout)
        ports = [port_facts(nic) for nic in info.pnic]
        return arrangement(planned, ports, self.booted(work), failed, _refused(work))

    def _port(self, work: Work, info: Any, plan: UplinkPlan) -> str:
        """Returns the port that management really uses under an arrangement."""
        return host_layout.first_linked(self.layout(work, plan.moves), info)

    def _tried(self, work: Work, info: Any, trial: Any) -> UplinkPlan | None:
        """Returns the arrangement that stands on trial: the one that has just its ports for management.

        One on a port that an operator has rolled back since is none: it is taken back.
        """
        layout = msgspec.convert(work.step.arguments["layout"], Layout)
        failed: list[str] = []
        for _arrangement in range(ARRANGEMENTS):
            plan = self._plan(work, info, failed)
            if plan is None:
                return None
            ports = management_ports(layout, plan.moves)
            if ports == host_layout.trial_ports(trial):
                return plan
            failed.append(self._port(work, info, plan))
        return None

    async def _proved(self, work: Work) -> bool:
        for _attempt in range(_ASKED):
            if await reaches(self.site, work, self.captured(work)):
                return True
            await asyncio.sleep(work.step.deadline_s * _PATIENCE / _ASKED)
        return False

    def _say(self, work: Work, plan: UplinkPlan, info: Any) -> None:
        words = told(plan)
        if plan.dropped:
            words += f"; {', '.join(plan.dropped)} gets no port"
        work.say(
            words,
            uplinks={
                "host": work.step.object,
                "now": [port_facts(nic) for nic in info.pnic],
                "planned": plan.moves,
                "why": plan.why,
                "dropped": list(plan.dropped),
                "unconnected": list(plan.unconnected),
                "port": self._port(work, info, plan),
                "refused": list(_refused(work)),
            },
        )


class ApplyUplinks(_Fresh):
    """Moves the management address to the arrangement that was proved, and ends the trial."""

    async def observe(self, work: Work) -> Done | None:
        captured = self.captured(work)
        if await still_fresh(work, captured) or not await reaches(self.site, work, captured):
            return None
        return Done(result={"nics": self._nics(work)})

    async def act(self, work: Work) -> None:
        """Moves it. Raises Question where the run is reviewed and nobody has approved this very move."""
        name = self.captured(work).name
        if work.step.asks:
            await self._reviewed(work)
        layout, info = self.layout(work, self._nics(work)), await self.info(work)
        if away := host_layout.displaced(layout, info):
            info = await self._renamed(work, away)
        work.progress("moving the management address")
        try:
            await self.change(work, host_layout.final(layout, info))
        except (OutcomeUnknown, Unreachable):
            # The call moves the address that carries it: its answer may never arrive.
            work.say("the host has left its provisioning address")
        await self.site.forget(name)

    async def _reviewed(self, work: Work) -> None:
        """Asks before anything moves, and again where the trial is not reached any more by then."""
        tried = work.result(step_key("uplinks", self.captured(work).name, "try"))
        if not (tried["why"] or tried["dropped"]):
            return  # every port is as captured: nothing is re-arranged that could be reviewed
        what = f"{work.step.object} on {work.step.machine}: its trial on {tried['port']}"
        asked = f"{what} stands and is reached. Move its management there for good?"
        if work.answered(asked) is None:
            raise Question(asked, about=work.step.object, remedy=_ANSWERS)
        if not await reaches(self.site, work, self.captured(work)):
            # With the moment in it this question is a new one each time, and no earlier answer holds.
            raise Question(
                f"{what} stands, and was not reached any more at {_moment()}. Look again?",
                about=work.step.object,
                remedy=_ANSWERS,
            )

    async def _renamed(self, work: Work, spec: Any) -> Any:
        """Gives the installer's port group another name: the captured one belongs on another switch."""
        session, system = await self.system(work)
        await work.check()
        await session.invoke(
            system, "UpdatePortGroup", pgName=host_layout.MANAGEMENT_GROUP, portgrp=spec, _about=session.about
        )
        return await self.info(work)

    def _nics(self, work: Work) -> dict[str, str]:
        tried = work.result(step_key("uplinks", self.captured(work).name, "try"))
        return msgspec.convert(tried["nics"], dict[str, str])
