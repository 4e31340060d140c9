"""What the protected management server is asked: what runs before anything is halted, and before each
start whether the guest still runs there."""

from __future__ import annotations

from typing import NamedTuple

from drconsole.errors import Question, Refused, Unreachable
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.collect import Found, everything, over_view, retrieve
from drconsole.platforms.vsphere.importer.power import PowerOn
from drconsole.platforms.vsphere.importer.recovered import RecoveredSite
from drconsole.platforms.vsphere.leaves import item_texts, text
from drconsole.platforms.vsphere.protected.site import ProtectedSite, running

_PATHS = {"VirtualMachine": ("name", "runtime.powerState", "config.instanceUuid", "datastore")}


class _Guest(NamedTuple):
    name: str
    power: str
    instance_uuid: str
    datastores: frozenset[str]


class AskRunning:
    """Whatever runs on the groups that are halted is moved by this run, or stays by its nature."""

    def __init__(self, site: ProtectedSite) -> None:
        self._site = site

    async def observe(self, work: Work) -> Done | None:
        """Raises Refused, naming each guest that would be left on a halted and fenced group."""
        arguments = work.step.arguments
        known = {*arguments["moved"], *arguments["staying"]}
        stores = frozenset(arguments["datastores"])
        on = [guest for guest in await self._guests() if guest.power == "poweredOn"]
        left = [guest for guest in on if guest.instance_uuid not in known and guest.datastores & stores]
        if left:
            raise Refused(
                f"{', '.join(sorted(guest.name for guest in left))} runs on replicated storage that the run"
                " halts and fences, and is not to be moved",
                about=self._site.site.name,
                remedy="capture again and select it, shut it down, or move its files off",
            )
        return Done(result={"running": len(on), "moved": sum(g.instance_uuid in known for g in on)})

    async def act(self, work: Work) -> None:
        """There is nothing to do about it: the observation decides."""

    async def _guests(self) -> list[_Guest]:
        found: dict[str, _Guest] = {}

        def sink(item: Found) -> None:
            if item.wsdl == "VirtualMachine":
                found[item.id] = _Guest(
                    text(item.props.get("name")),
                    text(item.props.get("runtime.powerState")),
                    text(item.props.get("config.instanceUuid")),
                    frozenset(item_texts(item.props.get("datastore"))),
                )

        try:
            session = await self._site.session()
            async with everything(session, _PATHS) as view:
                await retrieve(session, over_view(session, view, _PATHS), sink)
        except Unreachable as error:
            raise Refused(
                f"its management server cannot be asked, and a planned run needs it: {error}",
                about=self._site.site.name,
                remedy="where the site is lost, recover it with --mode disaster",
            ) from error
        return list(found.values())


class PowerOnAlone(PowerOn):
    """Starts a guest once the protected management server says that it does not run there.

    Yes, or no clear answer: the operator decides.
    """

    def __init__(self, site: RecoveredSite, protected: ProtectedSite) -> None:
        super().__init__(site)
        self._protected = protected

    async def act(self, work: Work) -> None:
        """Asks, then starts. Raises Question."""
        await self._refuse_twin(work)
        await super().act(work)

    async def _refuse_twin(self, work: Work) -> None:
        if work.answered(self._protected.silence()) or work.answered(_text(work)):
            return
        try:
            standing = await self._protected.standing(work.step.arguments["twin"])
        except Unreachable as error:
            work.say(str(error))
            raise self._protected.ask_about_silence() from error
        if running(standing):
            raise Question(
                _text(work),
                about=work.step.object,
                remedy="approve: start it here all the same; retry: ask again; skip: leave it off here",
            )


def _text(work: Work) -> str:
    twin = work.step.arguments["twin"]
    return f"{twin['name']} ({twin['id']}) is powered on at the protected site: it would run twice"
