"""Places the customer's steps in a plan: after what they name, before what they name (R89).

A customer's step is a step like any other: its stage is that of its place, and the stages' order
(R85) binds it. What it stands before waits until it is done or given up; nothing else waits for it
but the look at the recovered site, which sees what it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from drconsole.errors import Refused
from drconsole.model.custom import CustomStep
from drconsole.model.step import STAGES, Facts, Mode, Step, step_key
from drconsole.planning import keys
from drconsole.planning.references import matching, read

PROMPT = "custom.prompt"
PROGRAM = "custom.program"

GRACE_S = 15.0
"""Beyond a program's own time-outs: to start it, to end it, and to write down how it ended."""

_BEFORE_FREEZE = "preflight"
_ORDER: dict[str, int] = {stage: position for position, stage in enumerate(STAGES)}


def place(own: Sequence[CustomStep], site: str, mode: Mode, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Returns the steps with those of the customer's that apply to this site and mode.

    One that names something that this plan has not is left out (`nothing_named`). Raises Refused,
    naming the step and its references, for one that would break the stages' order. Circles are found
    when the graph is joined.
    """
    absent = nothing_named(own, steps)
    return _Placing(
        [step for step in own if step.applies(site, mode) and step.name not in absent], steps
    ).all()


def nothing_named(own: Iterable[CustomStep], steps: Sequence[Step]) -> dict[str, str]:
    """Returns, by the step's name, those of its references that name nothing among these steps."""
    found: dict[str, str] = {}
    for step in own:
        references = (read(text) for text in (*step.after, *step.before, *step.needs))
        missing = [r.text for r in references if not r.step and not matching(r, steps)]
        if missing:
            found[step.name] = ", ".join(missing)
    return found


def preceded(steps: Sequence[Step], key: str, before: Iterable[str]) -> tuple[Step, ...]:
    """Returns the steps, those that the references name waiting for `key`: a skipped one lets them go.

    Raises Refused for a reference that cannot be read.
    """
    try:
        waiting = {named for text in before for named in matching(read(text), steps)} - {key}
    except ValueError as error:
        raise Refused(f"cannot stand before that: {error}", about=key) from error
    return tuple(
        msgspec.structs.replace(step, optional_needs=(*step.optional_needs, key))
        if step.key in waiting
        else step
        for step in steps
    )


class _Placing:
    def __init__(self, own: Sequence[CustomStep], steps: Sequence[Step]) -> None:
        self._own = {step.name: step for step in own}
        self._steps = {step.key: step for step in steps}
        self._given = tuple(steps)
        self._made: dict[str, Step] = {}
        self._open: list[str] = []

    def all(self) -> tuple[Step, ...]:
        for name in self._own:
            self._place(name)
        for name, made in self._made.items():
            before = self._found(self._own[name].before)
            for key in before:
                self._wait(key, made.key)
        self._seen_by_verify()
        return tuple(self._steps.values())

    def _place(self, name: str) -> Step:
        """Places a step behind those of the customer's that its place depends on."""
        if name in self._made:
            return self._made[name]
        if name in self._open:
            circle = " → ".join((*self._open[self._open.index(name) :], name))
            raise Refused(f"steps that wait for each other: {circle}", about=f"[[step]] {name}")
        self._open.append(name)
        made = self._step(self._own[name])
        self._open.pop()
        self._made[name] = self._steps[made.key] = made
        return made

    def _step(self, own: CustomStep) -> Step:
        after, needs = self._found(own.after), self._found(own.needs)
        first, last = self._stages(own, (*after, *needs))
        if first is None:
            # Nothing says when it begins: it stands at the door of what it precedes.
            after = self._awaited_by(self._ahead(own))
        stage = first or last or _BEFORE_FREEZE
        return _made(own, stage, after=after, needs=(*needs, *self._freeze(stage)))

    def _freeze(self, stage: str) -> tuple[str, ...]:
        """Nothing but preflight begins before the plan is frozen."""
        return (keys.PREFLIGHT,) if stage != _BEFORE_FREEZE and keys.PREFLIGHT in self._steps else ()

    def _stages(self, own: CustomStep, behind: Sequence[str]) -> tuple[str | None, str | None]:
        """The latest stage that it comes after, and the earliest that it comes before."""
        ahead = self._found_given(own.before) if behind else self._ahead(own)
        first = max((self._steps[key].stage for key in behind), key=_ORDER.__getitem__, default=None)
        last = min((self._steps[key].stage for key in ahead), key=_ORDER.__getitem__, default=None)
        if first is not None and last is not None and _ORDER[first] > _ORDER[last]:
            raise Refused(
                f"it would come after {first} ({', '.join((*own.after, *own.needs))}) and before {last} "
                f"({', '.join(own.before)}): the stages are {', '.join(STAGES)}, in this order",
                about=f"[[step]] {own.name}",
                remedy="change `after`, `needs` or `before`",
            )
        return first, last

    def _found(self, references: Sequence[str]) -> tuple[str, ...]:
        """The keys that references name; other steps of the customer's are placed first."""
        found: dict[str, None] = {}
        for reference in map(read, references):
            if not reference.step:
                found.update(dict.fromkeys(matching(reference, self._given)))
            elif reference.step in self._own:
                # One that does not belong to this run is nothing to wait for, and no mistake.
                found[self._place(reference.step).key] = None
        return tuple(found)

    def _ahead(self, own: CustomStep) -> tuple[str, ...]:
        """The keys that it comes before, without those steps whose place depends on its own."""
        leaning = (name for name in own.before if name in self._own and self._leans(self._own[name], own))
        skipped = frozenset(leaning)
        return self._found([text for text in own.before if text not in skipped])

    def _leans(self, other: CustomStep, own: CustomStep) -> bool:
        return own.name in (*other.after, *other.needs)

    def _found_given(self, references: Sequence[str]) -> tuple[str, ...]:
        """The same without the customer's own: for the order of stages, before those are placed."""
        return tuple(key for text in references for key in matching(read(text), self._given))

    def _awaited_by(self, before: Sequence[str]) -> tuple[str, ...]:
        within = frozenset(before)
        awaited = (
            need for key in before for need in (*self._steps[key].needs, *self._steps[key].optional_needs)
        )
        return tuple(dict.fromkeys(need for need in awaited if need not in within))

    def _wait(self, key: str, made: str) -> None:
        step = self._steps[key]
        if made not in (*step.needs, *step.optional_needs):
            self._steps[key] = msgspec.structs.replace(step, optional_needs=(*step.optional_needs, made))

    def _seen_by_verify(self) -> None:
        """Whatever the customer's steps changed is there when the recovered site is looked at."""
        first = next((key for key in (keys.CAPTURED, keys.REPORTED) if key in self._steps), None)
        if first is None:
            return
        for made in self._made.values():
            if made.stage != "verify":
                self._wait(first, made.key)


def _made(own: CustomStep, stage: str, *, after: Sequence[str], needs: Sequence[str]) -> Step:
    return Step(
        key=step_key(stage, own.name, own.kind),
        stage=stage,
        handler=PROMPT if own.prompt else PROGRAM,
        object=own.name,
        title=own.prompt or f"Run {own.program[0]}",
        needs=tuple(dict.fromkeys(needs)),
        optional_needs=tuple(key for key in after if key not in needs),
        arguments=_arguments(own),
        critical=own.critical,
        deadline_s=_deadline_s(own),
    )


def _arguments(own: CustomStep) -> Facts:
    """All that carries it out: what is configured later does not change a run that goes on."""
    if own.prompt:
        return {"name": own.name, "prompt": own.prompt}
    return {
        "name": own.name,
        "program": list(own.program),
        "observe": list(own.observe),
        "timeout_s": own.timeout_s,
        "retries": own.retries,
        "repeatable": own.repeatable,
    }


def _deadline_s(own: CustomStep) -> float:
    """Each start has its time-out and its grace; an older start may have to be waited for first."""
    if own.prompt:
        return 600.0
    return (own.retries + 2) * (own.timeout_s + GRACE_S)
