"""A host's uplinks in three panes: as captured, on the target now, planned. Pure: values in, lines out.

Captured and planned lie side by side: a switch has the same lines in both, the second one with what it
carries and how far it has come. Where two lines a switch have no room, each has one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from drconsole.api.uplinks import HostUplinks, UplinkPort, UplinkSwitch
from drconsole.console.style.look import Line, Look, Span
from drconsole.console.widgets.drawing import fitted, length_of
from drconsole.console.words import phrases

STATES: Mapping[str, Span] = {
    "pending": ("·", "dim"),
    "read": ("·", "text"),
    "trying": ("▶", "work"),
    "proved": ("●", "ok"),
    "waiting": ("!", "warn"),
    "moving": ("▶", "work"),
    "applied": ("✓", "ok"),
    "failed": ("✗", "bad"),
}
"""Glyph and role of each state of a host's uplinks."""

_LESS = 3
"""So many cells a name keeps at the least, beside its NICs."""


def captured_lines(host: HostUplinks, width: int, look: Look, *, each: int = 2) -> list[Line]:
    """Returns the captured switches, `each` lines for one."""
    lines: list[Line] = []
    for switch in host.captured:
        lines.append([(_arrow(switch.name, switch.nics, width, look), "text")])
        if each > 1:
            lines.append([(f"  {', '.join(switch.carries) or 'carries nothing'}", "dim")])
    return lines or [[("no switch was captured", "dim")]]


def now_lines(host: HostUplinks, width: int, look: Look) -> list[Line]:
    """Returns the target's ports as they were last read."""
    if not host.now:
        return [[("· not read yet", "dim")], [("  once it is installed", "dim")]]
    return [_port(port, host, width, look) for port in host.now]


def planned_lines(host: HostUplinks, width: int, look: Look, *, each: int = 2) -> list[Line]:
    """Returns where each captured switch goes, and how far that has come; beside `captured_lines`."""
    if not host.planned:
        lost = host.state == "failed"
        return [[("✗ nothing is left to try", "bad") if lost else ("· not planned yet", "dim")]]
    lines: list[Line] = []
    for switch in host.captured:
        nics = [host.planned[nic] for nic in switch.nics if nic in host.planned]
        glyph, role = _verdict(switch, host)
        lines.append([(f"{glyph} ", role), (_arrow(switch.name, nics, width - 2, look), role)])
        if each > 1:
            lines.append([(f"  {_progress(switch, host)}", "dim")])
    return lines


def why_lines(host: HostUplinks) -> Iterator[Span]:
    """Yields what there is to say of a host, what an operator has to know first, as whole sentences."""
    if host.trouble:
        yield f"{STATES[host.state][0]} {host.trouble}", STATES[host.state][1]
    if host.spent:
        yield "a tries all of its ports again, what was rolled back too", "text"
    yield from ((f"why: {text}", "text") for text in host.why.values())
    if host.planned and not host.why and not host.dropped:
        yield "every port is as captured", "dim"
    yield from ((f"! no link is left for {role}", "warn") for role in host.unconnected)
    if host.dropped:
        yield f"! no port is left for {', '.join(host.dropped)}", "warn"
    if host.refused:
        yield f"rolled back, not tried again: {', '.join(host.refused)}", "changed"
    if host.trouble and host.remedy:
        yield f"→ {host.remedy}", "text"


def page_lines(host: HostUplinks, width: int, look: Look) -> list[Line]:
    """Returns all that is known of a host, one under the other, for a page of its own."""
    from drconsole.console.widgets.drawing import prose

    glyph, role = STATES[host.state]
    lines: list[Line] = [[(f"{glyph} {host.state}", role), (f"  {host.host} on {host.target}", "title")]]
    lines += [line for text, role in why_lines(host) for line in prose(text, role, width)]
    for title, part in (
        ("as captured", _whole(host.captured)),
        (f"on {host.target} now", now_lines(host, width, look)),
        ("planned", planned_lines(host, width, look)),
        ("applied", _applied(host)),
    ):
        lines += [[], [(title, "dim")], *part]
    for verb, why in (("apply", host.cannot_apply), ("roll back", host.cannot_roll_back)):
        if why:
            lines += [[], *prose(f"{verb} is not possible: {why}", "dim", width)]
    return lines


