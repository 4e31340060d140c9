"""The roles that a run provisions, of all three kinds, as one list."""

from __future__ import annotations

from typing import Literal

import msgspec

from drconsole.planning.plan_input import PlanInput

Became = Literal["hypervisor", "management", "linux"]
"""What a machine is after its install."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A deployed role: its name as steps and addresses are keyed by, and its target.

    `name` is the management server's and the physical server's protected name, and a host's name;
    `protected` is its id in the snapshot.
    """

    became: Became
    name: str
    protected: str
    target: str


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
