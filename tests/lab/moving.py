"""Planned runs that do not go through at once: started, watched from outside, and waited for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.lab.own_lab import OwnLab

View = dict[str, Any]


def begun(lab: OwnLab, mode: str) -> str:
    """Starts a run, leaves it to itself, and returns its name."""
    confirmed = () if mode == "drill" else ("--confirm", "pittsburgh")
    words = ("recover", "pittsburgh", "--mode", mode, *confirmed, "--detach")
    return str(lab.operator.json(*words)["run"])


def shown(lab: OwnLab, run: str) -> View:
    """The run as it is now."""
    view: View = lab.operator.json("run", "show", run)
    return view


def until(lab: OwnLab, run: str, holds: Callable[[View], bool], *, within_s: float = 60) -> View:
    """Waits for something to be so of a run, and returns the run as it is then."""
    end = time.monotonic() + within_s
    while not holds(view := shown(lab, run)):
        assert time.monotonic() < end, {s["key"]: s["state"] for s in view["steps"] if s["state"] != "done"}
        time.sleep(0.1)
    return view


def in_state(*states: str) -> Callable[[View], bool]:
    """Whether a run is in one of these states."""
    return lambda view: view["state"] in states


def step(view: View, key: str) -> View:
    """One step of a run."""
    return next(found for found in view["steps"] if found["key"] == key)


def steps(view: View, ending: str, state: str) -> list[str]:
    """The keys of steps whose verb is this, in a state."""
    return [s["key"] for s in view["steps"] if s["key"].endswith(f"/{ending}") and s["state"] == state]


def power(lab: OwnLab, side: str, name: str) -> str:
    """The power of a guest on a side, "" where it is not registered there."""
    guests = lab.dump(side)["virtualMachine"]
    return next((str(g["power"]) for g in guests if g["path"].rpartition("/")[2] == name), "")
