"""What the tools in a guest report: names, addresses, routes.

A guest of the lab knows them from settings in its .vmx, so that it reports the same wherever it is
registered: `guestinfo.address` (`10.0.0.5/24`, one a NIC, separated by commas), `.gateway`, `.dns`
and `.hostname`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drconsole.lab.world.vim.new import new
from drconsole.lab.world.vim.vcenter.guest_config import nics


def told(config: Any, network_of: Callable[[Any], str], *, running: bool) -> Any:
    """Returns the GuestInfo of a guest; `network_of` names the network of a NIC."""
    settings = {option.key: str(option.value) for option in config.extraConfig} if running else {}
    addresses = [address for address in settings.get("guestinfo.address", "").split(",") if address]
    adapters = nics(config) if running else []
    return new(
        "GuestInfo",
        toolsStatus="toolsOk" if running else "toolsNotRunning",
        toolsVersionStatus2="guestToolsCurrent",
        toolsRunningStatus="guestToolsRunning" if running else "guestToolsNotRunning",
        toolsVersion="12389",
        guestId=config.guestId,
        guestFamily="linuxGuest",
        guestFullName=config.guestFullName,
        hostName=settings.get("guestinfo.hostname"),
        ipAddress=addresses[0].partition("/")[0] if addresses else None,
        net=[_adapter(nic, addresses[i : i + 1], network_of(nic)) for i, nic in enumerate(adapters)],
        ipStack=[_stack(settings)] if addresses else [],
        guestState="running" if running else "notRunning",
        guestOperationsReady=running,
    )


def _adapter(nic: Any, addresses: list[str], network: str) -> Any:
    configured = [
        new(
            "NetIpConfigInfoIpAddress",
            ipAddress=address.partition("/")[0],
            prefixLength=int(address.partition("/")[2] or 24),
            state="preferred",
        )
        for address in addresses
    ]
    return new(
        "GuestNicInfo",
        network=network,
        ipAddress=[address.partition("/")[0] for address in addresses],
        ipConfig=new("NetIpConfigInfo", ipAddress=configured) if configured else None,
        macAddress=nic.macAddress,
        connected=True,
        deviceConfigId=nic.key,
    )


def _stack(settings: dict[str, str]) -> Any:
    name, _, domain = settings.get("guestinfo.hostname", "").partition(".")
    servers = [server for server in settings.get("guestinfo.dns", "").split(",") if server]
    gateway = settings.get("guestinfo.gateway")
    route = new(
        "NetIpRouteConfigInfoIpRoute",
        network="0.0.0.0",  # noqa: S104 - the default route, not an address to bind
        prefixLength=0,
        gateway=new("NetIpRouteConfigInfoGateway", ipAddress=gateway, device="0"),
    )
    return new(
        "GuestStackInfo",
        dnsConfig=new("NetDnsConfigInfo", dhcp=False, hostName=name, domainName=domain, ipAddress=servers),
        ipRouteConfig=new("NetIpRouteConfigInfo", ipRoute=[route] if gateway else []),
    )
