"""Which machines a real run takes away from drills: none while free ones do, else as few as will do.

A drill's machine is taken only where the operator allowed it to be wiped (`may_wipe`): the consent
covers what the drill installed on it. A machine without it is left to its drill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec.structs import replace

from drconsole.model.inventory import Snapshot
from drconsole.model.plan import RoleMatch
from drconsole.model.target import Target
from drconsole.planning.match import Match, match_targets

_HELD = frozenset({"reserved", "leased", "wiping"})


def takeable(targets: Iterable[Target], drills: Collection[str]) -> dict[str, str]:
    """Returns target → drill, of the machines that these drills (names of runs) could lose.

    Those that were only reserved come last: whoever gives machines back one by one keeps them longest.
    """
    held = [t for t in targets if t.run in drills and t.state in _HELD and t.may_wipe and t.hardware]
    held.sort(key=lambda target: (target.state == "reserved", target.name))
    return {target.name: target.run for target in held}


def opened(targets: Iterable[Target], taken: Collection[str]) -> tuple[Target, ...]:
    """Returns the pool with these machines free."""
    return tuple(
        replace(target, state="free", run="", role="", role_kind=None) if target.name in taken else target
        for target in targets
    )


def match_taking(
    snapshot: Snapshot,
    snapshot_id: str,
    targets: Iterable[Target],
    held: Mapping[str, str],
    *,
    segments: Collection[str] = (),
    run: str = "",
) -> tuple[Match, dict[str, str]]:
    """Returns a match, and target → drill of what it takes: the fewest that complete it.

    `held` is what `takeable` gives. The match is incomplete where even all of them do not suffice;
    nothing is taken then.
    """
    pool = tuple(targets)

    def matched(open_ones: Collection[str]) -> Match:
        free = opened(pool, open_ones)
        return match_targets(snapshot, snapshot_id, free, segments=segments, run=run)

    chosen, found = list(held), matched(held)
    if not held or found.missing:
        return matched(()), {}
    for target in held:
        fewer = [name for name in chosen if name != target]
        if not (without := matched(fewer)).missing:
            chosen, found = fewer, without
    used = {role.target for role in found.roles}
    taken = {name: held[name] for name in chosen if name in used}
    roles = tuple(_told(role, taken) for role in found.roles)
    return replace(found, roles=roles), taken


def _told(role: RoleMatch, taken: Mapping[str, str]) -> RoleMatch:
    if role.target not in taken:
        return role
    return replace(role, reason=f"{role.reason}; taken from drill {taken[role.target]}")