def changes_of(host: HostUplinks) -> Span:
    """Returns in few words how far a plan is from what was captured."""
    if not host.planned:
        return "–", "dim"
    moved = sum(nic != port for nic, port in host.planned.items()) + len(host.dropped)
    return (f"{phrases.count(moved, 'NIC')} changed", "changed") if moved else ("as captured", "text")


def _whole(switches: Sequence[UplinkSwitch]) -> list[Line]:
    lines: list[Line] = []
    for switch in switches:
        lines.append([(f"{switch.name} ← {', '.join(switch.nics) or 'no NIC'}", "text")])
        lines += [[(f"    {what}", "dim")] for what in switch.carries]
    return lines


def _applied(host: HostUplinks) -> list[Line]:
    if not host.applied:
        return [[("· not yet", "dim")]]
    return [[(f"{nic} → {port}", "text")] for nic, port in host.applied.items()]


def _arrow(name: str, nics: Sequence[str], width: int, look: Look) -> str:
    """A switch and its NICs in so many cells: the NICs stay whole, the name keeps its beginning."""
    for told in (", ".join(nics) or "no NIC", ",".join(nics), f"{nics[0]} +{len(nics) - 1}" if nics else ""):
        text = f"{name} ← {told}"
        if length_of([(text, "text")], look) <= width:
            return text
    room = width - length_of([(f" ← {told}", "text")], look)
    return f"{fitted(name, max(_LESS, room), look)} ← {told}"


def _port(port: UplinkPort, host: HostUplinks, width: int, look: Look) -> Line:
    """A port and its link. Where room is short the speed goes first, then that it booted the machine."""
    if not port.link:
        return [(f"{port.name} ○ no link", "warn")]
    booted: list[Span] = [(" booted", "ok")] if port.booted else []
    speed: list[Span] = [(f" {phrases.speed(port.speed_mbit) or 'link'}", "ok")]
    said: list[Span] = []
    if port.name in (host.trial, *host.refused):
        said = [(" trial", "changed") if port.name == host.trial else (" refused", "warn")]
    name: Span = (f"{port.name} ●", "ok")
    ways: list[Line] = [[name, *speed, *booted, *said], [name, *booted, *said]]
    return next((line for line in ways if length_of(line, look) <= width), [name, *said])


def _verdict(switch: UplinkSwitch, host: HostUplinks) -> Span:
    """As captured or applied so, still to be changed, or without a link."""
    linked = {port.name for port in host.now if port.link or port.booted}
    nics = [host.planned[nic] for nic in switch.nics if nic in host.planned]
    if switch.nics and linked.isdisjoint(nics):
        return "✗", "bad"
    same = all(host.planned.get(nic) == nic for nic in switch.nics)
    if same or (host.applied and all(host.applied.get(nic) == host.planned.get(nic) for nic in switch.nics)):
        return "✓", "text" if same else "changed"
    return "!", "changed"


def _progress(switch: UplinkSwitch, host: HostUplinks) -> str:
    """What has come of a switch's plan, and what it was before where that differs."""
    nics = [host.planned[nic] for nic in switch.nics if nic in host.planned]
    lost = [nic for nic in switch.nics if nic in host.dropped]
    if switch.nics and host.applied:
        done = all(host.applied.get(nic) == host.planned.get(nic) for nic in switch.nics)
        return "✓ applied" if done else "! applied otherwise"
    if host.trial in nics and any(" management" in what for what in switch.carries):
        return "● on trial"
    if lost:
        return f"without {', '.join(lost)}"
    if switch.nics and tuple(nics) == switch.nics:
        return "as captured"
    return "changed, not applied" if switch.nics else "no NIC"
