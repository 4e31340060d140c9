"""An abstract recovery site: machines, arrays and a management server, reduced to what stands.

It does what it is asked, every time: a second registration or clone is a violation, never a repeat
that is smiled away. What a request may not do is judged at the moment of the request, by rules of
this file and of `rules`, not by the plan's own needs.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection

import msgspec

from drconsole.errors import DeviceError, DRConsoleError, OutcomeUnknown, Unreachable
from drconsole.model.step import Step
from tests.sim.deeds import SERVER_STAGES, Deed
from tests.sim.loop import Process, here, outside
from tests.sim.weather import Outcome

_ERRORS: dict[str, Callable[[str], DRConsoleError]] = {
    "device": lambda about: DeviceError("the device says no", about=about, code="FAULT"),
    "aborted": lambda about: DeviceError("busy", about=about, code="ABORTED"),
    "unreachable": lambda about: Unreachable("the connection was refused", about=about),
    "unknown": lambda about: OutcomeUnknown("the connection died in the middle", about=about),
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One effect, as it happened."""

    at: float
    run: str
    mark: str
    actor: str


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler asks of a device. `run` is whose deed it is, `by` the run that does it: another one
    where that pre-empts a drill. `session` is the login that asks. `slept`: the process was stopped between
    its check and this. `amended` is the amendment that the runner knows."""

    run: str
    by: str
    epoch: int
    step: Step
    deed: Deed
    actor: Process
    session: int
    slept: bool
    amended: int


class World:
    """What stands at the recovery site, by run, and the ledger of how it came."""

    def __init__(
        self,
        judge: Callable[[Request], list[str]],
        acted: Callable[[Process], None],
        pre_empted: Callable[[str], str],
    ) -> None:
        """`judge` tells what a request violates; `acted` hears of each effect and each answer;
        `pre_empted` names the run that has taken another one's place."""
        self._pre_empted = pre_empted
        self._judge = judge
        self._acted = acted
        self._sessions = 0
        self.ledger: list[Line] = []
        self.violations: list[str] = []
        self.occupants: dict[str, str] = {}
        self._standing: dict[str, dict[str, str]] = defaultdict(dict)
        self._at_work: Counter[tuple[str, str]] = Counter()
        self._hidden: Counter[tuple[str, str, int]] = Counter()

    def login(self) -> int:
        """Returns the number of a new session."""
        self._sessions += 1
        return self._sessions

    def stands(self, run: str, mark: str) -> bool:
        """Whether something is so."""
        return mark in self._standing[run]

    def standing(self, run: str, taken: Collection[str] = ()) -> tuple[str, ...]:
        """Returns all that is so for a run, in order, but for what goes with machines that were taken."""
        standing = self._standing[run]
        gone = {mark for machine in taken for mark in self._on(run, machine)}
        return tuple(sorted(standing.keys() - gone))

    def at_work(self, run: str, mark: str, session: int) -> bool:
        """Whether a device shows a task for it to this session."""
        return self._at_work[run, mark] > self._hidden[run, mark, session]

    def is_so(self, run: str, deed: Deed) -> bool:
        """Whether a step's postcondition holds."""
        if deed.clears is None:
            return self.stands(run, deed.mark)
        return not any(deed.clears(mark, on) for mark, on in self._standing[run].items())

    def seen(self, run: str, deed: Deed) -> None:
        """A look has found what it looks for."""
        self._standing[run].setdefault(deed.mark, deed.machine)

    async def request(self, asked: Request, outcome: Outcome) -> None:
        """Carries a request out as the weather has it. What is asked here cannot be called back."""
        name = (asked.run, asked.deed.mark)
        self.violations += self._judge(asked)
        self._refuse_twice(asked)
        self._at_work[name] += 1
        self._hidden[*name, asked.session] += outcome.hidden
        effect_s = outcome.answer_s if outcome.effect_s is None else outcome.effect_s
        outside(self._happen, asked, outcome, after=effect_s)
        answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if outcome.answer != "never":
            outside(self._answer, asked, outcome, answered, after=outcome.answer_s)
        await answered

    def _answer(self, asked: Request, outcome: Outcome, answered: asyncio.Future[None]) -> None:
        self._acted(asked.actor)
        if answered.done():
            return
        if outcome.answer == "ok":
            answered.set_result(None)
        else:
            answered.set_exception(_ERRORS[outcome.answer](asked.step.object))

    def _happen(self, asked: Request, outcome: Outcome) -> None:
        name = (asked.run, asked.deed.mark)
        self._at_work[name] -= 1
        self._hidden[*name, asked.session] -= outcome.hidden
        if outcome.effect_s is not None:
            self._apply(asked)
            self._acted(asked.actor)

    def _apply(self, asked: Request) -> None:
        run, deed = asked.run, asked.deed
        at = asyncio.get_running_loop().time()
        self.ledger.append(Line(at=at, run=run, mark=deed.mark, actor=asked.actor.name))
        standing = self._standing[run]
        if deed.clears is not None:
            for mark in [mark for mark, on in standing.items() if deed.clears(mark, on)]:
                del standing[mark]
            self._vacate(asked)
            return
        if deed.mark in standing:
            self.violations.append(
                f"{run}: {deed.mark} was done twice, the second time by {asked.actor.name}"
            )
        standing[deed.mark] = deed.machine
        self._occupy(asked)

    def _refuse_twice(self, asked: Request) -> None:
        run, deed = asked.run, asked.deed
        who = here().name
        if deed.kind == "make" and self.stands(run, deed.mark):
            self.violations.append(f"{run}: {who} asks for {deed.mark}, which stands already")
        elif deed.kind == "make" and self._at_work[run, deed.mark]:
            self.violations.append(f"{run}: {who} asks for {deed.mark}, which is under way already")

    def _occupy(self, asked: Request) -> None:
        machine = asked.deed.machine
        if asked.step.handler != "provision.boot":
            return
        owner = self.occupants.get(machine, asked.run)
        if owner != asked.run and self._pre_empted(owner) != asked.run:
            self.violations.append(f"{asked.run} boots {machine}, on which {owner} still stands")
        if owner != asked.run:
            self._overwrite(owner, machine)
        self.occupants[machine] = asked.run

    def _overwrite(self, drill: str, machine: str) -> None:
        """What a drill had on a machine goes with it, and all it had on the management server with that."""
        for mark in self._on(drill, machine):
            del self._standing[drill][mark]

    def _on(self, run: str, machine: str) -> set[str]:
        standing = self._standing[run]
        found = {mark for mark, on in standing.items() if on == machine}
        if any(mark.startswith("provision/vc-01/") for mark in found):
            found |= {mark for mark in standing if mark.startswith(SERVER_STAGES)}
        return found

    def _vacate(self, asked: Request) -> None:
        if asked.step.handler != "provision.wipe":
            return
        owner = self.occupants.pop(asked.deed.machine, asked.run)
        if owner != asked.run and self._pre_empted(owner) == asked.run:
            self._overwrite(owner, asked.deed.machine)
        elif owner != asked.run:
            self.violations.append(f"{asked.run} wipes {asked.deed.machine}, which is {owner}'s")
