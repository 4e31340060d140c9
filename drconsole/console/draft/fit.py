"""How a target fits a role, as an operator reads it."""

from __future__ import annotations

import msgspec

from drconsole.model.target import Target
from drconsole.planning.fit import misfit, tightness, unavailable
from drconsole.planning.roles import Need


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """How a target fits a role: `good`, `tight`, `none`, or `off` where there is no role; and why."""

    word: str
    why: str


OFF = Fit(word="off", why="not deployed; its guests move to other hosts")
LEFT_OUT = Fit(word="off", why="not deployed; what waits for it does so in vain")
OPEN = Fit(word="none", why="no target yet: enter picks one, A matches all")


def fit_of(need: Need, target: Target) -> Fit:
    """Returns how a target fits a role, judged by what was last probed."""
    obstacle = unavailable(target) or misfit(need, target)
    if obstacle:
        return Fit(word="none", why=obstacle)
    tight = tightness(need, target)
    parts = [part for part in (target.segment, tight) if part]
    return Fit(word="tight" if tight else "good", why="; ".join(parts))
