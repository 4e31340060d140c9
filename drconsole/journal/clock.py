"""The one clock of journal and recovery: what they decide by time, they decide by this.

A simulation puts a clock of its own in the place of `time`, and a whole run follows it.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime


def unix() -> float:
    """Returns wall time in Unix seconds: what other processes can compare with theirs."""
    return time.time()


def monotonic() -> float:
    """Returns seconds that only this process understands and that nobody sets back."""
    return time.monotonic()


def now() -> str:
    """Returns the time in UTC with Z, to the millisecond; such texts sort as they happened."""
    return stamp(moment())


def moment() -> datetime:
    """Returns the time in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


def stamp(moment: datetime) -> str:
    """Returns a moment as the journal writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def seconds_between(first: str, last: str) -> float:
    """Returns the seconds from one such time to another."""
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
