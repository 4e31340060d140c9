"""Releasing a machine of a real run by hand: no cleanup takes back what became production."""

from __future__ import annotations

from sqlalchemy import Connection

from drconsole.errors import Refused
from drconsole.journal import commands, events, pool, runs, steps
from drconsole.model.target import Target
from drconsole.recovery.verbs.rules import AT_REST, storage_connected


def release(connection: Connection, target: Target, *, actor: str) -> None:
    """Ends a target's tie to a run that is over; what lies on its disks stays there.

    `target` has just been probed. Raises Refused where it is free, where its run goes on or can be
    cleaned up, where its BMC does not answer, and where it is on: it may be a host of the recovered site.
    """
    lease = pool.leases(connection).get(target.name)
    if lease is None:
        raise Refused("is free", about=target.name)
    row = runs.find(connection, lease.run)
    if row.state not in AT_REST:
        remedy = f"`drconsole run replace {row.id} {target.name}`, or `run cancel {row.id}`"
        raise Refused(
            f"is {lease.state} by run {row.id}, which is {row.state}", about=target.name, remedy=remedy
        )
    if row.mode == "drill" or not storage_connected(steps.load(connection, row.id, cleanup=False).values()):
        remedy = f"`drconsole run cleanup {row.id}` wipes it and gives it back"
        raise Refused(f"run {row.id} can be cleaned up", about=target.name, remedy=remedy)
    if target.error or target.hardware is None:
        said = target.error or "it was never probed"
        raise Refused(f"nobody can tell whether it is in use: {said}", about=target.name)
    if target.hardware.power != "off":
        raise Refused(
            f"is {target.hardware.power or 'perhaps on'}, and {_was(lease)} of the recovered site",
            about=target.name,
            remedy="take it out of the site's inventory and switch it off, then say it again",
        )
    pool.release(connection, target.name)
    commands.audit(connection, actor, "release", target.name, row.id)
    events.add(connection, row.id, "command", actor=actor, text=f"{target.name} is released")


def _was(lease: pool.Lease) -> str:
    return f"is {lease.role}" if lease.role else "may be a machine"
