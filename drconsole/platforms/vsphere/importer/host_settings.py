"""Handler for a joined host's names, routes and time."""

from __future__ import annotations

from typing import Any

from pyVmomi import vim

from drconsole.model.inventory import Host
from drconsole.model.step import Done, Work
from drconsole.platforms.vsphere.importer.agreement import agrees
from drconsole.platforms.vsphere.importer.host_network import HostPart
from drconsole.platforms.vsphere.session import Session

_NTPD = "ntpd"
_PARTS = ("dnsConfig", "ipRouteConfig", "routeTableInfo")


class HostSettings(HostPart):
    """Name resolution, default gateway, static routes and NTP, as captured."""

    async def observe(self, work: Work) -> Done | None:
        _session, _system, info = await self.network(work, *_PARTS)
        if not await self._timed(work):
            return None
        if self.captured(work).ntp_running and not await self._keeps_time(work):
            return None
        return Done() if _agreed(self.captured(work), info) else None

    async def act(self, work: Work) -> None:
        session, system, info = await self.network(work, *_PARTS)
        captured = self.captured(work)
        await work.check()
        if not agrees(dns_spec(captured), info.dnsConfig):
            await session.invoke(system, "UpdateDnsConfig", config=dns_spec(captured))
        if captured.gateway and info.ipRouteConfig.defaultGateway != captured.gateway:
            gateway = vim.host.IpRouteConfig(defaultGateway=captured.gateway)
            await session.invoke(system, "UpdateIpRouteConfig", config=gateway)
        if missing := _missing_routes(captured, info):
            table = vim.host.IpRouteTableConfig(ipRoute=missing)
            await session.invoke(system, "UpdateIpRouteTableConfig", config=table)
        if not await self._timed(work):
            session, clock = await self.manager(work, "dateTimeSystem")
            config = vim.host.DateTimeConfig(ntpConfig=vim.host.NtpConfig(server=list(captured.ntp_servers)))
            await session.invoke(clock, "UpdateDateTimeConfig", config=config)
        if captured.ntp_running and not await self._keeps_time(work):
            await self._keep_time(work)

    async def _timed(self, work: Work) -> bool:
        session, clock = await self.manager(work, "dateTimeSystem")
        info = (await session.read(clock, "dateTimeInfo"))["dateTimeInfo"]
        servers = list(info.ntpConfig.server) if info.ntpConfig else []
        return servers == list(self.captured(work).ntp_servers)

    async def _keeps_time(self, work: Work) -> bool:
        """Servers alone set no clock: the daemon has to run, also after a reboot."""
        _session, _system, daemon = await self._daemon(work)
        return daemon is not None and daemon.running and daemon.policy == "on"

    async def _keep_time(self, work: Work) -> None:
        session, system, daemon = await self._daemon(work)
        if daemon is None or not daemon.running:
            await session.invoke(system, "StartService", id=_NTPD)
        if daemon is None or daemon.policy != "on":
            await session.invoke(system, "UpdateServicePolicy", id=_NTPD, policy="on")

    async def _daemon(self, work: Work) -> tuple[Session, Any, Any]:
        session, system = await self.manager(work, "serviceSystem")
        info = (await session.read(system, "serviceInfo"))["serviceInfo"]
        return session, system, next((service for service in info.service if service.key == _NTPD), None)


def dns_spec(captured: Host) -> Any:
    """Returns the captured name resolution, or None where the profile left it out."""
    dns = captured.dns
    if dns is None:
        return None
    return vim.host.DnsConfig(
        dhcp=dns.dhcp,
        hostName=dns.hostname,
        domainName=dns.domain,
        address=list(dns.servers),
        searchDomain=list(dns.search_domains),
    )


def _agreed(captured: Host, info: Any) -> bool:
    gateway = not captured.gateway or info.ipRouteConfig.defaultGateway == captured.gateway
    return gateway and agrees(dns_spec(captured), info.dnsConfig) and not _missing_routes(captured, info)


def _missing_routes(captured: Host, info: Any) -> list[Any]:
    table = info.routeTableInfo.ipRoute if info.routeTableInfo else []
    standing = {(route.network, route.prefixLength, route.gateway) for route in table}
    return [
        vim.host.IpRouteOp(
            changeOperation="add",
            route=vim.host.IpRouteEntry(
                network=route.network, prefixLength=route.prefix, gateway=route.gateway
            ),
        )
        for route in captured.routes
        if (route.network, route.prefix, route.gateway) not in standing
    ]
