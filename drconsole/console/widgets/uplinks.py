"""A host's uplinks side by side: as captured, on the target now, planned, applied."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

from drconsole.console import phrases
from drconsole.console.look import Look
from drconsole.console.widgets.drawing import Line, Span, fitted


def uplink_lines(facts: dict[str, Any] | None, width: int, look: Look) -> list[Line]:
    """Returns the lines of a host's uplinks from what its events said; `facts` None: nothing yet."""
    if not facts:
        return [[("no uplinks of this machine yet: they are read once it is installed", "dim")]]
    planned, applied = dict(facts.get("planned") or {}), dict(facts.get("applied") or {})
    switches = _switches(facts, planned)
    columns = (
        ("as captured", [(f"{name} ← {_nics(nics)}", "text") for name, nics in switches]),
        ("on the target now", [_port(port) for port in facts.get("now") or ()]),
        ("planned", [_moved(nics, planned) for _, nics in switches]),
        ("applied", [_applied(nics, planned, applied) for _, nics in switches]),
    )
    each = max(12, (width - 3) // 4)
    lines: list[Line] = [[(fitted(title, each, look) + " ", "head") for title, _ in columns]]
    for row in zip_longest(*(cells for _, cells in columns), fillvalue=("", "text")):
        lines.append([(fitted(text, each, look) + " ", role) for text, role in row])
    return [*lines, *_reasons(facts)]


def _switches(facts: dict[str, Any], planned: dict[str, str]) -> list[tuple[str, list[str]]]:
    """The captured switches; NICs of the plan that none of them has belong to distributed ones."""
    found = [
        (str(entry.get("switch", "")), [str(n) for n in entry.get("nics", ())])
        for entry in facts.get("captured") or ()
    ]
    known = {nic for _, nics in found for nic in nics}
    others = [nic for nic in planned if nic not in known]
    return [*found, *([("distributed", others)] if others else [])]


def _nics(nics: list[str]) -> str:
    return ", ".join(nics) or "no NIC"


def _port(port: dict[str, Any]) -> Span:
    name = str(port.get("name", "?"))
    if port.get("link"):
        return f"{name} ● link {phrases.speed(int(port.get('speed') or 0))}", "ok"
    return f"{name} ○ no link", "warn"


def _moved(nics: list[str], planned: dict[str, str]) -> Span:
    there = [planned[nic] for nic in nics if nic in planned]
    changed = any(planned.get(nic, nic) != nic for nic in nics)
    if not there:
        return "○ none", "dim"
    return (f"! ← {_nics(there)} changed", "changed") if changed else (f"✓ ← {_nics(there)}", "text")


def _applied(nics: list[str], planned: dict[str, str], applied: dict[str, str]) -> Span:
    if not applied:
        return "· not yet", "dim"
    there = [applied[nic] for nic in nics if nic in applied]
    as_planned = all(applied.get(nic) == planned.get(nic) for nic in nics)
    return (f"✓ ← {_nics(there)}", "ok") if as_planned else (f"! ← {_nics(there)} otherwise", "warn")


def _reasons(facts: dict[str, Any]) -> list[Line]:
    why: list[Line] = [
        [("why: ", "dim"), (str(text), "text")] for text in dict(facts.get("why") or {}).values()
    ]
    why += [
        [("! ", "warn"), (f"no link is left for {role}", "warn")] for role in facts.get("unconnected") or ()
    ]
    return why
