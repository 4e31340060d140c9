"""What a service tells of a run whose every word comes from somebody else: steps, time, uplinks, reports."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from drconsole.api import requests
from drconsole.api.timeline import Bar, Timeline
from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkSwitch
from drconsole.api.values import (
    Attempt,
    Choice,
    GuestDeploy,
    RoleDeploy,
    RunFlags,
    Spare,
    StepDetail,
)
from drconsole.model.inventory import Snapshot
from drconsole.model.run import (
    AmendmentView,
    Difference,
    Event,
    Fidelity,
    RunView,
    Standing,
    VerbView,
)
from drconsole.model.step import step_key
from tests.console.scripted_service import ScriptedService

_AT = "2026-11-22T13:00:00Z"
_AFTER = 5
"""The first number after the run's own events."""


def told(view: RunView, names: Sequence[str]) -> RunView:
    """Returns a run of which operators, devices and reports say hostile things too."""
    first, others = names[0], tuple(names)
    return msgspec.structs.replace(
        view,
        started_by=first,
        fidelity=Fidelity(
            matched=9,
            total=9 + len(others),
            differences=tuple(
                Difference(path=f"virtualMachine/{name}/name", captured=name, recovered=name, klass="lost")
                for name in others
            ),
        ),
        guests=tuple(
            msgspec.structs.replace(guest, state="failed", reason=guest.name) for guest in view.guests
        ),
        steps=tuple(
            msgspec.structs.replace(step, error=f"refused {name}")
            for step, name in zip(view.steps, others, strict=False)
        ),
        machines=tuple(
            msgspec.structs.replace(machine, phase=name, note=name)
            for machine, name in zip(view.machines, others, strict=False)
        ),
        verbs=tuple(VerbView(at=_AT, actor=name, verb="skip", steps=(name,), reason=name) for name in others),
        amendments=tuple(
            AmendmentView(number=number, at=_AT, actor=name, text=name)
            for number, name in enumerate(others, 1)
        ),
        standing=tuple(Standing(kind="guest", name=name, state=name, remedy=name) for name in others),
    )


def log(view: RunView, names: Sequence[str]) -> list[Event]:
    """Returns an event for each name, said by whoever bears it."""
    return [
        Event(
            seq=number,
            at=_AT,
            run=view.run,
            kind="log",
            step=step_key("guests", name, "power-on"),
            actor=name,
            text=name,
        )
        for number, name in enumerate(names, _AFTER)
    ]


def replies(service: ScriptedService, site: Snapshot, view: RunView, names: Sequence[str]) -> None:
    """Lets the service answer whatever is asked about the run."""
    hosts = [host.name for host in site.hosts]
    service.answers |= {
        requests.ShowStep: lambda asked: _step(view, asked.step, names),
        requests.ShowTimeline: lambda _: _timeline(view, names, hosts),
        requests.ShowUplinks: lambda _: tuple(_uplinks(name) for name in hosts),
        requests.ListSpares: lambda _: tuple(Spare(target=n, fit="good", reason=n) for n in names),
        requests.ShowFlags: lambda _: RunFlags(
            run=view.run,
            guests=tuple(GuestDeploy(id=f"vm-{i}", name=n, deploy=True, why=n) for i, n in enumerate(names)),
            hosts=tuple(
                RoleDeploy(kind="host", id=f"host-{i}", name=n, deploy=True, target=n, why=n)
                for i, n in enumerate(names)
            ),
        ),
    }


def _step(view: RunView, key: str, names: Sequence[str]) -> StepDetail:
    choice = Choice(
        verb="skip",
        command=f"drconsole run skip {view.run} {key}",
        effect=names[0],
        skipped=tuple(names[:6]),
        guests=tuple(names),
    )
    return StepDetail(
        run=view.run,
        key=key,
        title=names[1],
        object=names[2],
        machine=names[3],
        state="failed",
        attempts=2,
        error="; ".join(names[:20]),
        remedy=names[4],
        needs=tuple(names),
        stops=tuple(names),
        verbs=("retry", "skip"),
        arguments={name: name for name in names[:12]},
        result={name: name for name in names[12:24]},
        attempted=tuple(
            Attempt(number=n, started=_AT, ended=_AT, end="failed", error=name)
            for n, name in enumerate(names[:4], 1)
        ),
        said=tuple(names),
        observed=names[5],
        choices=(choice, msgspec.structs.replace(choice, verb="retry", refused=names[6])),
    )


def _timeline(view: RunView, names: Sequence[str], hosts: Sequence[str]) -> Timeline:
    bars = tuple(
        Bar(
            machine=target,
            protected=host,
            stage="provision",
            state="running",
            began_s=10.0,
            ended_s=None,
            expects_s=10.0,
            expects_end_s=900.0,
            done=1,
            steps=4,
            critical=number == 0,
        )
        for number, (target, host) in enumerate(zip(names, hosts, strict=False))
    )
    path = tuple(step.key for step in view.steps[:5])
    return Timeline(
        run=view.run,
        started=_AT,
        elapsed_s=400.0,
        bars=bars,
        critical_path=path,
        bound_s=1200.0,
        forecast_s=1500.0,
        waits=True,
    )


def _uplinks(name: str) -> HostUplinks:
    return HostUplinks(
        host=name,
        target=name or "D",
        state="waiting",
        captured=(UplinkSwitch(name=name, nics=(name,), carries=(name,)),),
        now=(UplinkPort(name=name, link=True, speed_mbit=10000, booted=True),),
        planned={name: name},
        why={name: name},
        unconnected=(name,),
        dropped=(name,),
        refused=(name,),
        trouble=name,
        cannot_apply=name,
        cannot_roll_back=name,
    )
