"""A host mapping with one entry changed. Roles are named as `Need.key` does: kind and protected id."""

from __future__ import annotations

from msgspec.structs import replace

from drconsole.model.mapping import HostMapping, RoleKind

RoleKey = tuple[RoleKind, str]


def targets_by_role(mapping: HostMapping) -> dict[RoleKey, str]:
    """Returns the target of every role that is deployed."""
    found: dict[RoleKey, str] = {("host", r.protected): r.target for r in mapping.hosts if r.deploy}
    found |= {("physical", r.protected): r.target for r in mapping.physical_servers if r.deploy}
    if mapping.management_server:
        found["management", mapping.management_server.protected] = mapping.management_server.target
    return found


def with_target(mapping: HostMapping, key: RoleKey, target: str) -> HostMapping:
    """Returns the mapping with another target for a role, which is deployed then."""
    return _with(mapping, key, target, deploy=True)


def without(mapping: HostMapping, key: RoleKey) -> HostMapping:
    """Returns the mapping with a host or physical server that is not deployed, and has no target."""
    return _with(mapping, key, "", deploy=False)


def _with(mapping: HostMapping, key: RoleKey, target: str, *, deploy: bool) -> HostMapping:
    kind, protected = key
    if kind == "management" and mapping.management_server is not None:
        return replace(mapping, management_server=replace(mapping.management_server, target=target))
    return replace(
        mapping,
        hosts=tuple(
            replace(role, target=target, deploy=deploy)
            if kind == "host" and role.protected == protected
            else role
            for role in mapping.hosts
        ),
        physical_servers=tuple(
            replace(role, target=target, deploy=deploy)
            if kind == "physical" and role.protected == protected
            else role
            for role in mapping.physical_servers
        ),
    )
