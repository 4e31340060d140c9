"""What keys do on Run."""

from __future__ import annotations

from drconsole.console.actions.action import Action

RUN = (
    Action(
        name="approve",
        keys=("a",),
        label="answer…",
        help="answer the question that the run waits with, such as whether the protected side is fenced",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="retry",
        keys=("k",),
        label="retry",
        help="try the failed step of this row again; where it has none, all failed ones",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="skip",
        keys=("s",),
        label="skip…",
        help="give the failed step of this row up, with a reason; what needs it goes with it",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="replace",
        keys=("x",),
        label="replace…",
        help="give the role of this row's machine to a spare of the pool, until storage is connected",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="pause",
        keys=("p",),
        label="pause",
        help="start nothing new, what works ends as it would have; again to let the run go on",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="cancel",
        keys=("X",),
        label="cancel…",
        help="end the run: running steps may end, no other starts",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="cleanup",
        keys=("C",),
        label="cleanup…",
        help="put a drill's machines and clones back",
        screens=("run",),
        changes=True,
    ),
    Action(
        name="table",
        keys=("t",),
        label="steps",
        help="show machines, steps or guests in the table",
        screens=("run",),
    ),
    Action(
        name="timeline",
        keys=("g",),
        label="timeline",
        help="the run in time: a bar for each machine and stage, the critical path, bound and forecast",
        screens=("run",),
    ),
    Action(name="more", keys=("plus", "equals_sign"), help="timeline: closer (- farther)", screens=("run",)),
    Action(name="later", keys=("right",), help="timeline: on in time", screens=("run",)),
    Action(name="earlier", keys=("left",), help="timeline: back in time", screens=("run",)),
    Action(
        name="uplinks",
        keys=("u",),
        label="uplinks",
        help="go to the uplinks of this row's host",
        screens=("run",),
    ),
    Action(
        name="flags",
        keys=("f",),
        label="flags…",
        help="recover a guest or a host after all, or leave it out, as long as there is time for it",
        screens=("run",),
        changes=True,
    ),
    Action(name="runs", keys=("o",), label="runs", help="look at another run", screens=("run",)),
    Action(
        name="detach",
        keys=("d",),
        label="detach",
        help="stop following the run, which goes on; again to follow it",
        screens=("run",),
    ),
)
