"""Times as the journal writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """Returns the time in UTC with Z, to the millisecond; such texts sort as they happened."""
    return stamp(datetime.now(UTC))


def stamp(moment: datetime) -> str:
    """Returns a moment as the journal writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def seconds_between(first: str, last: str) -> float:
    """Returns the seconds from one such time to another."""
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
