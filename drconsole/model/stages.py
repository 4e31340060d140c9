"""How a stage stands, from the states of its steps."""

from __future__ import annotations

from collections.abc import Iterable

from drconsole.model.run import StepState

_SHOWN_FIRST: tuple[StepState, ...] = ("running", "failed", "waiting", "cancelled")
"""A stage with a step in one of these states is called so, the first one wins."""


def stage_state(states: Iterable[StepState]) -> StepState:
    """Returns the state of a stage from those of its steps.

    A stage where something failed and nothing moves any more is `failed`; one with a question to an
    operator is `waiting`; one whose every step was given up is `skipped`; an empty one is `done`.
    """
    found = set(states)
    if found <= {"done"}:
        return "done"
    for state in _SHOWN_FIRST:
        if state in found:
            return state
    if "pending" in found:
        return "running" if "done" in found else "pending"
    return "skipped" if found == {"skipped"} else "done"
