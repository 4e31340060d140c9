"""Steps for a host's uplinks, while it is reached alone: read → plan → try → apply → prove (R82–R84)."""

from __future__ import annotations

from typing import Any

from drconsole.model.inventory import Host
from drconsole.model.mapping import HostRole
from drconsole.model.step import Facts, step_key
from drconsole.planning import keys
from drconsole.planning.uplinks import layout_of
from drconsole.platforms.vsphere.importer.graph import Rebuild
from drconsole.platforms.vsphere.importer.host_steps import management_nic, management_vlan


def add_uplink_steps(rebuild: Rebuild, host: Host, role: HostRole, management: str) -> None:
    """Adds the steps of one host. `management` is the management server's protected name.

    Where the plan has uplinks reviewed, the move for good may ask; ports that operators rolled back on the
    target are told to what tries and to what moves.

    Raises Refused for a host whose management interface has no fixed address.
    """
    nic = management_nic(host)
    uplinks = _Uplinks(rebuild, host, role)
    layout = layout_of(host, rebuild.plan.snapshot)
    arranged: Facts = {"host": host, "layout": layout}
    placed: Facts = {**arranged, "vlan": management_vlan(rebuild, host, nic)}
    if refused := rebuild.plan.refused_uplinks.get(role.target):
        # In both: what is moved for good is decided anew with what is tried.
        placed["refused"] = refused
    server = (keys.ready(management), keys.MANAGEMENT_DATACENTERS)
    read = uplinks.add("read", needs=(keys.ready(host.name),), typical_s=2, host=host.name)
    planned = uplinks.add("plan", needs=(read,), typical_s=0.1, **arranged)
    tried = uplinks.add("try", needs=(planned, *server), typical_s=3, **placed)
    applied = uplinks.add(
        "apply",
        needs=(tried, keys.MANAGEMENT_DATACENTERS),
        typical_s=3,
        asks=rebuild.plan.review_uplinks,
        **placed,
    )
    uplinks.add("prove", needs=(applied,), typical_s=1, host=host.name, address=nic.ip)


_VERBS = {
    "read": ("vsphere.read-host", "read the machine's ports"),
    "plan": ("vsphere.plan-uplinks", "plan the uplinks"),
    "try": ("vsphere.try-uplinks", "try the planned uplinks beside the provisioning address"),
    "apply": ("vsphere.apply-uplinks", "move the management address to the uplinks that were proved"),
    "prove": ("vsphere.prove-uplinks", "prove it from the management server"),
}
"""Verb → the handler that carries it out, and what it does in words."""

_ALONE = frozenset({"read", "plan"})
"""What asks the host alone, or nobody: it occupies no place at the management server."""


class _Uplinks:
    """The steps of one host, which differ in little."""

    def __init__(self, rebuild: Rebuild, host: Host, role: HostRole) -> None:
        self._rebuild = rebuild
        self._host = host
        self._role = role

    def add(
        self, verb: str, *, needs: tuple[str, ...], typical_s: float, asks: bool = False, **arguments: Any
    ) -> str:
        handler, title = _VERBS[verb]
        return self._rebuild.add(
            step_key("uplinks", self._host.name, verb),
            handler,
            about=self._host.name,
            title=title,
            needs=needs,
            machine=self._role.target,
            deadline="uplink",
            typical_s=typical_s,
            resources=() if verb in _ALONE else ("vcenter",),
            at=None,
            optional_needs=(),
            asks=asks,
            **arguments,
        )
