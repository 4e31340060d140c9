"""The rows of the Run screen's tables: machines, steps, guests, and the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from drconsole.console.known.following import Following
from drconsole.console.style.look import Span, mark
from drconsole.console.widgets.columns import Column
from drconsole.console.widgets.drawing import bar
from drconsole.console.widgets.table import Cells
from drconsole.console.words import phrases
from drconsole.model.run import Event, MachineView, StepState, StepView

COLUMNS: dict[str, tuple[Column, ...]] = {
    "machines": (
        Column(name="state", title="STATE", width=13),
        Column(name="machine", title="MACHINE", width=8, flex=1),
        Column(name="role", title="ROLE", width=10, flex=1, rank=3),
        Column(name="protected", title="FOR", width=8, flex=1),
        Column(name="phase", title="PHASE", width=14, flex=2, rank=1),
        Column(name="bar", title="PROGRESS", width=10, flex=2, rank=2),
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
_SHOWN_FIRST: tuple[StepState, ...] = ("failed", "waiting", "running", "cancelled")
"""A machine with a step in one of these states is called so, the first one wins."""

_URGENT: tuple[StepState, ...] = (*_SHOWN_FIRST, "skipped", "paused", "held", "pending", "done")
_URGENCY = {state: number for number, state in enumerate(_URGENT)} | {"former": len(_URGENT)}
Passes = Callable[[str], bool]
"""Whether what is written in a row passes the filter."""


def _marked(state: str) -> Span:
    glyph, role = mark(state)
    return f"{glyph} {state}", role


# -- machines -------------------------------------------------------------------------------------


def machine_state(following: Following, machine: MachineView) -> str:
    """Returns how a machine stands: by its steps; before anything began, and in a cleanup that does not
    stand still at it, by its lease."""
    if machine.role == "former":
        return machine.state if machine.state in ("wiping", "free") else "former"
    if following.view is not None and following.view.cleanup is not None:
        failed = following.cleaning and following.failed_of(machine.target, machine.protected)
        return "failed" if failed else machine.state
    states = following.steps.tally(machine.target, machine.protected)
    for word in _SHOWN_FIRST:
        if states[word]:
            return word
    if states["skipped"] > states["done"]:
        return "skipped"
    if states and states.keys() <= {"done", "skipped"}:
        return machine.state if machine.state == "in-service" else "done"
    return machine.state if machine.state != "free" else "pending"


def machine_keys(following: Following, passes: Passes) -> list[str]:
    """Returns the machines that pass the filter, those with errors first."""
    machines = following.view.machines if following.view else ()
    order = {
        m.target: (_URGENCY.get(machine_state(following, m), 5), m.role != "management", m.protected)
        for m in machines
        if passes(f"{m.target} {m.protected} {m.role}")
    }
    return sorted(order, key=lambda target: order[target])


def machine_cells(following: Following, target: str, bar_width: int) -> Cells:
    """Returns the cells of a machine's row, its bar as wide as the column is."""
    machine = following.machine(target)
    if machine is None:
        return tuple(("–", "dim") for _ in COLUMNS["machines"])
    state = machine_state(following, machine)
    fraction = _fraction(following, machine)
    note, role = _note(following, machine)
    works = state in ("running", "waiting")
    return (
        _marked(state),
        (machine.target, "text"),
        (machine.role, "dim"),
        (phrases.short_name(machine.protected), "text"),
        (_phase(following, machine) if works else machine.state, "text" if works else "dim"),
        bar(fraction, bar_width),
        (f"{fraction:.0%}", "text"),
        (note, role),
    )


def _phase(following: Following, machine: MachineView) -> str:
    phase, _ = following.progress.get(machine.target, (machine.phase, machine.fraction))
    return phase or machine.state


def _note(following: Following, machine: MachineView) -> Span:
    """What went wrong on a machine, what it asks, or what there is to say of it."""
    names = (machine.target, machine.protected)
    if failed := following.failed_of(*names):
        return failed[0].error or "", "bad"
    if following.steps.tally(*names)["waiting"]:
        asked = next((step for step in following.questions() if step in following.steps_of(*names)), None)
        return (f"asks: {asked.error}" if asked is not None else "asks: a answers"), "warn"
    return machine.note, "dim"


def _fraction(following: Following, machine: MachineView) -> float:
    """Done steps of all of them; a running one counts as far as it says it is.

    In a cleanup, whose steps are not known beforehand, as far as the wipe says it is.
    """
    if following.view is not None and following.view.cleanup is not None:
        wiped = following.progress.get(machine.target, ("", 0.0))[1] or 0.0
        return 1.0 if machine.state == "free" else wiped if machine.state == "wiping" else 0.0
    states = following.steps.tally(machine.target, machine.protected)
    if not states:
        return 0.0
    _, part = following.progress.get(machine.target, (machine.phase, machine.fraction))
    working = (part or 0.0) * bool(states["running"])
    return min(1.0, (states["done"] + states["skipped"] + working) / states.total())


# -- steps ----------------------------------------------------------------------------------------


def step_keys(following: Following, only: tuple[str, ...], passes: Passes) -> list[str]:
    """Returns the steps, of some objects or of all: what failed, then what works, then the others."""
    if only:
        steps = sorted(following.steps_of(*only), key=lambda step: _URGENCY.get(step.state, 5))
    else:
        steps = following.steps.in_state(*_URGENT)
    return [step.key for step in steps if passes(step.key)]


def step_cells(following: Following, key: str) -> Cells:
    """Returns the cells of a step's row."""
    step = following.steps.get(key)
    if step is None:
        return tuple(("–", "dim") for _ in COLUMNS["steps"])
    return (
        _marked(step.state),
        (phrases.step_name(step.key), "text"),
        (str(step.attempts or "–"), "dim"),
        (_took(step, following.now()), "dim"),
        (step.error or "", "bad" if step.state == "failed" else "dim"),
    )


def _took(step: StepView, now: datetime) -> str:
    if not step.started:
        return "–"
    end = datetime.fromisoformat(step.ended) if step.ended else now
    return phrases.span(max(0.0, (end - datetime.fromisoformat(step.started)).total_seconds()))


# -- guests ---------------------------------------------------------------------------------------


def guest_keys(following: Following, passes: Passes) -> list[str]:
    """Returns the guests that pass the filter, failed ones first."""
    guests = [guest for guest in (following.view.guests if following.view else ()) if passes(guest.name)]
    order = {"failed": 0, "pending": 1, "registered": 2}
    return [guest.id for guest in sorted(guests, key=lambda g: (order.get(g.state, 3), g.name))]


def guest_cells(following: Following, key: str) -> Cells:
    """Returns the cells of a guest's row."""
    guest = following.guest(key)
    if guest is None:
        return tuple(("–", "dim") for _ in COLUMNS["guests"])
    return (
        _marked(guest.state),
        (guest.name, "text"),
        _marked(guest.power) if guest.power else ("–", "dim"),
        (guest.reason, "bad" if guest.state == "failed" else "dim"),
    )


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
        (phrases.step_name(event.step) or event.kind, "dim"),
        (f"{words}{by}", "text" if said else role),
    )


def log_passes(event: Event, passes: Passes) -> bool:
    """Whether a line of the log passes the filter, by what it is about or what it says."""
    return passes(f"{event.step or event.kind} {event.text} {event.actor} {event.facts.get('state', '')}")
