"""A host's uplinks as they were at a moment of a replay: what its events had told by then. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkState
from drconsole.console.known.following import Following
from drconsole.model.step import step_key

_OVER = "this is a replay: nothing is changed in it"
_WAY: tuple[tuple[str, str, UplinkState], ...] = (
    ("prove", "done", "applied"),
    ("apply", "done", "moving"),
    ("apply", "running", "moving"),
    ("try", "done", "proved"),
    ("try", "running", "trying"),
    ("read", "done", "read"),
)
"""Step and its state → how far a host had come, the furthest first."""


def then(host: HostUplinks, following: Following) -> HostUplinks:
    """Returns a host, whose captured side and target are told, as a replay stands now."""
    facts: Mapping[str, Any] = following.uplinks.get(host.host, {})
    steps = {verb: following.steps.get(step_key("uplinks", host.host, verb)) for verb in _VERBS}
    stopped = next((s for s in steps.values() if s is not None and s.state in ("failed", "waiting")), None)
    states = {verb: step.state for verb, step in steps.items() if step is not None}
    state = next((told for verb, wanted, told in _WAY if states.get(verb) == wanted), "pending")
    if stopped is not None:
        state = "failed" if stopped.state == "failed" else "waiting"
    return replace(
        host,
        state=state,
        now=tuple(_port(port, host) for port in facts.get("now") or ()),
        planned=dict(facts.get("planned") or {}),
        applied=dict(facts.get("applied") or {}),
        why={str(nic): str(text) for nic, text in dict(facts.get("why") or {}).items()},
        unconnected=tuple(map(str, facts.get("unconnected") or ())),
        dropped=tuple(map(str, facts.get("dropped") or ())),
        refused=tuple(map(str, facts.get("refused") or ())),
        trial=str(facts.get("port") or "") if states.get("try") == "done" and state != "applied" else "",
        spent=False,
        trouble=(stopped.error or "") if stopped is not None else "",
        remedy="",
        cannot_apply=_OVER,
        cannot_roll_back=_OVER,
    )


_VERBS = ("read", "plan", "try", "apply", "prove")


def _port(port: Mapping[str, Any], host: HostUplinks) -> UplinkPort:
    """What booted a machine stays so; an event does not tell it."""
    name = str(port.get("name", "?"))
    booted = any(each.name == name and each.booted for each in host.now)
    return UplinkPort(
        name=name, link=bool(port.get("link")), speed_mbit=int(port.get("speed") or 0), booted=booted
    )
