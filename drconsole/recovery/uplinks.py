"""A run's uplinks host by host, from its journal: as captured, on the target now, planned, applied."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection

from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkState, UplinkSwitch
from drconsole.errors import Refused
from drconsole.journal import commands, runs, steps
from drconsole.journal.commands import Command
from drconsole.journal.runs import RunRow
from drconsole.model.inventory import Host, Snapshot
from drconsole.model.step import Facts
from drconsole.planning import keys
from drconsole.planning.carrying import carried
from drconsole.planning.plan_input import PlanInput
from drconsole.planning.trials import arrangement, ports_of
from drconsole.planning.uplinks import UplinkPlan, arrange, layout_of
from drconsole.recovery.verbs.rules import refuse_ended
from drconsole.recovery.verbs.uplinks import HostSteps, host_steps, why_not_apply, why_not_roll_back


def uplinks_of(connection: Connection, run: str, site: str = "") -> tuple[HostUplinks, ...]:
    """Returns the uplinks of every deployed host, by name. Raises UnknownName for a run that is not there."""
    row = runs.find(connection, run, site)
    source = msgspec.json.decode(runs.frozen(connection, row.id)[1], type=PlanInput)
    known = host_steps(steps.load(connection, row.id, cleanup=False))
    deployed = {role.protected for role in source.mapping.hosts if role.deploy}
    hosts = sorted((h for h in source.snapshot.hosts if h.id in deployed), key=lambda host: host.name)
    said, ended = commands.last(connection, row.id), _ended(row)
    return tuple(
        _shown(host, source.snapshot, known[host.name], said, ended) for host in hosts if host.name in known
    )


def _ended(row: RunRow) -> str:
    try:
        refuse_ended(row)
    except Refused as refused:
        return refused.message
    return ""


def _shown(
    host: Host, snapshot: Snapshot, own: HostSteps, said: Iterable[Command], ended: str
) -> HostUplinks:
    facts, planned = _facts(own), _planned(host, snapshot, own)
    stopped = own.question or own.failed
    return HostUplinks(
        host=host.name,
        target=own.target,
        state=_state(own),
        captured=tuple(
            UplinkSwitch(name=name, nics=nics, carries=carries)
            for name, nics, carries in carried(host, snapshot)
        ),
        now=_ports(own, facts),
        planned=planned.moves if planned else {},
        applied=_result(own, keys.proved(own.host)).get("nics") or {},
        why=planned.why if planned else {},
        unconnected=planned.unconnected if planned else (),
        dropped=planned.dropped if planned else (),
        refused=own.refused,
        trial=own.port if own.applied is not None and own.applied.state != "done" else "",
        spent=own.spent,
        reviewed=own.applied is not None and own.applied.step.asks,
        trouble=(stopped.error or "") if stopped else "",
        remedy=(stopped.remedy or "") if stopped else "",
        cannot_apply=ended or why_not_apply(own),
        cannot_roll_back=ended or why_not_roll_back(own, said),
    )


def _state(own: HostSteps) -> UplinkState:
    """What stops a host comes first; then how far it has come, the last that holds."""
    if own.failed or own.question:
        return "failed" if own.failed else "waiting"
    states = {key: row.state for key, row in own.rows.items()}
    tried, applied = states.get(keys.uplinks_tried(own.host)), states.get(keys.uplinks_applied(own.host))
    reached: tuple[tuple[UplinkState, bool], ...] = (
        ("applied", own.moved),
        ("moving", applied in ("running", "done")),
        ("proved", tried == "done"),
        ("trying", tried == "running"),
        ("read", states.get(keys.uplinks_read(own.host)) == "done"),
    )
    return next((state for state, holds in reached if holds), "pending")


def _result(own: HostSteps, key: str) -> Facts:
    row = own.rows.get(key)
    return (row.result or {}) if row is not None else {}


def _facts(own: HostSteps) -> list[Facts]:
    """The ports as they were last read: at the trial that stands, else before the first one."""
    tried = _result(own, keys.uplinks_tried(own.host)).get("ports")
    return list(tried or _result(own, keys.uplinks_read(own.host)).get("ports") or ())


def _ports(own: HostSteps, facts: Iterable[Facts]) -> tuple[UplinkPort, ...]:
    booted = _result(own, keys.uplinks_read(own.host)).get("booted")
    return tuple(
        UplinkPort(
            name=port["name"], link=port["link"], speed_mbit=port["speed"], booted=port["name"] == booted
        )
        for port in facts
    )


def _planned(host: Host, snapshot: Snapshot, own: HostSteps) -> UplinkPlan | None:
    """The arrangement that stands or was applied, else the one that is tried first; None before the ports
    are known, and where none is left."""
    tried = _result(own, keys.uplinks_tried(own.host))
    if "nics" in tried:
        return UplinkPlan(
            moves=tried["nics"],
            why=tried.get("why") or {},
            unconnected=tuple(tried.get("unconnected") or ()),
            dropped=tuple(tried.get("dropped") or ()),
        )
    facts, booted = _facts(own), _result(own, keys.uplinks_read(own.host)).get("booted", "")
    if not facts:
        return None
    layout = layout_of(host, snapshot)
    if own.refused:
        return arrangement(layout, facts, booted, refused=own.refused)
    return arrange(layout, ports_of(facts, booted))
