"""The recovered site while it is being rebuilt: one session with its management server, and one
with each host for as long as hosts are reached alone.

Where they answer, and under which certificate, is what the provisioning found out: see
`planning.keys.ready`. Sessions are opened at their first use and shared by all handlers of a runner.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from pyVmomi import VmomiSupport, vmodl

from drconsole.errors import DRConsoleError, InvalidConfiguration, Unreachable
from drconsole.model.step import Work
from drconsole.planning import keys
from drconsole.platforms.vsphere.session import Session, before_writing
from drconsole.settings import secrets
from drconsole.settings.values import Endpoint, ProvisioningSettings, Settings, Site


class RecoveredSite:
    """Sessions with what has been installed. `management` is the management server's protected name."""

    def __init__(self, settings: Settings, site: Site, management: str) -> None:
        self.settings = settings
        self.site = site
        self.management = management
        self._sessions: dict[str, Session] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._managers: dict[tuple[str, str], Any] = {}

    @property
    def provisioning(self) -> ProvisioningSettings:
        if self.settings.provisioning is None:
            raise InvalidConfiguration("a recovery needs the [provisioning] table", about=self.settings.path)
        return self.settings.provisioning

    def root_password(self) -> str:
        """Returns the password that the installed hosts were given."""
        return secrets.resolve(self.provisioning.password).reveal()

    async def server(self, work: Work) -> Session:
        """Returns the session with the recovered management server. Each of its calls that changes
        something proves the run first, as those of `host` do: they go through the calling step's task.
        """
        return await self._session(work, self.management)

    async def host(self, work: Work, name: str) -> Session:
        """Returns the session with one host at its provisioning address."""
        return await self._session(work, name)

    async def _session(self, work: Work, name: str) -> Session:
        before_writing.set(work.check)
        ready = work.result(keys.ready(name))
        endpoint = Endpoint(
            address=f"{ready['address']}:{ready['port']}",
            username=ready["username"],
            password=self.provisioning.password,
            pin=ready["pin"],
        )
        async with self._locks.setdefault(name, asyncio.Lock()):
            if name not in self._sessions:
                self._sessions[name] = await Session.open(endpoint, self.settings, about=name)
            return self._sessions[name]

    async def manager_of(self, work: Work, host: str, name: str) -> tuple[Session, Any]:
        """Returns the management server's session and a host's manager, such as `networkSystem`.

        `host` is the recovered id. A host keeps its managers for as long as the server knows it, so
        each is asked for once.
        """
        session = await self.server(work)
        if (host, name) not in self._managers:
            path = f"configManager.{name}"
            self._managers[host, name] = (await session.read(reference("HostSystem", host), path))[path]
        return session, self._managers[host, name]

    async def forget(self, name: str) -> None:
        """Closes the session with a machine that has moved away or died."""
        if session := self._sessions.pop(name, None):
            with contextlib.suppress(DRConsoleError):
                await session.close()

    async def close(self) -> None:
        for name in tuple(self._sessions):
            await self.forget(name)


class SiteHandler:
    """What the handlers of this room have in common: the sessions with the recovered site."""

    def __init__(self, site: RecoveredSite) -> None:
        self.site = site


def reference(kind: str, moid: str) -> Any:
    """Returns the reference to a managed object by its kind on the wire, such as `HostSystem`."""
    return VmomiSupport.GetWsdlType("urn:vim25", kind)(moid)


async def children(session: Session, parent: Any, path: str = "childEntity") -> dict[str, Any]:
    r"""Returns the named objects that a property of `parent` refers to: name → reference.

    Names are as the API gives them: `/`, `\` and `%` come encoded, on both sides alike.
    """
    held = (await session.read(parent, path)).get(path)
    if held is None:
        return {}
    references = list(held) if isinstance(held, list) else [held]
    return {name: item for item, name in (await names_of(session, references)).items()}


async def names_of(session: Session, references: list[Any]) -> dict[Any, str]:
    """Returns reference → name, with one call for all; what has gone meanwhile is left out."""
    rows = await read_all(session, references, "name")
    by_id = {item._moId: item for item in references}
    return {by_id[moid]: values["name"] for moid, values in rows.items() if "name" in values}


async def read_all(session: Session, references: list[Any], *paths: str) -> dict[str, dict[str, Any]]:
    """Reads the same properties of many objects with one call: moid → path → value."""
    if not references:
        return {}
    collector = vmodl.query.PropertyCollector
    kinds = {type(item) for item in references}
    spec = collector.FilterSpec(
        objectSet=[collector.ObjectSpec(obj=item) for item in references],
        propSet=[collector.PropertySpec(type=kind, pathSet=list(paths)) for kind in kinds],
        reportMissingObjectsInResults=True,
    )
    found: dict[str, dict[str, Any]] = {}
    reply = await session.invoke(
        session.content.propertyCollector,
        "RetrievePropertiesEx",
        specSet=[spec],
        options=collector.RetrieveOptions(),
    )
    while reply is not None:
        for content in reply.objects:
            found[content.obj._moId] = {prop.name: prop.val for prop in content.propSet}
        if not reply.token:
            break
        reply = await session.invoke(
            session.content.propertyCollector, "ContinueRetrievePropertiesEx", token=reply.token
        )
    return found


async def only_host(session: Session) -> Any:
    """Returns the HostSystem of a session with a host itself. Raises Unreachable where it has none yet."""
    view = await session.invoke(
        session.content.viewManager,
        "CreateContainerView",
        container=session.content.rootFolder,
        type=[VmomiSupport.GetWsdlType("urn:vim25", "HostSystem")],
        recursive=True,
    )
    hosts = (await session.read(view, "view")).get("view") or []
    await session.invoke(view, "DestroyView")
    if not hosts:
        raise Unreachable("does not know its own host system yet", about=session.about)
    return hosts[0]
