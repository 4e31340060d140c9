"""Steps that an installed wheel adds to recoveries: the contract of the entry points `drconsole.steps`.

A wheel names an object of its own in its metadata:

    [project.entry-points."drconsole.steps"]
    bank = "bank_steps:extension"

The object is an `Extension`. Its steps are joined with all others, checked like them (no key twice, no
need that nothing fulfils, the stages' order) and frozen with the plan; its handlers carry them out
in the runner. Stable are: this module, `drconsole.model.step`, `drconsole.planning.keys`,
`drconsole.planning.plan_input` and `drconsole.errors`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, runtime_checkable

import msgspec

from drconsole.errors import InvalidConfiguration
from drconsole.model.plan import Finding
from drconsole.model.step import STAGES, Done, Handler, Step, Work
from drconsole.planning import keys
from drconsole.planning.custom import preceded
from drconsole.planning.plan_input import PlanInput

GROUP = "drconsole.steps"


class Extension(Protocol):
    """What an entry point leads to: a module or an object with these two.

    `handlers` are found by the names that the steps give, each of them `ENTRYPOINT.` and a word. They
    keep the contract of `drconsole.model.step.Handler`: observe, act, observe again.
    """

    handlers: Mapping[str, Handler]

    def steps(self, plan: PlanInput, /) -> Sequence[Step]:
        """Gives its steps of one run: pure, the same for the same plan, quick, without I/O."""
        ...


@runtime_checkable
class Preceding(Protocol):
    """An extension some of whose steps others must wait for."""

    def before(self, plan: PlanInput, /) -> Mapping[str, Sequence[str]]:
        """Gives by key of an own step the references to those that wait for it, as `[[step]] before`."""
        ...


class Added(msgspec.Struct, frozen=True):
    """What extensions give to a plan: all of its steps, theirs by key, and what was wrong with one."""

    steps: tuple[Step, ...]
    own: dict[str, str]
    findings: tuple[Finding, ...]


def added(plan: PlanInput, steps: Sequence[Step]) -> Added:
    """Returns the steps with those of every installed extension. A broken one is a finding that blocks."""
    own: dict[str, str] = {}
    findings: list[Finding] = []
    whole = tuple(steps)
    for point in _points():
        try:
            given = _given(point, plan, whole)
        except InvalidConfiguration as error:
            findings.append(_finding(point, error))
            continue
        own.update(dict.fromkeys((step.key for step in given[0]), _title(point)))
        whole = given[1]
    return Added(whole, own, tuple(findings))


def handlers(named: Iterable[str]) -> dict[str, Handler]:
    """Returns the extensions' handlers among these names. Only the extensions that own one are loaded.

    For one that is broken or gone there is a handler that fails its steps, so that all others go on.
    """
    wanted = set(named)
    bound: dict[str, Handler] = {}
    for point in _points():
        mine = {name for name in wanted if name.startswith(f"{point.name}.")}
        if not mine:
            continue
        try:
            known = _loaded(point).handlers
            bound.update({name: known[name] for name in mine & known.keys()})
        except InvalidConfiguration as error:
            bound.update(dict.fromkeys(mine, _Broken(error)))
    return bound


class _Broken:
    def __init__(self, error: InvalidConfiguration) -> None:
        self._error = error

    async def observe(self, work: Work) -> Done | None:
        raise self._error

    async def act(self, work: Work) -> None:
        raise self._error


def _points() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def _loaded(point: EntryPoint) -> Extension:
    """Raises InvalidConfiguration, naming the distribution, where it is none."""
    try:
        found = point.load()
    except (Exception, SystemExit) as error:  # the boundary: somebody else's module, whatever it raises
        raise _broken(point, f"cannot be loaded: {type(error).__name__}: {error}") from error
    if not callable(getattr(found, "steps", None)) or not isinstance(
        getattr(found, "handlers", None), Mapping
    ):
        raise _broken(point, "has no `steps(plan)` or no mapping `handlers`")
    extension: Extension = found
    return extension


def _given(
    point: EntryPoint, plan: PlanInput, whole: tuple[Step, ...]
) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Returns an extension's own steps, and the whole plan with them."""
    extension = _loaded(point)
    try:
        own = tuple(extension.steps(plan))
        before = dict(extension.before(plan)) if isinstance(extension, Preceding) else {}
    except (Exception, SystemExit) as error:  # the boundary: as above
        raise _broken(point, f"gives no steps: {type(error).__name__}: {error}") from error
    _check(point, own, extension.handlers, {step.key for step in whole})
    frozen = keys.PREFLIGHT in {step.key for step in whole}
    own = tuple(_behind_freeze(step) if frozen else step for step in own)
    whole = (*whole, *own)
    for key, references in before.items():
        whole = preceded(whole, key, references)
    return own, whole


def _check(point: EntryPoint, own: Sequence[Step], known: Mapping[str, Handler], taken: set[str]) -> None:
    for step in own:
        if not isinstance(step, Step):
            raise _broken(point, f"gives a {type(step).__name__} for a step")
        if step.stage not in STAGES or not step.key.startswith(f"{step.stage}/"):
            raise _broken(point, f"its step {step.key} does not begin with a stage, or with another")
        if step.key in taken:
            raise _broken(point, f"its step {step.key} is there already")
        if not step.handler.startswith(f"{point.name}.") or step.handler not in known:
            raise _broken(point, f"its step {step.key} names the handler {step.handler!r}, not its own")


def _behind_freeze(step: Step) -> Step:
    """Nothing but preflight begins before the plan is frozen."""
    if step.stage == "preflight" or keys.PREFLIGHT in step.needs:
        return step
    return msgspec.structs.replace(step, needs=(*step.needs, keys.PREFLIGHT))


def _title(point: EntryPoint) -> str:
    """The distribution and the entry point, as whoever repairs it looks for them."""
    distribution = point.dist.name if point.dist is not None else "an unknown distribution"
    return f"{distribution} ({point.name})"


def _broken(point: EntryPoint, message: str) -> InvalidConfiguration:
    return InvalidConfiguration(
        message, about=f"extension {_title(point)}", expected="repair the wheel, or uninstall it"
    )


def _finding(point: EntryPoint, error: InvalidConfiguration) -> Finding:
    return Finding(subject=f"extension {_title(point)}", text=error.message, blocks=True, remedy=error.remedy)
