"""The roles that a run provisions, of all three kinds, as one list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from drconsole.model.mapping import RoleKind
from drconsole.planning.plan_input import PlanInput

Became = Literal["hypervisor", "management", "linux"]
"""What a machine is after its install."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed role: its name as steps and addresses are keyed by, and its target.

    `name` is the management server's and the physical server's protected name, and a host's name;
    `protected` is its id in the snapshot. `address` is only given where it is not the plan's: a target
    that was given up keeps the one it had.
    """

    became: Became
    name: str
    protected: str
    target: str
    address: str = ""


_BECAME: Mapping[RoleKind, Became] = {
    "management": "management",
    "host": "hypervisor",
    "physical": "linux",
}


def former(plan: PlanInput) -> tuple[Role, ...]:
    """Returns the roles of the targets that were given up in mid-run: they are wiped, never installed."""
    return tuple(
        Role(
            became=_BECAME[gone.role],
            name=gone.name,
            protected=gone.protected,
            target=gone.target,
            address=gone.address,
        )
        for gone in plan.former
    )


def deployed(plan: PlanInput) -> tuple[Role, ...]:
    """Returns the management server, the hosts and the physical servers to install, in that order."""
    mapping = plan.mapping
    roles: list[Role] = []
    if server := mapping.management_server:
        roles.append(
            Role(became="management", name=server.protected, protected=server.protected, target=server.target)
        )
    for host in mapping.hosts:
        if host.deploy:
            roles.append(
                Role(became="hypervisor", name=host.name, protected=host.protected, target=host.target)
            )
    for physical in mapping.physical_servers:
        if physical.deploy:
            roles.append(
                Role(
                    became="linux",
                    name=physical.protected,
                    protected=physical.protected,
                    target=physical.target,
                )
            )
    return tuple(roles)
