"""A step of a run, and the contract between the runner and whoever carries a step out.

A plan is one graph of steps, each a value. The runner knows no stage and no driver but through
them: it looks the handler up by name, asks it to observe, to act, and to observe again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

Stage = Literal["preflight", "halt", "map", "provision", "uplinks", "storage", "import", "guests", "verify"]
STAGES: tuple[Stage, ...] = (
    "preflight",
    "halt",
    "map",
    "provision",
    "uplinks",
    "storage",
    "import",
    "guests",
    "verify",
)
"""The nine, in the one order (R85). `cleanup` is a plan of its own with stage-less keys."""

Mode = Literal["drill", "planned", "disaster"]

Facts = dict[str, Any]
"""JSON-able values: a step's arguments, and what its result says."""


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One journalled unit of work.

    `key` is `stage/object/verb`; names within it are percent-encoded by `step_key`.
    `needs` are keys that must be done first. `handler` names the code, `arguments` are all that
    it is told: both are frozen in the journal, so that a newer version can finish an older run.
    `resources` are what the step occupies one unit of while it works, such as `array:r1`,
    `segment:rack-1`, `vcenter`. `typical_s` feeds the estimate, `deadline_s` bounds the step.
    `machine` is the target it works on, `object` what it is about, as operators call it.
    `asks` says that its handler may ask the operator while it works (errors.Question): such a step, while
    it waits, can be tried again or skipped as well as approved.
    `optional_needs` are waited for like needs, but a skipped one does not stop the step; a failed
    one holds it until the operator has retried or skipped it: only they may give an object up.
    A step that is not `critical` is given up by its failure: it is skipped, with what needs it.
    """

    key: str
    stage: str
    handler: str
    object: str = ""
    title: str = ""
    machine: str = ""
    needs: tuple[str, ...] = ()
    optional_needs: tuple[str, ...] = ()
    arguments: Facts = {}
    resources: tuple[str, ...] = ()
    typical_s: float = 1.0
    deadline_s: float = 600.0
    asks: bool = False
    critical: bool = True


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """An observation: the step's postcondition holds. `result` is what later steps may read."""

    result: Facts = {}


class Work(Protocol):
    """What a handler is given: its step, what earlier steps found out, and how to speak."""

    @property
    def run(self) -> str:
        """The run's name, such as R-20261122-1402."""
        ...

    @property
    def mode(self) -> Mode: ...

    @property
    def step(self) -> Step: ...

    @property
    def token(self) -> str:
        """`run/step`: the same over all attempts, for devices that tell repeats by a token."""
        ...

    @property
    def in_doubt(self) -> bool:
        """Whether somebody began this step who is gone: it may have acted, and nobody wrote how it ended.

        False again once an operator retries it. For handlers whose world cannot be observed.
        """
        ...

    def result(self, key: str) -> Facts:
        """Returns the result of a step that is done. Raises UnknownName for another."""
        ...

    def results(self, prefix: str) -> Mapping[str, Facts]:
        """Returns the results of all done steps whose key begins with `prefix`."""
        ...

    def say(self, text: str, **facts: Any) -> None:
        """Writes one line for the operator into the run's log."""
        ...

    def progress(self, phase: str, fraction: float | None = None) -> None:
        """Shows how far this step is: a word, and 0–1 where it can be told."""
        ...

    def answered(self, question: str) -> tuple[str, str] | None:
        """Returns who approved this very question in this run, and when (UTC); None where nobody has.

        Whoever needs an operator's word raises errors.Question with the same text, and is called again.
        """
        ...

    async def check(self) -> None:
        """Call before each act on the world: raises Fenced where the run has been taken over."""
        ...


class Handler(Protocol):
    """Carries one kind of step out. The runner calls observe, then act if need be, then observe.

    The postcondition is read from the device, never from a task's word. Both may raise any
    DRConsoleError; OutcomeUnknown and Unreachable from `act` lead to another observation.
    """

    async def observe(self, work: Work) -> Done | None:
        """Returns Done where the world is already as the step wants it, else None."""
        ...

    async def act(self, work: Work) -> None:
        """Does it. Called only after an observation that said None."""
        ...


Handlers = Mapping[str, Handler]


def step_key(stage: str, name: str, verb: str) -> str:
    """Returns `stage/object/verb`, the object's name encoded so that any name makes one part."""
    return f"{stage}/{key_part(name)}/{verb}"


def key_part(name: str) -> str:
    """Encodes a foreign name for a step's key: `/`, `%`, spaces and unprintables as %XX."""
    return "".join(
        c if c.isalnum() or c in "-_.:()[]@+" else "".join(f"%{byte:02X}" for byte in c.encode())
        for c in name
    )
