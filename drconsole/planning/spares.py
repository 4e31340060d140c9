"""Which targets of the pool could take a role in mid-run, and why the others could not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Literal

import msgspec

from drconsole.errors import Refused
from drconsole.model.target import Target
from drconsole.planning.fit import misfit, tightness, unavailable, waste
from drconsole.planning.readiness import SKEW_S
from drconsole.planning.roles import Need


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A target as a spare for one role: how it fits, and why it does or does not."""

    target: str
    fit: Literal["good", "tight", "none"]
    reason: str


def candidates(
    need: Need, targets: Iterable[Target], *, segments: Collection[str] = ()
) -> tuple[Candidate, ...]:
    """Returns every target as a spare: those that fit first, the good ones before the tight ones, of
    these the one with the least waste. What any run has in hand is none, this run's own targets too.
    """
    pool = sorted(targets, key=lambda target: target.name)
    held = {uuid: target.name for target in pool if _taken(target) for uuid in _identity(target)}
    lines = {target.name: _candidate(need, target, segments, held) for target in pool}

    def order(target: Target) -> tuple[int, int, str]:
        fit = lines[target.name].fit
        wasted = waste(need, target) if fit != "none" else 0
        return ("good", "tight", "none").index(fit), wasted, target.name

    return tuple(lines[target.name] for target in sorted(pool, key=order))


def choose(need: Need, found: Iterable[Candidate], by: str = "") -> Candidate:
    """Returns the spare to take: `by` where it is named, else the best.

    Raises Refused where the named one, or none at all, fits, with every reason.
    """
    lines = [line for line in found if by in ("", line.target)]
    fitting = [line for line in lines if line.fit != "none"]
    if fitting:
        return fitting[0]
    told = "; ".join(f"{line.target} {line.reason}" for line in lines) or "the pool has no other target"
    raise Refused(
        f"{f'{by} is no spare' if by else 'no spare fits'} for {need.name} ({need.size()}): {told}",
        about=need.name,
        remedy="name another with --by, or clean a finished run up",
    )


def _candidate(need: Need, target: Target, segments: Collection[str], held: Mapping[str, str]) -> Candidate:
    obstacle = (
        unavailable(target, segments=segments)
        or _alias(target, held)
        or misfit(need, target)
        or _clock(target)
    )
    tight = "" if obstacle else tightness(need, target)
    fit: Literal["good", "tight", "none"] = "none" if obstacle else "tight" if tight else "good"
    return Candidate(target=target.name, fit=fit, reason=obstacle or tight or f"fits; {target.segment}")


def _taken(target: Target) -> bool:
    return target.state not in ("free", "unreachable")


def _identity(target: Target) -> tuple[str, ...]:
    """The machine's SMBIOS UUID; () where its board was never given one."""
    uuid = target.hardware.uuid.lower() if target.hardware else ""
    return (uuid,) if set(uuid) - _UNSET else ()


_UNSET = frozenset("0f-")


def _alias(target: Target, held: Mapping[str, str]) -> str:
    """Leases are by name: one machine under two names could be had twice."""
    others = [held[uuid] for uuid in _identity(target) if held.get(uuid, target.name) != target.name]
    return f"is one machine with {others[0]}, which is taken" if others else ""


def _clock(target: Target) -> str:
    skew = target.hardware.skew_s if target.hardware else 0.0
    return f"its clock is {skew:.0f} s off" if abs(skew) > SKEW_S else ""
