"""What a seed holds in store: the runs that are wanted, who is about, and what goes wrong when."""

from __future__ import annotations

from random import Random
from typing import Literal

import msgspec

from drconsole.model.step import Mode

Blow = Literal["kill", "stop"]
Moment = Literal["commit", "act", "time"]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What befalls the runner that is just at work. `count` is the number of the commit or of the
    device's answer after which it strikes, or virtual seconds; `lasts_s` is how long a stop lasts."""

    blow: Blow
    moment: Moment
    count: int
    lasts_s: float = 0.0


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Virtual seconds from the beginning, first and last."""

    first: float
    last: float


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One run. `hosts` and `guests` are counts; `rack` "b" asks for machines of its own; where it is
    `reviewed`, an operator is asked before a host moves to its uplinks for good."""

    run: str
    mode: Mode
    hosts: int
    physical: bool
    rack: Literal["a", "b"]
    begins_s: float
    auto_cleanup: bool
    answered: bool
    reviewed: bool = False


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is decided before the first step. `calm_s`: from then on nothing goes wrong;
    `cleaned`: the first run, where it is a drill, is cleaned up in the end."""

    seed: int
    runs: tuple[Wanted, ...]
    storm: float
    faults: tuple[Fault, ...] = ()
    disk_full: tuple[Window, ...] = ()
    service_gone: tuple[Window, ...] = ()
    more_runners: tuple[float, ...] = ()
    elsewhere: float = 0.0
    operators: int = 2
    mischief: float = 0.0
    calm_s: float = 120.0
    cleaned: bool = False


def drawn(seed: int) -> Scenario:
    """Returns the scenario of a seed."""
    random = Random(f"{seed}/scenario")
    first = msgspec.structs.replace(_wanted(random, "R-1", 0.0), reviewed=_reviewed(seed))
    runs: tuple[Wanted, ...] = (first,)
    if random.random() < 0.25:
        rival = _wanted(random, "R-2", random.choice((0.0, 0.01, random.uniform(0, 60))))
        runs = (first, rival)
    calm = random.uniform(20, 150)
    return Scenario(
        seed=seed,
        runs=runs,
        storm=random.choice((0.0, 0.02, 0.05, 0.1, 0.25)),
        faults=tuple(_fault(random) for _ in range(random.choice((0, 1, 1, 2, 3, 5)))),
        disk_full=tuple(_window(random, calm, 3) for _ in range(random.choice((0, 0, 0, 0, 1, 2)))),
        service_gone=tuple(_window(random, calm, 30) for _ in range(random.choice((0, 0, 1)))),
        more_runners=tuple(random.uniform(0, calm) for _ in range(random.choice((0, 0, 1, 2)))),
        elsewhere=random.choice((0.0, 0.0, 0.5, 1.0)),
        operators=random.choice((1, 2, 2, 3)),
        mischief=random.choice((0.0, 0.0, 0.1, 0.3)),
        calm_s=calm,
        cleaned=random.random() < 0.65,
    )


def _reviewed(seed: int) -> bool:
    """Drawn apart, so that every other seed's story stays as it was."""
    return Random(f"{seed}/review").random() < 0.15


def undisturbed(wanted: Wanted) -> Scenario:
    """Returns the same run in fair weather, alone: what the world should look like afterwards."""
    alone = msgspec.structs.replace(
        wanted, run="R-1", begins_s=0.0, auto_cleanup=False, answered=False, reviewed=False
    )
    return Scenario(seed=0, runs=(alone,), storm=0.0, calm_s=0.0, operators=1)


def _wanted(random: Random, run: str, begins_s: float) -> Wanted:
    return Wanted(
        run=run,
        mode=random.choice(("drill", "drill", "drill", "disaster", "disaster")),
        hosts=random.choice((1, 1, 2, 2, 3)),
        physical=random.random() < 0.3,
        rack=random.choice(("a", "a", "b")) if run != "R-1" else "a",
        begins_s=begins_s,
        auto_cleanup=random.random() < 0.3,
        answered=random.random() < 0.5,
    )


def _fault(random: Random) -> Fault:
    moment: Moment = random.choice(("commit", "commit", "act", "act", "time"))
    most = {"commit": 260, "act": 90, "time": 120}[moment]
    blow: Blow = random.choice(("kill", "kill", "kill", "stop", "stop"))
    lasts = random.choice((0.5, 4.0, 7.0, 8.0, 20.0)) if blow == "stop" else 0.0
    return Fault(blow=blow, moment=moment, count=random.randrange(1, most), lasts_s=lasts)


def _window(random: Random, calm: float, longest: float) -> Window:
    first = random.uniform(0, calm)
    return Window(first=first, last=min(calm, first + random.uniform(0.05, longest)))
