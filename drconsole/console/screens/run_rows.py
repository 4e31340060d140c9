"""The rows of the Run screen's tables: machines, steps, guests, and the log."""

from __future__ import annotations

from datetime import UTC, datetime

from drconsole.console import phrases
from drconsole.console.following import Following
from drconsole.console.look import mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import Span, bar
from drconsole.console.widgets.table import Cells
from drconsole.model.run import Event, GuestView, MachineView, StepView

BAR = 20

COLUMNS: dict[str, tuple[Column, ...]] = {
    "machines": (
        Column(name="state", title="STATE", width=12),
        Column(name="machine", title="MACHINE", width=10, flex=1),
        Column(name="role", title="ROLE", width=10, flex=1, rank=2),
        Column(name="protected", title="FOR", width=10, flex=1),
        Column(name="phase", title="PHASE", width=14, flex=2, rank=1),
        Column(name="bar", title="PROGRESS", width=BAR, rank=3),
        Column(name="percent", title="%", width=4, right=True),
        Column(name="note", title="NOTE", width=14, flex=3, rank=4),
    ),
    "steps": (
        Column(name="state", title="STATE", width=12),
        Column(name="step", title="STEP", width=30, flex=3),
        Column(name="tries", title="TRIES", width=5, rank=2, right=True),
        Column(name="took", title="TOOK", width=7, rank=1, right=True),
        Column(name="error", title="ERROR", width=16, flex=3),
    ),
    "guests": (
        Column(name="state", title="STATE", width=18),
        Column(name="name", title="NAME", width=20, flex=2),
        Column(name="power", title="POWER", width=11),
        Column(name="reason", title="WHY", width=20, flex=3, rank=1),
    ),
}
LOG_COLUMNS = (
    Column(name="at", title="", width=9),
    Column(name="step", title="", width=24, flex=1, rank=1),
    Column(name="text", title="", width=30, flex=3),
)
_URGENCY = {"failed": 0, "waiting": 1, "running": 2, "cancelled": 3, "skipped": 4, "pending": 5, "done": 6}


def _marked(state: str) -> Span:
    glyph, role = mark(state)
    return f"{glyph} {state}", role


# -- machines -------------------------------------------------------------------------------------


def machine_state(following: Following, machine: MachineView) -> str:
    """Returns how a machine stands: by its steps; in a cleanup and before anything began, by its lease."""
    if following.view is not None and following.view.cleanup is not None:
        return machine.state
    states = {step.state for step in following.steps_of(machine.target, machine.protected)}
    for word in ("failed", "running"):
        if word in states:
            return word
    if states and states <= {"done", "skipped"}:
        return "done"
    return machine.state if machine.state != "free" else "pending"


def machine_keys(following: Following) -> list[str]:
    """Returns the machines, those with errors first."""
    machines = following.view.machines if following.view else ()
    order = {
        m.target: (_URGENCY.get(machine_state(following, m), 5), m.role != "management", m.protected)
        for m in machines
    }
    return sorted(order, key=lambda target: order[target])


def machine_cells(following: Following, target: str) -> Cells:
    """Returns the cells of a machine's row."""
    machine = machine_of(following, target)
    if machine is None:
        return tuple(("–", "dim") for _ in COLUMNS["machines"])
    state = machine_state(following, machine)
    phase, _ = following.progress.get(target, (machine.phase, machine.fraction))
    fraction = _fraction(following, machine)
    failed = following.failed_of(machine.target, machine.protected)
    note = (failed[0].error or "") if failed else machine.note
    return (
        _marked(state),
        (machine.target, "text"),
        (machine.role, "dim"),
        (phrases.short_name(machine.protected), "text"),
        (phase if state == "running" else machine.state, "text" if state == "running" else "dim"),
        bar(fraction, BAR),
        (f"{fraction:.0%}", "text"),
        (note, "bad" if failed else "dim"),
    )


def machine_of(following: Following, target: str) -> MachineView | None:
    """Returns a machine of the run by its target's name."""
    machines = following.view.machines if following.view else ()
    return next((machine for machine in machines if machine.target == target), None)


def _fraction(following: Following, machine: MachineView) -> float:
    """Done steps of all of them; a running one counts as far as it says it is.

    In a cleanup, whose steps are not known beforehand, as far as the wipe says it is.
    """
    if following.view is not None and following.view.cleanup is not None:
        wiped = following.progress.get(machine.target, ("", 0.0))[1] or 0.0
        return 1.0 if machine.state == "free" else wiped if machine.state == "wiping" else 0.0
    steps = following.steps_of(machine.target, machine.protected)
    if not steps:
        return 0.0
    done = sum(step.state in ("done", "skipped") for step in steps)
    running = any(step.state == "running" for step in steps)
    _, part = following.progress.get(machine.target, (machine.phase, machine.fraction))
    return min(1.0, (done + (part or 0.0) * running) / len(steps))


# -- steps ----------------------------------------------------------------------------------------


def step_keys(following: Following, only: tuple[str, ...]) -> list[str]:
    """Returns the steps, of some objects or of all: what failed, then what works, then the others."""
    steps = following.steps_of(*only) if only else list(following.steps.values())
    return [step.key for step in sorted(steps, key=lambda step: _URGENCY.get(step.state, 5))]


def step_cells(following: Following, key: str) -> Cells:
    """Returns the cells of a step's row."""
    step = following.steps.get(key)
    if step is None:
        return tuple(("–", "dim") for _ in COLUMNS["steps"])
    return (
        _marked(step.state),
        (step.key, "text"),
        (str(step.attempts or "–"), "dim"),
        (_took(step), "dim"),
        (step.error or "", "bad" if step.state == "failed" else "dim"),
    )


def _took(step: StepView) -> str:
    if not step.started:
        return "–"
    end = datetime.fromisoformat(step.ended) if step.ended else datetime.now(UTC)
    return phrases.span(max(0.0, (end - datetime.fromisoformat(step.started)).total_seconds()))


# -- guests ---------------------------------------------------------------------------------------


def guest_keys(following: Following) -> list[str]:
    """Returns the guests, failed ones first."""
    guests = following.view.guests if following.view else ()
    order = {"failed": 0, "pending": 1, "registered": 2}
    return [guest.id for guest in sorted(guests, key=lambda g: (order.get(g.state, 3), g.name))]


def guest_cells(following: Following, key: str) -> Cells:
    """Returns the cells of a guest's row."""
    guest = _guest(following, key)
    if guest is None:
        return tuple(("–", "dim") for _ in COLUMNS["guests"])
    return (
        _marked(guest.state),
        (guest.name, "text"),
        _marked(guest.power) if guest.power else ("–", "dim"),
        (guest.reason, "bad" if guest.state == "failed" else "dim"),
    )


def _guest(following: Following, key: str) -> GuestView | None:
    guests = following.view.guests if following.view else ()
    return next((guest for guest in guests if guest.id == key), None)


# -- the log --------------------------------------------------------------------------------------


def log_cells(event: Event) -> Cells:
    """Returns the cells of an event's line."""
    state = str(event.facts.get("state") or event.facts.get("cleanup") or "")
    role = mark(state)[1] if event.kind == "step" else "text"
    by = f" by {event.actor}" if event.actor else ""
    words = event.text if event.text == state else " ".join(part for part in (state, event.text) if part)
    said = event.kind == "log"
    return (
        (phrases.seconds_clock(event.at), "dim"),
        (event.step or event.kind, "dim"),
        (f"{words}{by}", "text" if said else role),
    )
