"""Wrong values for a dump: one leaf at a time is changed, taken away, or its whole object is."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from tests.comparer.closure import ARRAYS
from tests.comparer.leaves import Dump, leaves
from tests.comparer.rules import FREE

Step = str | int


def corruptions(dump: Dump, count: int, seed: int) -> Iterator[tuple[str, Dump]]:
    """Yields `count` times what was changed, and a copy of the dump with that one value changed.

    Every leaf of every kind that a recovery sends is as likely; identities that machines make up
    (`rules.FREE`) are left alone, since no value of theirs is wrong.
    """
    chosen = random.Random(seed).sample(list(_places(dump)), count)
    for number, (kind, position, steps) in enumerate(chosen):
        changed = copy.deepcopy(dump)
        holder: Any = changed[kind][position]
        for step in steps[:-1]:
            holder = holder[step]
        holder[steps[-1]] = wrong(holder[steps[-1]], number)
        yield f"{kind}[{dump[kind][position]['path']}] {steps}", changed


def wrong(found: Any, number: int) -> Any:
    """Returns another value of the same type."""
    if isinstance(found, bool):
        return not found
    if isinstance(found, int | float):
        return found + 1 + number
    if isinstance(found, list):
        return found[:-1] if found and number % 2 else [*found, f"corrupted-{number}"]
    if isinstance(found, dict):
        return {"corrupted": number}
    return found[:-1] if found and number % 3 == 0 else f"{found}~"


def leaf_count(dump: Dump) -> int:
    """Returns how many leaves all objects have that a recovery sends."""
    return sum(len(leaves(item)) for kind, items in dump.items() if kind not in ARRAYS for item in items)


def _places(dump: Dump) -> Iterator[tuple[str, int, tuple[Step, ...]]]:
    for kind, items in dump.items():
        for position, item in enumerate(items):
            if kind not in ARRAYS:
                for steps, prop in _steps(item, (), ""):
                    if f"{kind}.{prop}" not in FREE:
                        yield kind, position, steps


def _steps(found: Any, steps: tuple[Step, ...], prop: str) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(found, dict) and found:
        for name, part in found.items():
            if (*steps, name) != ("path",):
                yield from _steps(part, (*steps, name), f"{prop}.{name}" if prop else name)
    elif isinstance(found, list) and found and isinstance(found[0], dict):
        for position, part in enumerate(found):
            yield from _steps(part, (*steps, position), prop)
    else:
        yield steps, prop
