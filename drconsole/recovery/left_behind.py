"""What a planned run that was given up leaves at the protected site, for an operator to start again."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drconsole.journal.steps import StepRow
from drconsole.planning import keys

_OFF, _TOLD = "shut down at the protected site", "told to shut down at the protected site, perhaps off"
_WORDS = ("off", "suspended")


def shut_down_there(rows: Mapping[str, StepRow]) -> dict[str, str]:
    """Returns the names of the guests that a run shut down at the protected site, sorted, with how they
    stand there: of one that it has only told to shut down nobody knows."""
    mine = (row for key, row in rows.items() if key == keys.shut_down(str(row.step.arguments.get("id", ""))))
    found = {row.step.object: _OFF if row.result else _TOLD for row in mine if _stopped(row)}
    return dict(sorted(found.items()))


def left_text(rows: Mapping[str, StepRow]) -> str:
    """Returns the same as a sentence with what else stands there, "" where the run changed nothing there."""
    guests = shut_down_there(rows)
    said = [
        f"{how}: {', '.join(names)}"
        for how in (_OFF, _TOLD)
        if (names := [name for name, state in guests.items() if state == how])
    ]
    halted = _objects(rows, keys.halted)
    if halted:
        said.append(f"replication is halted for {', '.join(halted)}")
    fenced = _objects(rows, keys.fenced)
    if fenced:
        said.append(f"no host there can write to {', '.join(fenced)} until a cleanup lifts that")
    return "; ".join(said)


def _stopped(row: StepRow) -> bool:
    """Whether the run told it to go down: it ran when it was captured, and the step has begun."""
    if row.result is not None and row.result.get("power") not in _WORDS:
        return False
    return row.attempts > 0 and bool(row.step.arguments.get("ran"))


def _objects(rows: Mapping[str, StepRow], key_of: Callable[[str], str]) -> list[str]:
    return [row.step.object for key, row in rows.items() if row.attempts and key == key_of(row.step.object)]
