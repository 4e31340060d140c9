"""Figures in words: ages in steps, clock times, durations, sizes."""

from __future__ import annotations

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


def clock(moment: str) -> str:
    """Returns the time of day of a UTC moment, such as 14:00Z; "–" for none."""
    return f"{moment[11:16]}Z" if len(moment) >= 16 else "–"


def seconds_clock(moment: str) -> str:
    """Returns the time of day to the second, such as 14:10:41Z."""
    return f"{moment[11:19]}Z" if len(moment) >= 19 else "–"


def when(moment: str) -> str:
    """Returns day and time of a UTC moment, such as 2026-11-22 14:00Z."""
    return f"{moment[:10]} {clock(moment)}" if len(moment) >= 16 else "–"


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
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short(identity: str) -> str:
    """Returns the beginning of a snapshot's id, as far as one reads it."""
    return identity.removeprefix("sha256:")[:8]


def short_name(name: str) -> str:
    """Returns a host's name without its domain; addresses stay whole."""
    head = name.split(".", 1)[0]
    return name if head.isdigit() or not head else head


def speed(mbit: int) -> str:
    """Returns a link's speed, such as 10G; "" where it is unknown."""
    return f"{mbit // 1000}G" if mbit >= 1000 else f"{mbit}M" if mbit else ""
