"""What an amendment changes of a run's graph of steps, and what has to be done again for it. Pure.

Both graphs are composed anew by the same code, from the source as it was and as it shall be: what
differs is what the operator changed, never what a newer version would compose otherwise. Steps that
do not differ keep their key, their state, their result, and the value that was frozen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

import msgspec

from drconsole.model.step import Step
from drconsole.planning import graph, keys


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Steps that are new, steps with another value, and the keys of those that are gone."""

    added: tuple[Step, ...] = ()
    changed: tuple[Step, ...] = ()
    vanished: tuple[str, ...] = ()

    @property
    def values(self) -> tuple[Step, ...]:
        """Every step that has to be written."""
        return *self.added, *self.changed


def difference(before: Iterable[Step], after: Iterable[Step]) -> Difference:
    """Returns what differs between two graphs, each in its own order."""
    old = {step.key: step for step in before}
    new = {step.key: step for step in after}
    return Difference(
        added=tuple(step for step in new.values() if step.key not in old),
        changed=tuple(step for step in new.values() if old.get(step.key, step) != step),
        vanished=tuple(key for key in old if key not in new),
    )


def merged(frozen: Sequence[Step], found: Difference) -> tuple[Step, ...]:
    """Returns the frozen graph with a difference applied, in an order that can be carried out.

    Raises Refused where that is no graph any more, such as for a step of the frozen plan alone that
    needs one which is gone.
    """
    gone = set(found.vanished)
    steps = {step.key: step for step in frozen if step.key not in gone}
    return graph.join((steps | {step.key: step for step in found.values}).values())


def done_again(
    frozen: Iterable[Step], amended: Sequence[Step], found: Difference, kept: Collection[str]
) -> frozenset[str]:
    """Returns the keys of the steps whose outcome does not hold any more, done or not.

    These are the new ones, those that are to do something else or elsewhere, and what needs the latter:
    but for what was done on a machine of `kept`, which stands there as before, and for what only waits
    for more than it did. Whether the management server reaches a host is asked of a new one again,
    wherever the host stands.
    """
    old = {step.key: step for step in frozen}
    fresh = {step.key for step in found.changed if step.key in old and _otherwise(old[step.key], step)}
    new = {step.key: step for step in amended}
    followers = _followers(amended)
    queue = list(fresh)
    while queue:
        key = queue.pop()
        for follower in followers[key] - fresh:
            if new[follower].machine not in kept or _asked_of_management(new[follower]):
                fresh.add(follower)
                queue.append(follower)
        if key == keys.MANAGEMENT_DATACENTERS:
            proofs = {step.key for step in amended if _asked_of_management(step)} - fresh
            fresh |= proofs
            queue.extend(proofs)
    return frozenset(fresh | {step.key for step in found.added})


def _otherwise(old: Step, new: Step) -> bool:
    """Whether a step does something else than before: to wait for others, or to ask, is none of that kind.

    One of them was frozen as JSON, which knows no tuples: their arguments are compared as JSON.
    """
    return (old.handler, old.machine) != (new.handler, new.machine) or _told(old) != _told(new)


def _told(step: Step) -> bytes:
    return msgspec.json.encode(step.arguments, order="deterministic")


def _asked_of_management(step: Step) -> bool:
    return step.stage == "uplinks" and step.key == keys.proved(step.object)


def _followers(steps: Iterable[Step]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for step in steps:
        for need in step.needs:
            found[need].add(step.key)
    return found
