"""What can be said of the customer's steps without a plan: names that exist, an order that can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from drconsole.model.custom import CustomStep
from drconsole.model.step import STAGES
from drconsole.planning.references import FORM, Reference, read
from drconsole.settings.source import Source
from drconsole.settings.values import Settings

_ORDER: Mapping[str, int] = {stage: position for position, stage in enumerate(STAGES)}
_KEYS = ("after", "before", "needs")


def check_steps(settings: Settings, source: Source) -> None:
    """Raises InvalidConfiguration at the first mistake, with the line of its key."""
    names: set[str] = set()
    for position, step in enumerate(settings.steps):
        if step.name in names:
            raise source.error(
                ("step", position, "name"), f"{step.name!r} stands twice", "one [[step]] a name"
            )
        names.add(step.name)
    for position, step in enumerate(settings.steps):
        _check_sites(settings, source, position, step)
        _check_names(source, position, step, names)
        _check_stages(source, position, step)
    _check_circles(settings.steps, source)


def _check_sites(settings: Settings, source: Source, position: int, step: CustomStep) -> None:
    for site in step.sites:
        if site not in settings.sites:
            known = ", ".join(sorted(settings.sites)) or "a [site.NAME] of this file"
            raise source.error(("step", position, "site"), f"{site!r} is no site", f"one of {known}")


def _check_names(source: Source, position: int, step: CustomStep, names: set[str]) -> None:
    for key, reference in _references(step):
        if reference.step == step.name:
            raise source.error(("step", position, key), "the step names itself", "another step")
        if reference.step and reference.step not in names:
            raise source.error(
                ("step", position, key), f"{reference.step!r} is no stage and no [[step]]", FORM
            )


def _check_stages(source: Source, position: int, step: CustomStep) -> None:
    """A pattern for stages may mean several: only what is certainly out of order is refused here."""
    behind = [min(stages) for key, stages in _positions(step) if key != "before"]
    ahead = [max(stages) for key, stages in _positions(step) if key == "before"]
    if behind and ahead and max(behind) > min(ahead):
        raise source.error(
            ("step", position, "before"),
            f"it would come after {STAGES[max(behind)]} and before {STAGES[min(ahead)]}",
            f"the order of the stages: {', '.join(STAGES)}",
        )


def _positions(step: CustomStep) -> Iterator[tuple[str, list[int]]]:
    for key, reference in _references(step):
        if not reference.step:
            yield key, [_ORDER[stage] for stage in reference.stages]


def _references(step: CustomStep) -> Iterator[tuple[str, Reference]]:
    for key in _KEYS:
        texts: tuple[str, ...] = getattr(step, key)
        yield from ((key, read(text)) for text in texts)


def _check_circles(steps: Iterable[CustomStep], source: Source) -> None:
    """Follows the names alone; what leads through a plan's own steps is found when it is planned."""
    positions = {step.name: position for position, step in enumerate(steps)}
    before: dict[str, set[str]] = {name: set() for name in positions}
    for step in steps:
        for key, reference in _references(step):
            if reference.step and key == "before":
                before[reference.step].add(step.name)
            elif reference.step:
                before[step.name].add(reference.step)
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        raise source.error(
            ("step", positions[circle[0]], "name"),
            f"steps that wait for each other: {' → '.join(circle)}",
            "an order in which one of them comes first",
        ) from error
