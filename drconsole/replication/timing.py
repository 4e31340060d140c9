"""Times as arrays tell them."""

from __future__ import annotations

from datetime import datetime


def seconds_between(earlier: str, later: str) -> float | None:
    """Returns the seconds from one UTC time to another, None where either is no time."""
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except (ValueError, TypeError):
        return None
