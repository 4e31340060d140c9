"""Figures in words: ages in steps, clock times, durations, sizes."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

_STEPS = (2, 5, 10, 30)


def age(seconds: float | None) -> str:
    """Returns an age in steps that do not flicker: 2 s, 5 s, 10 s, 30 s, then minutes, hours, days."""
    if seconds is None:
        return "never"
    for step in _STEPS:
        if seconds <= step:
            return f"{step}s"
    if seconds < 3600:
        return f"{max(1, round(seconds / 60))} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"


_LOCAL = [False]


def show_local(local: bool) -> None:
    """Shows every time in the local zone from now on, or in UTC again."""
    _LOCAL[0] = local


def is_local() -> bool:
    """Whether times are shown in the local zone."""
    return _LOCAL[0]


def clock(moment: str) -> str:
    """Returns the time of day of a UTC moment, such as 14:00Z, or 15:00L where it is local; "–" for none."""
    found = _told(moment)
    return f"{found[0][11:16]}{found[1]}" if found else "–"


def seconds_clock(moment: str) -> str:
    """Returns the time of day to the second, such as 14:10:41Z."""
    found = _told(moment)
    return f"{found[0][11:19]}{found[1]}" if found and len(moment) >= 19 else "–"


def when(moment: str) -> str:
    """Returns day and time of a UTC moment, such as 2026-11-22 14:00Z."""
    found = _told(moment)
    return f"{found[0][:10]} {found[0][11:16]}{found[1]}" if found else "–"


def _told(moment: str) -> tuple[str, str] | None:
    """A moment in the zone that is shown, and its letter."""
    if len(moment) < 16:
        return None
    if not _LOCAL[0]:
        return moment, "Z"
    try:
        there = datetime.fromisoformat(moment if len(moment) > 16 else f"{moment}:00Z").astimezone()
    except ValueError:
        return moment, "Z"
    return there.isoformat(), "L"


def span(seconds: float | None) -> str:
    """Returns a duration as a clock counts it, such as 6:41 or 1:02:03; "–" for none."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{rest // 60}:{rest % 60:02}"


def minutes(seconds: float) -> str:
    """Returns an estimate, such as 41 min or 50 s."""
    return f"{round(seconds / 60)} min" if seconds >= 90 else f"{seconds:.0f} s"


def gib(mib: float) -> str:
    """Returns MiB as GiB without a unit, such as 256; one digit below 10."""
    value = mib / 1024
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def count(number: int, noun: str) -> str:
    """Returns a number with its noun, such as 1 guest or 3 guests."""
    if number == 1:
        return f"{number} {noun}"
    return f"{number} {noun}es" if noun.endswith(("ch", "s", "x")) else f"{number} {noun}s"


def short(identity: str) -> str:
    """Returns the beginning of a snapshot's id, as far as one reads it."""
    return identity.removeprefix("sha256:")[:8]


def short_name(name: str) -> str:
    """Returns a host's name without its domain; addresses stay whole."""
    head = name.split(".", 1)[0]
    return name if head.isdigit() or not head else head


def step_name(key: str) -> str:
    """Returns a step's key as one reads it: its object by name again, without a domain."""
    stage, _, rest = key.partition("/")
    name, _, verb = rest.partition("/")
    return f"{stage}/{short_name(unquote(name))}/{verb}" if verb else key


def speed(mbit: int) -> str:
    """Returns a link's speed, such as 10G; "" where it is unknown."""
    return f"{mbit // 1000}G" if mbit >= 1000 else f"{mbit}M" if mbit else ""
