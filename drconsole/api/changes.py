"""The difference between two snapshots, as messages carry it."""

from __future__ import annotations

from drconsole.api.values import Change
from drconsole.documents.difference import differences
from drconsole.model.inventory import Snapshot


def changes(old: Snapshot, new: Snapshot) -> tuple[Change, ...]:
    """Returns what differs, by meaning, in the order of `differences`."""
    return tuple(
        Change(
            change=change.sort,
            kind=change.kind,
            id=change.id,
            name=change.name,
            field=".".join(part for part in (change.path, change.field) if part),
            before="" if change.before is None else str(change.before),
            after="" if change.after is None else str(change.after),
            text=change.sentence,
        )
        for change in differences(old, new)
    )
